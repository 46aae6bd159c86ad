"""Tags that ECR refuses to overwrite because they are immutable, from a client's output. Pure.

Signatures, attestations and build caches write the same tag repeatedly, so they fail at the second push to a
repository with immutable tags: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from deployer.pushing.images import parse_registry
from deployer.settings.cache_names import names_cache

Kind = Literal["signature", "cache", "image"]

_REFUSAL: Final = re.compile(
    r"image tag '(?P<tag>[^']+)' already exists in the '(?P<repository>[^']+)' repository and cannot be overwritten"
    r" because the (?:tag|repository) is immutable",
    re.IGNORECASE,
)
_BAD_REQUEST: Final = re.compile(
    r"PUT request to https://(?P<host>[^/\s]+)/v2/(?P<repository>[a-z0-9._/-]+)/manifests/(?P<tag>\w[\w.-]{0,127})"
    r": 400 ",
    re.ASCII,
)
"""Clients on containerd before 2.0 (buildx, nerdctl, ctr) print no more of the refusal:
https://github.com/docker/buildx/issues/1660."""
_SIGNATURE: Final = re.compile(r"sha256-[0-9a-f]{64}(?:\..+)?")
"""The tags of cosign, and those of referrers in registries without that API:
https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema."""
_CACHE_TAG: Final = re.compile(r"(?:.*[._-])?(?:build-?)?cache(?:[._-].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmutableTag:
    """A tag that a push would have overwritten; not `is_certain` if the client prints only the HTTP status."""

    repository: str
    tag: str
    is_certain: bool = True

    @property
    def kind(self) -> Kind:
        """The kind of artifact, from the names of tag and repository."""
        if _SIGNATURE.fullmatch(self.tag):
            return "signature"
        is_cache = names_cache(self.repository) or _CACHE_TAG.fullmatch(self.tag)
        return "cache" if is_cache else "image"


def immutable_tags_in(output: str) -> Iterator[ImmutableTag]:
    """The tags that ECR refused to overwrite, each once, from a client's output."""
    text = " ".join(output.split())
    found = {(match["repository"], match["tag"]): True for match in _REFUSAL.finditer(text)}
    for match in _BAD_REQUEST.finditer(text):
        if parse_registry(match["host"]):
            found.setdefault((match["repository"], match["tag"]), False)
    for (repository, tag), is_certain in found.items():
        yield ImmutableTag(repository=repository, tag=tag, is_certain=is_certain)

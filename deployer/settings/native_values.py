"""Which settings a repository creation template can contain, and which are set after the creation.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from handler.settings import Encryption, RepositorySettings
from handler.tags import MAX_VALUE_LENGTH, fill
from templates.creation_templates import CreationTemplate

CONSTANT_PLACEHOLDERS = frozenset({"account", "region"})
"""Those that CloudFormation can resolve: they are the same for all repositories of a registry."""
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_LONGEST: Mapping[str, str] = {"account": "0" * 12, "region": "x" * 24}
_SAMPLE: Mapping[str, str] = {"account": "0" * 12, "region": "eu-west-1"}
_KMS_KEY = re.compile(r"arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+")
"""For CreateRepository, an alias is allowed, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Settings that no template can hold, and why."""

    reason: str


def template(
    prefix: str, repository: RepositorySettings, policies: Mapping[str, str]
) -> CreationTemplate | Unsupported:
    """The template that gives the repositories below a prefix their settings; `policies` has the texts by file."""
    if reason := _unsupported_key(repository.encryption):
        return Unsupported(reason=reason)
    return CreationTemplate(
        prefix=prefix,
        image_tag_mutability=repository.image_tag_mutability,
        mutability_exclusions=repository.mutability_exclusions,
        encryption=repository.encryption,
        lifecycle_policy=_text(repository.lifecycle_policy, policies),
        repository_policy=_text(repository.repository_policy, policies),
        tags=tuple(sorted(held(repository.tags).items())),
    )


def held(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that a template can hold."""
    return {key: value for key, value in tags.items() if _is_constant(value)}


def put_afterwards(repository: RepositorySettings, given: Mapping[str, str]) -> Iterator[str]:
    """Keys of settings that the handler puts after ECR created a repository; `given` has the tags of its template."""
    if repository.scan_on_push:
        yield "repository.scan_on_push"
    yield from (f"repository.tags.{key}" for key, value in repository.tags.items() if given.get(key) != value)


def _unsupported_key(encryption: Encryption) -> str | None:
    key = encryption.kms_key
    if key is None or _KMS_KEY.fullmatch(fill(key, _SAMPLE)):
        return None
    return f"creation templates accept the ARN of a KMS key, but not {key}"


def _is_constant(value: str) -> bool:
    names = set(_PLACEHOLDER.findall(value))
    return names <= CONSTANT_PLACEHOLDERS and len(fill(value, _LONGEST)) <= MAX_VALUE_LENGTH


def _text(name: str | None, policies: Mapping[str, str]) -> str | None:
    return None if name is None else policies[name]

"""References to images in private ECR registries, as people and pipelines write them. Pure.

The host forms are those of https://docs.aws.amazon.com/general/latest/gr/ecr.html: classic, FIPS and dual-stack, in the
commercial, China, GovCloud and European partitions; in the isolated ones, those of
https://github.com/awslabs/amazon-ecr-credential-helper. References to other registries are
ignored, as are those to VPC endpoints and emulators.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deployer.errors import DeployerError
from deployer.partitions import partition_of

_HOST: Final = re.compile(
    r"""
    (?P<account>\d{12})\.
    dkr(?P<separator>[.-])ecr(?P<fips>-fips)?\.
    (?P<region>[a-z]{2,}(?:-[a-z]+)+-\d+)\.
    (?P<suffix>[a-z][a-z0-9.-]+)
    (?P<port>:\d{1,5})?
    """,
    re.VERBOSE | re.ASCII,
)
_MISSPELT_HOST: Final = re.compile(
    r"""
    \d+\.(?:dkr[.-]ecr(?:-fips)?|ecr|dkr)\.(?![a-z]+-iso)[a-z0-9-]+\.
    (?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|on\.aws|on\.amazonwebservices\.(?:com\.cn|eu))
    (?::\d+)?
    """,
    re.VERBOSE | re.ASCII,
)
"""A host in a domain of AWS's own that cannot be anything but a registry, and is none. Hosts of VPC endpoints and of
emulators have other forms, as do those of isolated partitions: they are ignored.
"""
_REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}")
"""Includes the plus sign of chart versions, which Helm writes as `_`: https://helm.sh/docs/topics/registries/."""
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_TRANSPORTS: Final = ("docker://", "oci://", "oras://", "https://", "http://")
_ANY_REFERENCE: Final = re.compile(
    r"""
    (?:(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])
    (?::\d+)?/)?
    [a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*
    (?::[A-Za-z0-9_][A-Za-z0-9._+-]{0,127})?
    (?:@[A-Za-z][A-Za-z0-9.+_-]*:[0-9a-fA-F]{32,})?
    """,
    re.VERBOSE | re.ASCII,
)
"""A reference to an image in any registry: https://pkg.go.dev/github.com/distribution/reference."""

NAME_LENGTH: Final = range(2, 257)
"""Characters of a repository name: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html"""


class ImageReferenceError(DeployerError):
    """A reference to an ECR image that no registry would take."""

    exit_code = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A private registry: one account in one region. `host` is as it was written, in lower case."""

    account: str
    region: str
    host: str
    is_fips: bool = False
    is_dual_stack: bool = False

    @property
    def partition(self) -> str:
        """What ARNs of this registry begin with after `arn:`."""
        return partition_of(self.region).name


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """An image in a private registry, by tag, by digest, by both or by neither."""

    registry: Registry
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry.host}/{self.repository}{tag}{digest}"

    @property
    def repository_key(self) -> str:
        """The repository, however its registry's host is written and whatever the tag."""
        return f"{self.registry.account}/{self.registry.region}/{self.repository}"

    @property
    def repository_arn(self) -> str:
        owner = f"{self.registry.region}:{self.registry.account}"
        return f"arn:{self.registry.partition}:ecr:{owner}:repository/{self.repository}"


def parse_registry(host: str) -> Registry | None:
    """The private registry with a host name; None for any other host."""
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return None
    partition, is_dual_stack = partition_of(match["region"]), match["separator"] == "-"
    if match["suffix"] != (partition.dual_stack_registries if is_dual_stack else partition.dns_suffix):
        return None
    return Registry(
        account=match["account"],
        region=match["region"],
        host=host.lower(),
        is_fips=bool(match["fips"]),
        is_dual_stack=is_dual_stack,
    )


def parse_image(text: str) -> ImageReference | None:
    """The ECR image of a reference, with or without a transport as `docker://`; None in any other registry.

    Raises ImageReferenceError for what is no reference, and for one to ECR that no registry would accept.
    """
    reference = _without_transport(text)
    host, slash, rest = reference.partition("/")
    registry = parse_registry(host)
    if registry is None:
        if _MISSPELT_HOST.fullmatch(host.lower()):
            raise ImageReferenceError(
                f"{text}: {host} is not the host name of an ECR registry",
                next_step="Write <12 digits>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>.",
            )
        if not _ANY_REFERENCE.fullmatch(reference):
            raise ImageReferenceError(
                f"{text!r} is not a reference to an image",
                next_step="Write <registry>/<repository>:<tag>; a variable in it may have no value.",
            )
        return None
    if not slash:
        raise ImageReferenceError(f"{text}: names a registry but no repository", next_step="Add /<repository>:<tag>.")
    return _image(text, registry, rest)


def has_registry(text: str) -> bool:
    """Whether a reference, however wrong the rest of it is, names a private ECR registry."""
    return parse_registry(_without_transport(text).partition("/")[0]) is not None


def repository_part(reference: str) -> str:
    """A reference without its tag and digest."""
    named = reference.partition("@")[0]
    start, slash, name = named.rpartition("/")
    return start + slash + name.partition(":")[0]


def familiar_name(reference: str) -> str:
    """A reference with the registry and the tag that stand for themselves if they are left out."""
    host, slash, _ = reference.partition("/")
    if not slash:
        reference = f"docker.io/library/{reference}"
    elif "." not in host and ":" not in host and host != "localhost":
        reference = f"docker.io/{reference}"
    return reference if reference != repository_part(reference) else f"{reference}:latest"


def _image(text: str, registry: Registry, rest: str) -> ImageReference:
    named, at, digest = rest.partition("@")
    repository, colon, tag = named.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _wrong_part(text, "tag", tag)
    if at and not _DIGEST.fullmatch(digest):
        raise _wrong_part(text, "digest", digest)
    if not _REPOSITORY.fullmatch(repository) or len(repository) not in NAME_LENGTH:
        raise ImageReferenceError(
            f"{text}: ECR accepts no repository named {repository!r}",
            next_step="Use 2 to 256 lowercase letters, digits, and single . _ - or / between them.",
        )
    return ImageReference(
        registry=registry, repository=repository, tag=tag.replace("+", "_") or None, digest=digest or None
    )


def _wrong_part(text: str, part: str, value: str) -> ImageReferenceError:
    problem = f"{value} is no {part}" if value else f"the {part} is empty"
    return ImageReferenceError(f"{text}: {problem}", next_step=f"Correct the {part}, or leave it out.")


def _without_transport(text: str) -> str:
    for transport in _TRANSPORTS:
        if text.startswith(transport):
            return text.removeprefix(transport)
    return text

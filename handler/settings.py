"""The one schema of settings: what an OU's files may say, the built-in defaults, and which settings a name gets.

Standard library only, since it travels in the Lambda's zip. `deployer` validates YAML against these classes (pydantic
reads `__pydantic_config__`) and generates the JSON Schema and the reference from them. A field's `metadata` holds what
only people and editors need: `doc`, a sentence, and `example`, a value to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from handler import globs
from handler.layers import Layer, build, merge, overlay

__all__ = [
    "CreateRules",
    "Encryption",
    "EncryptionType",
    "Layer",
    "Limit",
    "NameRules",
    "Namespace",
    "PrincipalRules",
    "RegistrySettings",
    "RepositorySettings",
    "Retention",
    "ScanFrequency",
    "ScanType",
    "Scanning",
    "Settings",
    "TagMutability",
    "Trigger",
    "build",
    "merge",
    "overlay",
    "settings_from",
]

Trigger = Literal["push", "pull"]
TagMutability = Literal["MUTABLE", "IMMUTABLE"]
EncryptionType = Literal["AES256", "KMS", "KMS_DSSE"]
ScanType = Literal["BASIC", "ENHANCED"]
ScanFrequency = Literal["SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"]

_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRules:
    """Globs over repository names: `*` stays within one part of a name, `**` crosses `/`. Deny wins over allow."""

    __pydantic_config__ = _STRICT

    allow: tuple[str, ...] = field(
        default=("**",), metadata={"doc": "Names that may be created.", "example": ["team-*/**"]}
    )
    deny: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Names that are refused; wins over `allow`.",
            "example": ["**/tmp-*"],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalRules:
    """Globs over principal ARNs; an assumed-role session is matched by its role's ARN too. Deny wins over allow.

    Callers of other accounts have to be of this organization besides, unless the settings allow outsiders.
    """

    __pydantic_config__ = _STRICT

    allow: tuple[str, ...] = field(
        default=("*",),
        metadata={
            "doc": "Principals whose push creates a repository.",
            "example": ["arn:aws:iam::*:role/ci-*"],
        },
    )
    deny: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Principals that are refused; wins over `allow`.",
            "example": ["arn:aws:iam::*:user/*"],
        },
    )
    outside_organization: bool = field(
        default=False,
        metadata={
            "doc": "Whether callers of accounts outside the organization may cause a repository, if `allow` and `deny` "
            "let them.",
            "example": True,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many new repositories one account may get."""

    __pydantic_config__ = _STRICT

    per_hour: int | None = field(
        default=None,
        metadata={
            "doc": "New repositories for each account in each clock hour (UTC, of the push); null for no limit. A name "
            "that AWS refuses to create (by an SCP, by a quota) counts, too.",
            "example": 50,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRules:
    """Which not-found events lead to a repository."""

    __pydantic_config__ = _STRICT

    on: tuple[Trigger, ...] = field(
        default=("push",),
        metadata={
            "doc": "What leads to a repository: push; pull, which needs a trail that logs read management events.",
            "example": ["push"],
        },
    )
    names: NameRules = field(default=NameRules(), metadata={"doc": "Names that may and may not be created."})
    principals: PrincipalRules = field(default=PrincipalRules(), metadata={"doc": "Who may and may not cause one."})
    limit: Limit = field(default=Limit(), metadata={"doc": "How many in an hour."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """Encryption at rest; it cannot be changed after the repository was created."""

    __pydantic_config__ = _STRICT

    type: EncryptionType = field(
        default="AES256",
        metadata={"doc": "AES256, KMS or, in AWS GovCloud (US) only, KMS_DSSE (two layers).", "example": "KMS"},
    )
    kms_key: str | None = field(
        default=None,
        metadata={
            "doc": "Key ARN for KMS and KMS_DSSE, `{account}` and `{region}` filled in; null is the key aws/ecr.",
            "example": "arn:aws:kms:{region}:{account}:alias/ecr",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """What a new repository looks like."""

    __pydantic_config__ = _STRICT

    image_tag_mutability: TagMutability = field(
        default="IMMUTABLE",
        metadata={"doc": "Whether a tag may be moved to another image: MUTABLE or IMMUTABLE.", "example": "IMMUTABLE"},
    )
    mutability_exclusions: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Tag filters that the opposite holds for; at most 5, `*` is a wildcard.",
            "example": ["latest"],
        },
    )
    scan_on_push: bool = field(
        default=True, metadata={"doc": "Basic scan of each image that is pushed.", "example": True}
    )
    encryption: Encryption = field(default=Encryption(), metadata={"doc": "Encryption at rest."})
    lifecycle_policy: str | None = field(
        default=None,
        metadata={
            "doc": "File of a lifecycle policy, from config/; 100 to 30,720 characters of JSON.",
            "example": "policies/expire-untagged.json",
        },
    )
    repository_policy: str | None = field(
        default=None,
        metadata={
            "doc": "File of a repository policy, from config/; at most 10,240 characters of JSON.",
            "example": "policies/pull-within-organization.json",
        },
    )
    tags: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "doc": "Tags; values may hold {principal} {account} {account_name} {ou} {region} {repository} "
            "{namespace} {event_time}.",
            "example": {"env": "prod", "pushed-by": "{principal}"},
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Settings for names that match a glob: a part of `repository`, merged over the OU's. The first match wins."""

    __pydantic_config__ = _STRICT

    match: str = field(metadata={"doc": "Glob over repository names.", "example": "scratch/**"})
    repository: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={
            "doc": "Keys of `repository`, merged over it; null resets one to its built-in default.",
            "example": {"image_tag_mutability": "MUTABLE"},
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanning:
    """How a registry scans images. It replaces whatever the registry has, so without a `type` nothing is deployed."""

    __pydantic_config__ = _STRICT

    type: ScanType | None = field(
        default=None,
        metadata={
            "doc": "BASIC, or ENHANCED by Amazon Inspector; null leaves each registry as it is.",
            "example": "BASIC",
        },
    )
    frequency: ScanFrequency = field(
        default="SCAN_ON_PUSH",
        metadata={
            "doc": "SCAN_ON_PUSH, CONTINUOUS_SCAN (ENHANCED only) or MANUAL (BASIC only).",
            "example": "SCAN_ON_PUSH",
        },
    )
    filters: tuple[str, ...] = field(
        default=("*",),
        metadata={
            "doc": "Repositories that it holds for: `*` is any run of characters; one without is found anywhere "
            "in a name.",
            "example": ["prod-*"],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """What holds for a registry, that is an account and region. Deployed by a roll-out; the handler does not use it."""

    __pydantic_config__ = _STRICT

    scanning: Scanning = field(default=Scanning(), metadata={"doc": "How images are scanned."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that holds for one OU or account."""

    __pydantic_config__ = _STRICT

    enabled: bool = field(default=False, metadata={"doc": "Whether accounts here are covered at all.", "example": True})
    regions: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "Regions that are covered.", "example": ["eu-west-1", "us-east-1"]},
    )
    create: CreateRules = field(default=CreateRules(), metadata={"doc": "What leads to a repository."})
    repository: RepositorySettings = field(
        default=RepositorySettings(), metadata={"doc": "What a new repository looks like."}
    )
    namespaces: tuple[Namespace, ...] = field(
        default=(),
        metadata={
            "doc": "Exceptions by name; the first match wins.",
            "example": [{"match": "scratch/**", "repository": {"image_tag_mutability": "MUTABLE"}}],
        },
    )
    registry: RegistrySettings = field(
        default=RegistrySettings(), metadata={"doc": "What holds for each registry, that is account and region."}
    )

    def namespace_for(self, repository: str) -> int | None:
        """Index of the first namespace whose glob the name matches."""
        matching = (i for i, space in enumerate(self.namespaces) if globs.matches_name(space.match, repository))
        return next(matching, None)

    def repository_for(self, repository: str) -> RepositorySettings:
        """What a repository of this name gets: `repository` with the first matching namespace merged over it."""
        index = self.namespace_for(repository)
        return self.repository if index is None else overlay(self.repository, self.namespaces[index].repository)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things are kept, in days; one for the whole installation."""

    __pydantic_config__ = _STRICT

    expiring_records: int = field(
        default=30,
        metadata={
            "doc": "Ledger records of nothing done (`exists`, `ignored`).",
            "example": 30,
        },
    )
    refused: int | None = field(
        default=None,
        metadata={
            "doc": "Ledger records of refusals; null keeps them for good, as `created` and `failed` are kept.",
            "example": 365,
        },
    )
    event_archive: int = field(
        default=30, metadata={"doc": "How far back events can be replayed from the archive.", "example": 30}
    )
    logs: int = field(default=90, metadata={"doc": "The handler's log.", "example": 90})


def settings_from(layers: Iterable[Layer]) -> Settings:
    """The settings that layers say together, from the defaults' down to the account's."""
    return build(Settings, merge(layers))

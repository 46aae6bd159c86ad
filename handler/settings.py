"""The schema of settings: the keys of an OU's file, the built-in defaults, and which settings a repository name gets.

Standard library only, because it is part of the Lambda's zip. `deployer` validates YAML against these classes (pydantic
reads `__pydantic_config__`) and generates the JSON Schema and the reference from them. A field's `metadata` is for
people and editors: `doc`, a sentence, and `example`, a sample value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from handler import globs
from handler.layers import Layer, build, merge, overlay

__all__ = [
    "CreateRules",
    "Encryption",
    "EncryptionType",
    "Engine",
    "Layer",
    "Limit",
    "NameRules",
    "Namespace",
    "NativeRules",
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
    "UnenforcedRule",
    "build",
    "merge",
    "overlay",
    "settings_from",
]

Engine = Literal["handler", "native"]
UnenforcedRule = Literal[
    "create.on",
    "create.principals",
    "create.principals.allow",
    "create.principals.deny",
    "create.principals.outside_organization",
    "create.limit",
    "namespaces",
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

    Callers of other accounts must also be in this organization, unless the settings allow callers from outside.
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
            "doc": "Whether callers from outside the organization may cause a repository, if `allow` and `deny` permit "
            "it.",
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
            "doc": "New repositories for each account and clock hour (UTC, of the push). A name that AWS refuses to "
            "create counts too.",
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
            "doc": "Calls that cause a repository; pull needs a trail that logs read management events.",
            "example": ["push"],
        },
    )
    names: NameRules = field(default=NameRules(), metadata={"doc": "Repository names that may be created."})
    principals: PrincipalRules = field(
        default=PrincipalRules(), metadata={"doc": "Callers that may cause a repository."}
    )
    limit: Limit = field(default=Limit(), metadata={"doc": "The most new repositories in an hour."})


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeRules:
    """What the engine `native` does without: ECR knows prefixes of names, but no principals and no limits."""

    __pydantic_config__ = _STRICT

    unenforced: tuple[UnenforcedRule, ...] = field(
        default=(),
        metadata={
            "doc": "Rules that need not hold for repositories that ECR creates.",
            "example": ["create.principals", "create.limit"],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """Encryption at rest; it cannot be changed after the repository is created."""

    __pydantic_config__ = _STRICT

    type: EncryptionType = field(
        default="AES256",
        metadata={"doc": "KMS_DSSE (two layers) only in AWS GovCloud (US).", "example": "KMS"},
    )
    kms_key: str | None = field(
        default=None,
        metadata={
            "doc": "Key for KMS and KMS_DSSE, `{account}` and `{region}` filled in; null is the key aws/ecr.",
            "example": "arn:aws:kms:{region}:{account}:alias/ecr",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """Settings of a new repository."""

    __pydantic_config__ = _STRICT

    image_tag_mutability: TagMutability = field(
        default="IMMUTABLE",
        metadata={"doc": "Whether a tag may be moved to another image.", "example": "IMMUTABLE"},
    )
    mutability_exclusions: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Tag filters with the opposite mutability; `*` is a wildcard.",
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
            "doc": "Lifecycle policy, a path from config/; 100 to 30,720 characters.",
            "example": "policies/expire-untagged.json",
        },
    )
    repository_policy: str | None = field(
        default=None,
        metadata={
            "doc": "Repository policy, a path from config/; at most 10,240 characters.",
            "example": "policies/pull-within-organization.json",
        },
    )
    tags: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "doc": "Values may hold {principal} {account} {account_name} {ou} {region} {repository} "
            "{namespace} {event_time}.",
            "example": {"env": "prod", "pushed-by": "{principal}"},
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Settings for names that match a glob: a part of `repository`, merged over the OU's. The first match wins."""

    __pydantic_config__ = _STRICT

    match: str = field(metadata={"doc": "Glob over repository names.", "example": "scratch/**"})
    repository: Layer = field(
        default_factory=dict,
        metadata={
            "doc": "Keys of `repository`, merged over it; null resets one to its built-in default.",
            "example": {"image_tag_mutability": "MUTABLE"},
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanning:
    """How a registry scans images. This replaces the registry's configuration; without `type`, nothing is deployed."""

    __pydantic_config__ = _STRICT

    type: ScanType | None = field(
        default=None,
        metadata={
            "doc": "ENHANCED is by Amazon Inspector; null leaves registries as they are.",
            "example": "BASIC",
        },
    )
    frequency: ScanFrequency = field(
        default="SCAN_ON_PUSH",
        metadata={
            "doc": "CONTINUOUS_SCAN only with ENHANCED, MANUAL only with BASIC.",
            "example": "SCAN_ON_PUSH",
        },
    )
    filters: tuple[str, ...] = field(
        default=("*",),
        metadata={
            "doc": "Repositories to scan; `*` crosses `/`, and a filter without `*` matches anywhere in a name.",
            "example": ["prod-*"],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """Settings of a registry (one account and region). A roll-out deploys them; the handler does not use them."""

    __pydantic_config__ = _STRICT

    scanning: Scanning = field(default=Scanning(), metadata={"doc": "How images are scanned."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one OU or account."""

    __pydantic_config__ = _STRICT

    enabled: bool = field(default=False, metadata={"doc": "Whether the OU's accounts are covered.", "example": True})
    regions: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "Regions that are covered.", "example": ["eu-west-1", "us-east-1"]},
    )
    engine: Engine = field(
        default="handler",
        metadata={
            "doc": "What creates repositories: the handler, after the first push fails, or ECR, during it, if a "
            "creation template can hold the name.",
            "example": "native",
        },
    )
    native: NativeRules = field(default=NativeRules(), metadata={"doc": "Rules that the engine native does without."})
    create: CreateRules = field(default=CreateRules(), metadata={"doc": "Which calls cause a repository."})
    repository: RepositorySettings = field(
        default=RepositorySettings(), metadata={"doc": "Settings of new repositories."}
    )
    namespaces: tuple[Namespace, ...] = field(
        default=(),
        metadata={
            "doc": "Exceptions by name; the first match wins.",
            "example": [{"match": "scratch/**", "repository": {"image_tag_mutability": "MUTABLE"}}],
        },
    )
    registry: RegistrySettings = field(
        default=RegistrySettings(), metadata={"doc": "Settings of each registry (one for each account and region)."}
    )

    def namespace_for(self, repository: str) -> int | None:
        """Index of the first namespace whose glob the name matches."""
        matching = (i for i, space in enumerate(self.namespaces) if globs.matches_name(space.match, repository))
        return next(matching, None)

    def repository_for(self, repository: str) -> RepositorySettings:
        """The settings of a repository of this name: `repository` with the first matching namespace merged over it."""
        index = self.namespace_for(repository)
        return self.repository if index is None else overlay(self.repository, self.namespaces[index].repository)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Retention periods in days, for the whole installation."""

    __pydantic_config__ = _STRICT

    expiring_records: int = field(
        default=30,
        metadata={
            "doc": "Records of events that changed nothing (`exists`, `ignored`).",
            "example": 30,
        },
    )
    refused: int | None = field(
        default=None,
        metadata={
            "doc": "Records of refusals; null keeps them forever, like `created` and `failed`.",
            "example": 365,
        },
    )
    observed: int | None = field(
        default=None,
        metadata={
            "doc": "Records of what others created or deleted; null keeps them forever.",
            "example": 730,
        },
    )
    event_archive: int = field(
        default=30, metadata={"doc": "How far back events can be replayed from the archive.", "example": 30}
    )
    logs: int = field(default=90, metadata={"doc": "Logs of the two functions.", "example": 90})


def settings_from(layers: Iterable[Layer]) -> Settings:
    """The settings from all layers, from the defaults down to the account."""
    return build(Settings, merge(layers))

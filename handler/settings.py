"""The one schema of settings: what an OU's files may say, the built-in defaults, and the merge rules.

Standard library only, since it travels in the Lambda's zip. `deployer` validates YAML against these classes (pydantic
reads `__pydantic_config__`) and generates the JSON Schema and the reference from them; a field's `metadata` holds what
only people and editors need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

Trigger = Literal["push", "pull"]
TagMutability = Literal["MUTABLE", "IMMUTABLE"]
EncryptionType = Literal["AES256", "KMS", "KMS_DSSE"]

_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRules:
    """Globs over repository names: `*` stays within one part of a name, `**` crosses `/`. Deny wins over allow."""

    __pydantic_config__ = _STRICT

    allow: tuple[str, ...] = field(default=("**",), metadata={"doc": "Names that may be created."})
    deny: tuple[str, ...] = field(default=(), metadata={"doc": "Names that are refused; wins over `allow`."})


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalRules:
    """Globs over principal ARNs; an assumed-role session is matched by its role's ARN too. Deny wins over allow."""

    __pydantic_config__ = _STRICT

    allow: tuple[str, ...] = field(default=("*",), metadata={"doc": "Principals whose push creates a repository."})
    deny: tuple[str, ...] = field(default=(), metadata={"doc": "Principals that are refused; wins over `allow`."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many new repositories one account may get."""

    __pydantic_config__ = _STRICT

    per_hour: int | None = field(
        default=None, metadata={"doc": "New repositories for each account and clock hour; null for no limit.", "minimum": 1}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRules:
    """Which not-found events lead to a repository."""

    __pydantic_config__ = _STRICT

    on: tuple[Trigger, ...] = field(default=("push",), metadata={"doc": "What leads to a repository: push, pull."})
    names: NameRules = field(default=NameRules())
    principals: PrincipalRules = field(default=PrincipalRules())
    limit: Limit = field(default=Limit())


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """Encryption at rest; it cannot be changed after the repository was created."""

    __pydantic_config__ = _STRICT

    type: EncryptionType = field(default="AES256", metadata={"doc": "AES256, KMS or KMS_DSSE."})
    kms_key: str | None = field(
        default=None,
        metadata={"doc": "Key ARN for KMS and KMS_DSSE, `{account}` and `{region}` filled in; null is the key aws/ecr."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """What a new repository looks like."""

    __pydantic_config__ = _STRICT

    image_tag_mutability: TagMutability = field(default="IMMUTABLE", metadata={"doc": "MUTABLE or IMMUTABLE."})
    mutability_exclusions: tuple[str, ...] = field(
        default=(), metadata={"doc": "Tag filters that the opposite holds for; at most 5, `*` is a wildcard."}
    )
    scan_on_push: bool = field(default=True, metadata={"doc": "Basic scan of each image that is pushed."})
    encryption: Encryption = field(default=Encryption())
    lifecycle_policy: str | None = field(default=None, metadata={"doc": "File of a lifecycle policy, from config/."})
    repository_policy: str | None = field(default=None, metadata={"doc": "File of a repository policy, from config/."})
    tags: Mapping[str, str] = field(default_factory=dict, metadata={"doc": "Tags; values may hold placeholders."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Settings for names that match a glob: a part of `repository`, merged over the OU's. The first match wins."""

    __pydantic_config__ = _STRICT

    match: str = field(metadata={"doc": "Glob over repository names."})
    repository: Mapping[str, Any] = field(default_factory=dict, metadata={"doc": "Keys of `repository`, merged over it."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that holds for one OU or account."""

    __pydantic_config__ = _STRICT

    enabled: bool = field(default=False, metadata={"doc": "Whether accounts here are covered at all."})
    regions: tuple[str, ...] = field(default=(), metadata={"doc": "Regions that are covered."})
    create: CreateRules = field(default=CreateRules())
    repository: RepositorySettings = field(default=RepositorySettings())
    namespaces: tuple[Namespace, ...] = field(default=(), metadata={"doc": "Exceptions by name; the first match wins."})


Layer = Mapping[str, Any]
"""What one file says: a part of `Settings` as plain data; None resets a key to the built-in default."""


def merge(layers: Iterable[Layer]) -> dict[str, Any]:
    """One layer that says what all say together, the nearest last: maps merge, scalars and lists replace, None resets."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if value is None:
                merged.pop(key, None)
            elif isinstance(value, Mapping):
                below = merged.get(key)
                merged[key] = merge([below, value] if isinstance(below, Mapping) else [value])
            else:
                merged[key] = value
    return merged


def build(kind: type[Any], layer: Layer) -> Any:
    """A frozen dataclass of `kind` from plain data that was validated before; what is not said gets its default."""
    hints = get_type_hints(kind)
    known = {item.name for item in fields(kind)}
    return kind(**{key: _value(hints[key], value) for key, value in layer.items() if key in known})


def _value(hint: Any, value: Any) -> Any:
    if is_dataclass(hint):
        return build(hint, value)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in value)
    return value


def settings_from(layers: Iterable[Layer]) -> Settings:
    """The settings that layers say together, from the defaults' down to the account's."""
    settings = build(Settings, merge(layers))
    assert isinstance(settings, Settings)
    return settings

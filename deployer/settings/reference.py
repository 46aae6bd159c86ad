"""The reference of all keys: their values, examples, defaults and meanings, as lists in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from deployer.settings import limits, schema
from deployer.settings.messages import model_in
from deployer.settings.rollout import Rollout
from deployer.settings.yaml_text import flow
from handler.settings import Namespace, Retention, Settings
from templates.notices import Notifications

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_TYPES = {str: "string", bool: "boolean", int: "integer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a key's model does not state."""

    value: str
    default: str
    example: object = None


ORGANIZATION_KEYS: Mapping[str, About] = {
    "organization": About(value="`o-…`", default="none", example="o-exampleorg1"),
    "central.account": About(value="12 digits", default="required", example="200000000001"),
    "central.region": About(value="region", default="required", example="eu-west-1"),
    "prefix": About(value=limits.prefix.text, default="`deployer`", example="deployer"),
    "cleanup": About(value="boolean", default="`false`", example=False),
    "alarms.topic": About(
        value=limits.topic.text, default="none", example="arn:aws:sns:eu-west-1:200000000001:on-call"
    ),
    "tracing": About(value="boolean", default="`false`", example=False),
    "handler.reserved_concurrency": About(value=limits.reserved_concurrency.text, default="none", example=20),
    "ledger.observe": About(value="boolean", default="`true`", example=True),
    "ensure.url": About(value=f"boolean or {limits.function_url.text}", default="`false`", example=True),
    "defaults": About(value="map", default="none", example={"repository": {"scan_on_push": True}}),
}
OU_KEYS: Mapping[str, About] = {
    "ou": About(value="string", default="required, or `id`", example="Workloads/Prod"),
    "id": About(value="`ou-…` or `r-…`", default="none", example="ou-exam-prod0001"),
}
ACCOUNT_KEYS: Mapping[str, About] = {
    "account": About(value="12 digits", default="the file's name", example="300000000003"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One line of the reference."""

    key: str
    value: str
    default: str
    doc: str
    example: object

    def line(self) -> str:
        return f"- `{self.key}`: {self.value_with_default()}. {self.doc}"

    def value_with_default(self) -> str:
        """The value, an example if it has wildcards, placeholders or quotes, and the default in parentheses."""
        example = flow(self.example)
        is_evident = not set('*{%"') & set(example) or f"`{example}`" == self.default
        default = "" if self.default == "none" else f" ({self.default})"
        return self.value + ("" if is_evident else f", as `{example}`") + default


def markdown() -> str:
    """The keys of each file, list by list."""
    intro = "Defaults are in parentheses."
    return f"{intro}\n\n" + "\n\n".join(f"## {title}\n\n{keys}" for title, keys in lists().items()) + "\n"


def lists() -> Mapping[str, str]:
    """A list of keys for each kind of file, and for the settings that all of them may hold."""
    return {
        "organization.yaml": _list(organization_keys()),
        "ous/**/*.yaml": _list(_model_keys(schema.ou_file(), OU_KEYS)),
        "accounts/**/*.yaml": _list(_model_keys(schema.account_file(), ACCOUNT_KEYS)),
        "Settings, in `defaults` and in the files of OUs and accounts": _list(settings_keys(Settings)),
        "Entries of `namespaces`": _list(settings_keys(Namespace, "namespaces[].")),
    }


def settings_keys(kind: type[DataclassInstance], prefix: str = "") -> Iterator[Key]:
    """Every key of a class of the schema, nested ones by their path."""
    hints = get_type_hints(kind)
    for item in fields(kind):
        hint, path = hints[item.name], f"{prefix}{item.name}"
        if is_dataclass(hint) and isinstance(hint, type):
            yield from settings_keys(hint, f"{path}.")
            continue
        rules = [entries.get((kind, item.name)) for entries in (schema.KEYS, schema.EACH, schema.WHOLE)]
        yield Key(
            key=path,
            value=_value(hint, "; ".join(rule.text for rule in rules if rule is not None)),
            default=_default(item),
            doc=item.metadata["doc"],
            example=item.metadata.get("example"),
        )


def _value(hint: object, limit: str) -> str:
    """What a key accepts: of a scalar its limit, which implies the type, or its type."""
    hint = schema.without_none(hint)
    if get_origin(hint) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(hint))
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if is_dataclass(inner):
            return "list of maps"
        text = _value(inner, limit)
        return f"list of lists{text.removeprefix('list')}" if get_origin(inner) is tuple else f"list: {text}"
    origin = get_origin(hint)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"map: {limit}" if limit else "map"
    return limit or _TYPES[hint]


def _default(item: Field[object]) -> str:
    value = item.default
    if value is MISSING:
        value = None if item.default_factory is MISSING else item.default_factory()
        return "required" if value is None else "none"
    if value is None or value == ():
        return "none"
    return f"`{flow(value)}`"


def _list(keys: Iterator[Key]) -> str:
    return "\n".join(key.line() for key in keys)


def organization_keys() -> Iterator[Key]:
    """Keys of organization.yaml; those of its classes are listed at the position of their first word in the model."""
    classes: Mapping[str, type[DataclassInstance]] = {
        "retention": Retention,
        "rollout": Rollout,
        "notifications": Notifications,
    }
    model = schema.organization_file()
    for name in model.model_fields:
        about = {key: entries for key, entries in ORGANIZATION_KEYS.items() if key.split(".")[0] == name}
        yield from settings_keys(classes[name], f"{name}.") if name in classes else _model_keys(model, about)


def _model_keys(model: type[BaseModel], about: Mapping[str, About]) -> Iterator[Key]:
    """Keys that are not settings; `about` has what their model does not state."""
    for path, entries in about.items():
        inner = model
        *parents, name = path.split(".")
        for parent in parents:
            found = model_in(inner.model_fields[parent].annotation)
            assert found is not None, path
            inner = found
        yield Key(
            key=path,
            value=entries.value,
            default=entries.default,
            doc=inner.model_fields[name].description or "",
            example=entries.example,
        )

"""JSON Schema for editors, from the same models that `validate` uses, with the OUs of the organization if known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from deployer.organization import Organization
from deployer.partitions import known_regions
from deployer.settings import schema
from handler.json_values import JsonValue

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Kind(StrEnum):
    """Which config file a schema is for; also the name of the shipped file."""

    ORGANIZATION = "organization"
    OU = "ou"
    ACCOUNT = "account"


def model_of(kind: Kind) -> type[BaseModel]:
    """The model that `validate` checks such a file with."""
    models = {
        Kind.ORGANIZATION: schema.organization_file,
        Kind.OU: schema.ou_file,
        Kind.ACCOUNT: schema.account_file,
    }
    return models[kind]()


def json_schema(kind: Kind, organization: Organization | None = None) -> dict[str, JsonValue]:
    """The schema of one kind of file."""
    document = _without_noise(model_of(kind).model_json_schema(schema_generator=_Generator))
    if organization is not None:
        _list_known(document, kind, organization)
    return {"$schema": DIALECT, **document}


def as_text(document: Mapping[str, object]) -> str:
    """The file's text; stable, so that a test can compare the shipped files with it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """pydantic's, with keys in the order in which people write them."""

    def sort(self, value: JsonValue, parent_key: str | None = None) -> JsonValue:
        return value if parent_key in {None, "properties", "$defs"} else super().sort(value, parent_key)


def _without_noise(value: JsonValue, *, is_properties: bool = False) -> JsonValue:
    """Drop pydantic's titles and null defaults, which editors would show without need."""
    if isinstance(value, list):
        return [_without_noise(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_noise(item, is_properties=key in {"properties", "$defs"})
        for key, item in value.items()
        if is_properties or not (key == "title" or (key == "default" and item is None))
    }


def _list_known(document: dict[str, JsonValue], kind: Kind, organization: Organization) -> None:
    """List the existing OUs, accounts and regions; an OU may be given by path or by id."""
    properties = document["properties"]
    paths = sorted({*organization.ous_by_path, *map(organization.path, organization.ous)})
    ids = sorted(organization.ous)
    if kind is Kind.OU:
        properties["ou"] = _described(properties["ou"], {"enum": [*paths, *ids]})
        properties["id"] = _described(properties["id"], {"enum": ids})
    elif kind is Kind.ACCOUNT:
        properties["account"] = _described(properties["account"], {"enum": sorted(organization.accounts)})
    else:
        properties["organization"] = _described(properties["organization"], {"const": organization.id})
        central = document["$defs"]["Central"]["properties"]
        central["account"] = _described(central["account"], {"enum": sorted(organization.accounts)})
        central["region"] = _described(central["region"], {"enum": sorted(known_regions())})


def _described(known: Mapping[str, JsonValue], allowed: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {"description": known["description"], **allowed}

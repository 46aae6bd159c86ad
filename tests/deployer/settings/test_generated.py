"""What is generated from the schema: the editors' schemas, the reference of keys, the example's snapshot."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from deployer.organization import Organization
from deployer.settings.json_schema import Kind, as_text, json_schema
from deployer.settings.limits import PLACEHOLDERS
from deployer.settings.messages import model_in
from deployer.settings.reference import markdown, organization_keys, settings_keys
from deployer.settings.schema import EACH, KEYS, WHOLE, organization_file
from deployer.settings.yaml_source import parse
from handler.settings import Namespace, Settings
from tests.conftest import Generated
from tests.deployer.settings.layers import layers
from tests.example_organization import EXAMPLE


@pytest.mark.parametrize("kind", Kind)
def test_the_shipped_schemas_are_those_of_the_example_organization(kind: Kind, generated: Generated) -> None:
    generated(f"config/.schema/{kind}.json", as_text(json_schema(kind, EXAMPLE)))


def test_the_shipped_snapshot_is_the_example_organization(generated: Generated) -> None:
    generated("config/snapshot.json", EXAMPLE.to_json())
    assert Organization.from_json(EXAMPLE.to_json()) == EXAMPLE


def _validator(kind: Kind, organization: Organization | None = None) -> Draft202012Validator:
    document = json_schema(kind, organization)
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def test_the_example_files_fit_their_schemas_and_name_them() -> None:
    for kind, pattern in ((Kind.ORGANIZATION, "organization.yaml"), (Kind.OU, "ous/**/*.yaml")):
        validator = _validator(kind, EXAMPLE)
        for file in sorted(Path("config").glob(pattern)):
            text = file.read_text(encoding="utf-8")
            assert list(validator.iter_errors(parse(text, file.name).data)) == []
            modeline = text.splitlines()[0].partition("$schema=")[2]
            assert (file.parent / modeline).resolve() == Path(f"config/.schema/{kind}.json").resolve()


@cache
def _ou_validator() -> Draft202012Validator:
    return _validator(Kind.OU)


@given(layers)
def test_every_valid_layer_fits_the_editors_schema(layer: dict[str, Any]) -> None:
    assert list(_ou_validator().iter_errors({"ou": "A", **layer})) == []


@pytest.mark.parametrize(
    "layer",
    [
        {"enabeld": True},
        {"ou": "Workloads/Prd"},
        {"regions": ["EU"]},
        {"create": {"limit": {"per_hour": 0}}},
        {"create": {"limit": {"per_hour": 10_001}}},
        {"repository": {"image_tag_mutability": "immutable"}},
        {"repository": {"mutability_exclusions": list("abcdef")}},
        {"repository": {"encryption": {"kms_key": "alias/x"}}},
        {"namespaces": [{}]},
        {"registry": {"scanning": {"type": "basic"}}},
        {"registry": {"scanning": {"filters": []}}},
    ],
    ids=str,
)
def test_an_editor_marks_mistakes(layer: dict[str, Any]) -> None:
    assert list(_validator(Kind.OU, EXAMPLE).iter_errors(layer))


def test_the_reference_has_every_key_of_the_schema() -> None:
    def keys(kind: type[Any], prefix: str = "") -> set[str]:
        hints = get_type_hints(kind)
        nested = {item.name for item in fields(kind) if is_dataclass(hints[item.name])}
        plain = {f"{prefix}{item.name}" for item in fields(kind) if item.name not in nested}
        return plain.union(*(keys(hints[name], f"{prefix}{name}.") for name in nested))

    expected = keys(Settings) | keys(Namespace, "namespaces[].")
    assert {key.key for key in (*settings_keys(Settings), *settings_keys(Namespace, "namespaces[]."))} == expected
    page = markdown()
    assert all(f"- `{key}`: " in page for key in expected)


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Keys of a model; `defaults` counts as one key, since its own keys are those of every file."""
    for name, field in model.model_fields.items():
        inner = None if name == "defaults" else model_in(field.annotation)
        yield from _leaves(inner, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]


def test_the_reference_has_every_key_of_organization_yaml() -> None:
    assert [key.key for key in organization_keys()] == list(_leaves(organization_file()))


def test_every_line_of_the_reference_has_a_value_and_a_meaning() -> None:
    lines = [line for line in markdown().splitlines() if line.startswith("- ")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"- `[\w.\[\]]+`: [^ .].*[^ .]\. [A-Z`].*\.", line)] == []


def test_the_reference_names_every_placeholder_of_a_tag() -> None:
    (tags,) = [key.doc for key in settings_keys(Settings) if key.key == "repository.tags"]
    assert re.findall(r"{(\w+)}", tags) == list(PLACEHOLDERS)


def test_every_limit_belongs_to_an_existing_key() -> None:
    for kind, name in (*WHOLE, *EACH, *KEYS):
        assert name in {item.name for item in fields(kind)}


def test_examples_of_the_schema_are_valid() -> None:
    validator = _validator(Kind.OU)
    for key in settings_keys(Settings):
        if key.example is not None:
            layer: Any = json.loads(json.dumps(key.example))
            for part in reversed(key.key.split(".")):
                layer = {part: layer}
            assert list(validator.iter_errors(layer)) == []

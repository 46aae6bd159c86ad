from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.settings import (
    Encryption,
    Layer,
    RepositorySettings,
    Settings,
    build,
    merge,
    overlay,
    settings_from,
)


@pytest.mark.parametrize(
    ("layers", "merged"),
    [
        pytest.param([], {}, id="nothing configured"),
        pytest.param([{"a": 1}, {"a": 2}], {"a": 2}, id="a scalar of the nearer layer replaces the value"),
        pytest.param([{"a": [1, 2]}, {"a": [3]}], {"a": [3]}, id="a list of the nearer layer replaces the list"),
        pytest.param([{"a": {"x": 1, "y": 1}}, {"a": {"y": 2}}], {"a": {"x": 1, "y": 2}}, id="maps merge"),
        pytest.param([{"a": 1}, {"a": None}], {}, id="null resets a key"),
        pytest.param([{"a": {"x": 1}}, {"a": {"x": None}}], {"a": {}}, id="null resets a nested key"),
        pytest.param([{"a": {"x": 1}}, {"a": None}, {"a": {"y": 1}}], {"a": {"y": 1}}, id="null resets a whole map"),
        pytest.param([{"a": {"x": None}}], {"a": {}}, id="null without a value changes nothing"),
    ],
)
def test_merging(layers: list[Layer], merged: Layer) -> None:
    assert merge(layers) == merged


TAGS = st.dictionaries(st.sampled_from("abc"), st.none() | st.text(max_size=2), max_size=3)
REPOSITORY: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "image_tag_mutability": st.sampled_from([None, "MUTABLE", "IMMUTABLE"]),
        "mutability_exclusions": st.none() | st.lists(st.sampled_from(["latest", "v*"]), max_size=2),
        "scan_on_push": st.none() | st.booleans(),
        "encryption": st.none()
        | st.fixed_dictionaries(
            {}, optional={"type": st.sampled_from([None, "KMS"]), "kms_key": st.sampled_from([None, "key"])}
        ),
        "lifecycle_policy": st.sampled_from([None, "a.json"]),
        "tags": st.none() | TAGS,
    },
)
LAYERS = st.lists(st.fixed_dictionaries({}, optional={"repository": st.none() | REPOSITORY}), max_size=4)


@given(below=st.lists(REPOSITORY, max_size=3), above=REPOSITORY)
def test_overlaying_built_settings_equals_merging_layers(below: list[Layer], above: Layer) -> None:
    overlaid = overlay(build(RepositorySettings, merge(below)), above)
    assert overlaid == build(RepositorySettings, merge([*below, above]))


@given(layers=LAYERS, cut=st.integers(min_value=0, max_value=4))
def test_merging_in_two_steps_equals_merging_in_one_unless_something_is_reset(layers: list[Layer], cut: int) -> None:
    assert merge([merge(layers[:cut]), *layers[cut:]]) == merge(layers)


@given(layers=LAYERS)
def test_an_empty_layer_changes_nothing(layers: list[Layer]) -> None:
    assert settings_from([{}, *layers, {}]) == settings_from(layers)


def test_an_unset_key_has_the_built_in_default() -> None:
    assert settings_from([]) == Settings()
    assert settings_from([{"repository": {"encryption": {"type": "KMS"}}}]).repository.encryption == Encryption(
        type="KMS"
    )
    assert settings_from([{"enabled": True}, {"enabled": None}]) == Settings()


def test_nested_lists_become_tuples() -> None:
    said = settings_from([{"regions": ["eu-west-1"], "namespaces": [{"match": "x/**", "repository": {}}]}])
    assert said.regions == ("eu-west-1",)
    assert said.namespaces[0].match == "x/**"


def _all_fields(kind: Any) -> list[Any]:
    inner = [hint for hint in get_type_hints(kind).values() if is_dataclass(hint)]
    return [*fields(kind), *(item for hint in inner for item in _all_fields(hint))]


def test_every_key_has_a_description() -> None:
    assert [item.name for item in _all_fields(Settings) if not item.metadata.get("doc")] == []

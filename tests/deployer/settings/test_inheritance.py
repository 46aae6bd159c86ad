from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.organization import Organization
from deployer.settings.yaml_source import KeyPath
from handler.settings import Settings
from tests.deployer.settings.layers import compiled_from, layers
from tests.deployer.settings.organizations import organizations


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Organization, dict[str, Any]]:
    organization = draw(organizations())
    keys = ["defaults", *organization.ous, *organization.accounts]
    return organization, draw(st.dictionaries(st.sampled_from(keys), layers, max_size=6))


def _naive(chain: list[Mapping[str, Any]]) -> dict[KeyPath, tuple[Any, int]]:
    """For each leaf, the layer that set it last: a layer removes what it replaces or resets, then writes its leaves."""
    known: dict[KeyPath, tuple[Any, int]] = {}
    for number, layer in enumerate(chain):
        for path, value in _flat(layer, ()):
            for other in list(known):
                if other[: len(path)] == path:
                    del known[other]
            if value is not None:
                known[path] = (value, number)
    return known


def _flat(values: Mapping[str, Any], at: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, (*at, key))
        else:
            yield (*at, key), value


def _flat_settings(value: Any, at: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat_settings(inner, (*at, key))
        else:
            yield (*at, key), inner


def _plain(value: Any) -> Any:
    """Data with lists for tuples, and namespaces in full."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value]
        return [{"repository": {}, **item} if isinstance(item, dict) else item for item in items]
    return value


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(_cases(), st.booleans())
def test_effective_settings_and_their_locations_equal_a_naive_reference(
    case: tuple[Organization, dict[str, Any]], by_id: bool
) -> None:
    organization, values = case
    with tempfile.TemporaryDirectory() as folder:
        compiled = compiled_from(Path(folder), organization, values, by_id)
        for account_id in organization.accounts:
            ids = ["defaults", *organization.account_chain(account_id), account_id]
            chain = [id_ for id_ in ids if id_ in values]
            reference = _naive([values[id_] for id_ in chain])
            defaults = dict(_flat_settings(_plain(asdict(Settings()))))
            expected = defaults | {path: _plain(value) for path, (value, _) in reference.items()}
            assert dict(_flat_settings(_plain(asdict(compiled.settings_for_account(account_id))))) == expected
            places = compiled.provenance_for_account(account_id)
            for path, (value, number) in reference.items():
                origin = places.of(path)
                assert origin is not None
                assert Path(origin.file).stem == (chain[number] if chain[number] != "defaults" else "organization")
                line = Path(origin.file).read_text(encoding="utf-8").splitlines()[origin.line - 1]
                begins = line[origin.column - 1 :].rstrip(",")
                assert begins == json.dumps(value) or begins in {"[", "[]", "{"}, (path, line)
                assert json.dumps(path[-1]) in line
            for path in defaults.keys() - reference.keys():
                assert places.of(path) is None

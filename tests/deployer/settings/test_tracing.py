"""Tracing as configured in organization.yaml: only of the handler, with only the permissions that it needs."""

from __future__ import annotations

from typing import Any

import pytest

from deployer import settings
from deployer.planning.synthesis import synthesize
from deployer.settings import InvalidConfigurationError, load
from tests.deployer.settings.conftest import ORGANIZATION, Write
from tests.example_organization import EXAMPLE


def central(write: Write, section: str) -> dict[str, Any]:
    compiled = settings.compile(load(write("organization.yaml", ORGANIZATION + section)), EXAMPLE)
    resources: dict[str, Any] = synthesize(compiled).central.to_dict()["Resources"]
    return resources


def actions_of(role: dict[str, Any]) -> set[str]:
    statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    actions = [statement["Action"] for statement in statements]
    return {action for section in actions for action in ([section] if isinstance(section, str) else section)}


@pytest.mark.parametrize("section", ["", "tracing: false\n", "tracing: null\n"])
def test_without_it_nothing_is_traced_and_no_role_may_trace(write: Write, section: str) -> None:
    resources = central(write, section)
    assert all("TracingConfig" not in one.get("Properties", {}) for one in resources.values())
    assert "xray" not in str(resources)


def test_with_it_the_handler_is_traced_and_the_watch_is_not(write: Write) -> None:
    traced, plain = central(write, "tracing: true\n"), central(write, "")
    assert traced["HandlerFunction"]["Properties"]["TracingConfig"] == {"Mode": "Active"}
    added = actions_of(traced["HandlerRole"]) - actions_of(plain["HandlerRole"])
    assert added == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    changed = {name for name in plain if traced[name] != plain[name]}
    assert changed == {"HandlerFunction", "HandlerRole"}
    assert traced.keys() == plain.keys()


def test_tracing_must_be_true_or_false(write: Write) -> None:
    with pytest.raises(InvalidConfigurationError) as refused:
        load(write("organization.yaml", f"{ORGANIZATION}tracing: Active\n"))
    assert "tracing: " in refused.value.message

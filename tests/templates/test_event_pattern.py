"""Which events the rules forward, by the sandbox's implementation of EventBridge's patterns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_org_sandbox.events.patterns import parse
from templates.event_pattern import forwarded_events
from templates.forwarding import template
from templates.names import Names
from tests.handler.events import load
from tests.handler.events import names as event_names

OBSERVED = ("creation", "deletion")


def is_forwarded(event: Any, *, observe: bool) -> bool:
    return parse(json.dumps(forwarded_events(observe=observe))).matches(event)


@pytest.mark.parametrize("name", event_names())
def test_errors_of_missing_repositories_are_always_forwarded_and_creations_and_deletions_if_observed(name: str) -> None:
    assert is_forwarded(load(name), observe=True)
    assert is_forwarded(load(name), observe=False) is not name.startswith(OBSERVED)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param("creation-by-hand", {"detail.errorCode": "AccessDenied"}, id="a creation that is denied"),
        pytest.param("creation-by-hand", {"detail.eventName": "PutImage"}, id="another call that succeeds"),
        pytest.param("creation-by-hand", {"source": "aws.ecr-public"}, id="another service"),
        pytest.param("creation-by-replication", {"detail.eventName": "ReplicateImage"}, id="a replicated image"),
        pytest.param("push-by-a-role", {"detail.errorCode": "AccessDenied"}, id="a push that is denied"),
    ],
)
def test_nothing_else_is_forwarded(name: str, changes: dict[str, Any]) -> None:
    assert not is_forwarded(load(name, changes), observe=True)


def test_only_the_rule_changes_in_members(names: Names) -> None:
    """So a plan shows that the option changes only the rule in members."""
    on, off = (template(names, observe=observe).to_dict()["Resources"] for observe in (True, False))
    assert [name for name in on if on[name] != off[name]] == ["ForwardingRule"]

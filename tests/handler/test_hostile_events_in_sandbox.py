"""Every hostile event, handled by the real zip: no call outside the account and its regions, nothing lost or forged."""

from __future__ import annotations

import json
from typing import Any

from tests.handler.hostile import CENTRAL, SWITCHED_ON, corpus
from tests.handler.installation import Installed

ENABLED = {"eu-west-1", "us-east-1"}
"""Regions of the account's OU."""
OWN = {"dynamodb", "events", "organizations", "sqs", "sts"}
"""Services that the handler calls with its own role, in the central account."""


def test_invariants_3_4_and_5_hold_against_every_hostile_event(installed: Installed) -> None:
    events = corpus()
    installed.send(*(with_new_id(event, number) for number, event in enumerate(events.values())))

    for call in installed.calls():
        if call.service in OWN | {"logs"}:
            assert call.account == CENTRAL, call
        else:
            assert (call.service, call.account) == ("ecr", SWITCHED_ON), call
            assert call.region in ENABLED, call
        assert CENTRAL not in str(call.parameters.get("RoleArn")), call
    lines = log_lines(installed)
    failed = [line for line in lines if line["outcome"] == "failed"]
    assert len(lines) == len(events), "one line for each event: nothing was retried, nothing forged"
    assert {line["outcome"] for line in lines} <= {"created", "exists", "refused", "ignored", "failed"}
    assert len(installed.failures()) == len(failed)
    for item in installed.items():
        assert all(str(next(iter(value.values()))).isprintable() for value in item.values())


def with_new_id(event: Any, number: int) -> Any:
    """The event with a new id, unless it chooses its id itself."""
    if isinstance(event, dict) and str(event.get("detail", {}).get("eventID")).startswith("0f8e4c6a"):
        event["detail"]["eventID"] = f"hostile-{number}"
    return event


def log_lines(installed: Installed) -> list[dict[str, Any]]:
    """The handler's own lines of the function's log; the rest is Lambda's."""
    logs, group = installed.sandbox.client("logs"), installed.synthesis.names.log_group
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    messages = [event["message"] for page in pages for event in page["events"]]
    assert all(len(message.splitlines()) == 1 and message.isascii() for message in messages)
    return [line for line in map(json.loads, messages) if "outcome" in line]

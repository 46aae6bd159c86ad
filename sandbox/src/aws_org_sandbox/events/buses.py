"""EventBridge: events come in by PutEvents, from AWS services or from another bus, and go to the targets of the rules.

moto keeps buses, rules and targets; everything after an event arrives is done here, because moto drops the
envelope when it forwards, checks no permissions, and fails the caller's call if one target fails.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.events.models import EventBus, EventsBackend, Rule, events_backends

from aws_org_sandbox.events import archives, deliveries, patterns
from aws_org_sandbox.events.targets import Delivery
from aws_org_sandbox.metrics import metrics
from aws_org_sandbox.seams import replace

Event = Mapping[str, Any]


def deliver(event: Event, *, account: str, region: str, bus: str = "default") -> str:
    """Put an event of an AWS service on a bus, and return its id. Missing parts of the envelope are filled in."""
    envelope = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [],
    } | dict(event)
    receive(envelope, account=account, region=region, bus=bus)
    return str(envelope["id"])


def receive(event: Event, *, account: str, region: str, bus: str, forwarded: bool = False) -> None:
    """Archive an event that a bus received and start its deliveries; `forwarded` if a rule of another bus sent it."""
    found = find_bus(account=account, region=region, name=bus)
    if found is None:
        raise LookupError(f"Event bus {bus} does not exist in {account} {region}.")
    archives.store(event, bus=found)
    for rule in _matching(found, event):
        for target in list(rule.targets):
            deliveries.start(_delivery(event, target, rule=rule, forwarded=forwarded))


def find_bus(*, account: str, region: str, name: str) -> EventBus | None:
    """The bus with that name, if it exists."""
    backend: EventsBackend = events_backends[account][region]
    bus: EventBus | None = backend.event_buses.get(name)
    return bus


@replace(Rule, "send_to_targets")
def _send_to_targets(rule: Rule, original_event: Event, transform_input: bool = True) -> None:
    """Receive what moto's own services send: an event for one rule at a time, with its time as a number."""
    del transform_input
    event = {**original_event, "time": _timestamp(original_event.get("time"))}
    for target in list(rule.targets) if _wants(rule, event) else ():
        deliveries.start(_delivery(event, target, rule=rule, forwarded=False))


def _timestamp(value: object) -> str:
    moment = datetime.fromtimestamp(float(value), UTC) if isinstance(value, int | float) else datetime.now(UTC)
    return value if isinstance(value, str) and value else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _matching(bus: EventBus, event: Event) -> Iterator[Rule]:
    """Enabled rules that match the event; a replayed one is sent only to the rules that the replay names."""
    only = event.get("replay-name") and archives.rules_of_replay(event, bus=bus)
    for rule in list(bus.rules.values()):
        if _wants(rule, event) and (not only or rule.arn in only):
            _count(rule)
            yield rule


def _wants(rule: Rule, event: Event) -> bool:
    """Whether a rule is enabled and its pattern matches; rules that EventBridge manages for archives do not."""
    pattern = rule.event_pattern.dump()
    off = rule.managed_by or rule.state == "DISABLED"
    return bool(pattern and not off and patterns.parse(pattern).matches(event))


def _delivery(event: Event, target: Mapping[str, Any], *, rule: Rule, forwarded: bool) -> Delivery:
    return Delivery(
        event=json.loads(json.dumps(event)),
        target=json.loads(json.dumps(target)),
        rule_arn=rule.arn,
        rule_name=rule.name,
        bus_name=rule.event_bus_name,
        account=rule.account_id,
        region=rule.region_name,
        forwarded=forwarded,
    )


def _count(rule: Rule) -> None:
    dimensions = {
        "AccountId": rule.account_id,
        "Region": rule.region_name,
        "EventBusName": rule.event_bus_name,
        "RuleName": rule.name,
    }
    for name in ("MatchedEvents", "TriggeredRules"):
        metrics.count("AWS/Events", name, dimensions)

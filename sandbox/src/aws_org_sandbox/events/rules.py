"""Checks of rules, targets and events that EventBridge's API makes and moto does not."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventBus, EventPattern, EventPatternParser, EventsBackend, Rule
from moto.utilities.arns import parse_arn

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.events import buses, patterns, schedules
from aws_org_sandbox.events.inputs import SHAPING_KEYS
from aws_org_sandbox.events.operators import PatternError
from aws_org_sandbox.events.targets import is_supported
from aws_org_sandbox.seams import answers, original, replace

MAX_TARGETS = 5
SUPPORT_ROLES = frozenset({"events", "sns"})
"""Services of targets that may have a role."""
MAX_ENTRIES = 10
MAX_ENTRY_BYTES = 256 * 1024
_BUS_ARN = re.compile(r"arn:aws[a-z-]*:events:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):event-bus/(?P<name>.+)")


@replace(EventPatternParser, "parse")
def _parse(parser: EventPatternParser) -> dict[str, Any]:
    """Refuse a pattern that EventBridge refuses; moto treats an unknown operator as one that matches everything."""
    if not parser.pattern:
        return {}
    try:
        patterns.parse(parser.pattern)
    except PatternError as error:
        raise InvalidEventPatternException(reason=str(error)) from error
    pattern: dict[str, Any] = json.loads(parser.pattern)
    return pattern


@replace(EventPattern, "matches_event")
def _matches_event(pattern: EventPattern, event: Mapping[str, Any]) -> bool:
    text = pattern.dump()
    return not text or patterns.parse(text).matches(event)


@answers("events", "TestEventPattern")
def test_event_pattern(call: Call) -> Mapping[str, Any]:
    """Report whether a pattern matches an event; moto does not have this call."""
    try:
        event = json.loads(call.parameters["Event"])
        return {"Result": patterns.parse(call.parameters["EventPattern"]).matches(event)}
    except PatternError as error:
        raise Refused("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from error
    except json.JSONDecodeError as error:
        raise Refused("ValidationException", "Parameter Event is not valid. Reason: it is no JSON.") from error


@replace(EventsBackend, "put_rule")
def _put_rule(backend: EventsBackend, name: str, *, scheduled_expression: str | None = None, **rule: Any) -> Rule:
    """Refuse a schedule that EventBridge refuses: moto accepts any number, even zero, with any unit."""
    if scheduled_expression and not schedules.is_readable(scheduled_expression):
        raise Refused("ValidationException", "Parameter ScheduleExpression is not valid.")
    put = original(EventsBackend, "put_rule")
    made: Rule = put(backend, name, scheduled_expression=scheduled_expression, **rule)
    return made


@replace(Rule, "put_targets")
def _put_targets(rule: Rule, targets: Sequence[Mapping[str, Any]]) -> None:
    for target in targets:
        _check_target(rule, target)
    requested = [target["Id"] for target in targets]
    if len(set(requested)) != len(requested):
        raise Refused("ValidationException", "Duplicate target ids are not allowed.")
    ids = {target["Id"] for target in [*rule.targets, *targets]}
    if len(ids) > MAX_TARGETS and not rule.managed_by:
        raise Refused("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    original(Rule, "put_targets")(rule, list(targets))


def _check_target(rule: Rule, target: Mapping[str, Any]) -> None:
    """Refuse what AWS refuses, and any type of target that the sandbox cannot deliver to."""
    if rule.managed_by:
        return
    arn = parse_arn(target["Arn"])
    if not is_supported(arn.service) or (arn.service == "events" and arn.resource_type != "event-bus"):
        raise _invalid(f"the sandbox does not deliver to targets of {arn.service}: {target['Arn']}")
    if arn.service == "events":
        _check_bus_target(rule, target, account=arn.account)
    elif arn.account != rule.account_id or arn.region != rule.region_name:
        raise _invalid(f"Provided Arn is not in the account and region of the rule: {target['Arn']}")
    if target.get("RoleArn") and arn.service not in SUPPORT_ROLES:
        raise _invalid(f"the sandbox does not deliver with a role to targets of {arn.service}: {target['Arn']}")
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue and (":sqs:" not in queue or queue.endswith(".fifo") or parse_arn(queue).region != rule.region_name):
        raise _invalid(f"DeadLetterConfig.Arn must be a standard SQS queue in {rule.region_name}: {queue}")


def _check_bus_target(rule: Rule, target: Mapping[str, Any], *, account: str) -> None:
    if not target.get("RoleArn"):
        raise Refused("ValidationException", f"RoleArn is required for target {target['Arn']}.")
    if parse_arn(target["RoleArn"]).account != rule.account_id:
        raise Refused("ValidationException", f"Cross-account pass role is not allowed: {target['RoleArn']}.")
    shaping = [key for key in SHAPING_KEYS if key in target]
    if shaping and account != rule.account_id:
        raise _invalid(f"{shaping[0]} is not available for an event bus of a different account")


def _invalid(reason: str) -> Refused:
    return Refused("ValidationException", f"Parameter Targets is not valid. Reason: {reason}")


@replace(EventsBackend, "create_event_bus")
def _create_event_bus(backend: EventsBackend, name: str, *rest: Any, **more: Any) -> EventBus:
    """Refuse a name that is reserved for partner event buses."""
    if name.startswith("aws.") and not (rest or more.get("event_source_name")):
        raise Refused("ValidationException", f"Event bus name {name} must not start with 'aws.'.")
    created: EventBus = original(EventsBackend, "create_event_bus")(backend, name, *rest, **more)
    return created


@replace(EventsBackend, "delete_event_bus")
def _delete_event_bus(backend: EventsBackend, name: str) -> None:
    """Refuse a bus that has rules; those that EventBridge manages for archives are deleted with it."""
    bus = backend.event_buses.get(name)
    if bus and any(not rule.managed_by for rule in bus.rules.values()):
        raise Refused("ValidationException", f"Event bus {name} cannot be deleted: it has rules.")
    original(EventsBackend, "delete_event_bus")(backend, name)


@answers("events", "PutEvents")
def put_events(call: Call) -> Mapping[str, Any]:
    """Accept events from a caller; a refused entry does not affect the others."""
    entries = call.parameters["Entries"]
    if not 0 < len(entries) <= MAX_ENTRIES:
        raise Refused(
            "ValidationException",
            f"1 validation error detected: Value at 'entries' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_ENTRIES}",
        )
    results = [_put_event(entry, call=call) for entry in entries]
    return {"Entries": results, "FailedEntryCount": sum("ErrorCode" in result for result in results)}


def _put_event(entry: Mapping[str, Any], *, call: Call) -> dict[str, str]:
    try:
        return {"EventId": _accept(entry, call=call)}
    except Refused as refused:
        return {"ErrorCode": refused.code, "ErrorMessage": refused.message}


def _accept(entry: Mapping[str, Any], *, call: Call) -> str:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            raise Refused("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")
    if entry["Source"].startswith("aws."):
        raise Refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    if _size(entry) > MAX_ENTRY_BYTES:
        raise Refused("InvalidArgument", "Total size of the entries in the request is over the limit.")
    account, region, name = _addressed_bus(entry, call=call)
    event = {
        "id": str(uuid.uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": call.account,
        "time": _time(entry.get("Time")),
        "region": call.region,
        "resources": list(entry.get("Resources") or ()),
        "detail": _detail(entry["Detail"]),
    }
    return buses.deliver(event, account=account, region=region, bus=name)


def _size(entry: Mapping[str, Any]) -> int:
    """Bytes of an entry as EventBridge counts them: 14 for the time, the rest as UTF-8."""
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *(entry.get("Resources") or ())]
    return sum(len(text.encode()) for text in texts) + (14 if entry.get("Time") else 0)


def _detail(text: str) -> dict[str, Any]:
    try:
        detail = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused("MalformedDetail", "Detail is malformed.") from error
    if not isinstance(detail, dict):
        raise Refused("MalformedDetail", "Detail is malformed.")
    return detail


def _time(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.now(UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _addressed_bus(entry: Mapping[str, Any], *, call: Call) -> tuple[str, str, str]:
    """Account, region and name of the bus; the gate has already checked the bus's policy."""
    text = entry.get("EventBusName") or "default"
    arn = _BUS_ARN.fullmatch(text)
    account, region, name = (arn["account"], arn["region"], arn["name"]) if arn else (call.account, call.region, text)
    bus = buses.find_bus(account=account, region=region, name=name) if region == call.region else None
    if bus is None:
        raise Refused("ResourceNotFoundException", f"Event bus {name} does not exist.")
    return account, region, name

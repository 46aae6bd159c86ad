"""Fixes for gaps and errors in moto's services that affect these resource types and no other module covers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.events.models import EventBus, EventBusPolicyStatement, events_backends
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogGroup, LogsBackend, LogStream, logs_backends
from moto.s3.exceptions import InvalidBucketName
from moto.s3.models import FakeBucket, S3Backend

from aws_org_sandbox import deleted_names
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.iam.documents import policy_error
from aws_org_sandbox.seams import answers, original, replace

RETENTIONS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""Days; https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html."""


KEPT_LOG_EVENTS = 10_000
"""Of one log stream."""

MAX_BUS_POLICY_LENGTH = 10_240
"""Characters; https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""


@answers("events", "UpdateEventBus")
def update_event_bus(call: Call) -> Mapping[str, Any]:
    """Change a bus, which moto cannot do."""
    name = str(call.parameters.get("Name") or "default")
    bus = events_backends[call.account][call.region].event_buses.get(name)
    if bus is None:
        raise Refused("ResourceNotFoundException", f"Event bus {name} does not exist.")
    if "Description" in call.parameters:
        bus.description = call.parameters["Description"] or None
    return {"Arn": bus.arn, "Name": bus.name, "Description": bus.description}


@replace(EventBus, "add_policy")
def _put_policy(bus: EventBus, policy: dict[str, Any]) -> None:
    """PutPermission with a policy replaces the bus's whole policy; moto drops statements by their principal."""
    _check_bus_policy(policy)
    bus.remove_statements()
    for statement in policy["Statement"]:
        bus._statements[statement["Sid"]] = EventBusPolicyStatement.from_dict(statement)


def _check_bus_policy(policy: Mapping[str, Any]) -> None:
    found = policy_error(policy, about=lambda _: True, service="events")
    if found is None and not all(statement.get("Sid") for statement in policy["Statement"]):
        found = "Sid is required"
    if found is not None:
        raise Refused("ValidationException", f"Parameter Policy is not valid. Reason: {found}")
    if len(json.dumps(policy, separators=(",", ":"))) > MAX_BUS_POLICY_LENGTH:
        raise Refused("PolicyLengthExceededException", f"The policy is longer than {MAX_BUS_POLICY_LENGTH} characters.")


@replace(MetricFilters, "add_filter")
def _put_filter(
    filters: MetricFilters,
    filter_name: str,
    filter_pattern: str,
    log_group_name: str,
    metric_transformations: str,
) -> None:
    """PutMetricFilter creates or updates; moto adds a second one with the same name."""
    filters.delete_filter(filter_name, log_group_name)
    add = original(MetricFilters, "add_filter")
    add(filters, filter_name, filter_pattern, log_group_name, metric_transformations)


@answers("logs", "AssociateKmsKey")
def associate_kms_key(call: Call) -> Mapping[str, Any]:
    """Encrypt a log group with a key, which moto cannot do for an existing group."""
    _log_group(call).kms_key_id = str(call.parameters["kmsKeyId"])
    return {}


@answers("logs", "DisassociateKmsKey")
def disassociate_kms_key(call: Call) -> Mapping[str, Any]:
    """Encrypt a log group with an AWS owned key again."""
    _log_group(call).kms_key_id = None
    return {}


def _log_group(call: Call) -> LogGroup:
    group = logs_backends[call.account][call.region].groups.get(str(call.parameters.get("logGroupName")))
    if group is None:
        raise Refused("ResourceNotFoundException", "The specified log group does not exist.")
    return group


@replace(LogsBackend, "put_retention_policy")
def _put_retention_policy(backend: LogsBackend, log_group_name: str, retention_in_days: Any) -> None:
    """CloudWatch Logs accepts only certain numbers of days; moto accepts any."""
    if int(retention_in_days) not in RETENTIONS:
        days = ", ".join(map(str, sorted(RETENTIONS)))
        raise Refused(
            "InvalidParameterException",
            f"1 validation error detected: Value '{retention_in_days}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{days}]",
        )
    original(LogsBackend, "put_retention_policy")(backend, log_group_name, retention_in_days)


@replace(LogStream, "put_log_events")
def _put_log_events(stream: LogStream, log_events: list[dict[str, Any]]) -> str:
    """Keep the latest events of a stream: a sandbox may run for days, and the oldest would only fill its memory."""
    token: str = original(LogStream, "put_log_events")(stream, log_events)
    del stream.events[:-KEPT_LOG_EVENTS]
    return token


_BUCKET_NAME = re.compile(
    r"(?!.*\.\.)(?!xn--|sthree-|amzn-s3-demo-)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""


@replace(S3Backend, "create_bucket")
def _create_bucket(backend: S3Backend, bucket_name: str, *rest: Any, **more: Any) -> FakeBucket:
    """S3 accepts only certain names; moto checks the length."""
    if not _BUCKET_NAME.fullmatch(bucket_name) or bucket_name.endswith(_RESERVED_ENDS):
        raise InvalidBucketName
    deleted_names.check_bucket(bucket_name)
    made: FakeBucket = original(S3Backend, "create_bucket")(backend, bucket_name, *rest, **more)
    return made

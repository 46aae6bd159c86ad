"""Canaries: what moto does that makes `gaps` necessary. If one fails, its gap can be removed, or has changed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.events.models import EventBus, events_backends
from moto.events.responses import EventsHandler
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogsBackend, logs_backends
from moto.s3.models import S3Backend, s3_backends

from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original
from sandbox.tests.stacks import HOME, MEMBER


def statement(sid: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "*"}


def test_moto_cannot_update_an_event_bus() -> None:
    assert not hasattr(EventsHandler, "update_event_bus")


def test_moto_replaces_statements_by_principal(sandbox: Sandbox) -> None:
    sandbox.client("events", account=MEMBER).create_event_bus(Name="bus")
    bus = events_backends[MEMBER][HOME].event_buses["bus"]
    put = original(EventBus, "add_policy")
    put(bus, {"Statement": [statement("one")]})
    put(bus, {"Statement": [{**statement("two"), "Principal": {"AWS": MEMBER}}]})
    assert set(bus._statements) == {"one", "two"}
    put(bus, {"Statement": [statement("three")]})
    assert set(bus._statements) == {"two", "three"}


def test_moto_adds_a_second_metric_filter_with_the_same_name(sandbox: Sandbox) -> None:
    filters = MetricFilters()
    for pattern in ("a", "b"):
        original(MetricFilters, "add_filter")(filters, "name", pattern, "group", [])
    assert len(filters.metric_filters) == 2


def test_moto_accepts_any_retention_period(sandbox: Sandbox) -> None:
    sandbox.client("logs", account=MEMBER).create_log_group(logGroupName="group")
    backend = logs_backends[MEMBER][HOME]
    original(LogsBackend, "put_retention_policy")(backend, "group", 31)
    assert backend.groups["group"].retention_in_days == 31


def test_a_missing_bus_is_not_updated(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="Event bus none does not exist"):
        sandbox.client("events", account=MEMBER).update_event_bus(Name="none", Description="x")


@pytest.mark.parametrize("name", ["Capital", "under_score", "two..dots", "192.168.5.4", "-first", "last-", "a-s3alias"])
def test_an_invalid_bucket_name_is_refused(sandbox: Sandbox, name: str) -> None:
    location: Any = {"LocationConstraint": HOME}
    with pytest.raises(ClientError) as refused:
        sandbox.client("s3", account=MEMBER).create_bucket(Bucket=name, CreateBucketConfiguration=location)
    assert refused.value.response["Error"]["Code"] == "InvalidBucketName"


def test_moto_checks_only_the_length_of_a_bucket_name(sandbox: Sandbox) -> None:
    original(S3Backend, "create_bucket")(s3_backends[MEMBER]["aws"], "Under_Score", HOME)
    assert "Under_Score" in s3_backends[MEMBER]["aws"].buckets

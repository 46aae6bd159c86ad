"""Metric filters match the log lines of the handler."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler import reasons
from handler.creation import Conclusion
from handler.events import FailedCall
from handler.log import line
from handler.ports import Repository
from handler.recording import Attempt, log_fields
from tests.templates.reading import Templates, resources

PUSHED = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)

CALL = FailedCall(
    account="300000000001",
    region="us-east-1",
    repository="team-a/api",
    registry_id=None,
    recipient_account="300000000001",
    event_region="us-east-1",
    event_name="InitiateLayerUpload",
    event_id="0d9ae3c2-6f4e-4b0f-9f43-6f2f1c1a2b3c",
    envelope_id="11111111-2222-3333-4444-555555555555",
    event_time=PUSHED,
    principal="arn:aws:sts::300000000001:assumed-role/ci-build/run-1",
    role_arn="arn:aws:iam::300000000001:role/ci-build",
    source_ip="192.0.2.1",
    user_agent="skopeo/1.9.3",
)

CREATED = Conclusion(
    outcome="created",
    reason=reasons.CREATED,
    repository=Repository(arn="arn:aws:ecr:us-east-1:300000000001:repository/team-a/api", created_at=PUSHED),
)
REFUSED = Conclusion(outcome="refused", reason=reasons.NAME_DENIED)
FAILED = Conclusion(outcome="failed", reason=reasons.ACCESS_DENIED)
IGNORED = Conclusion(outcome="ignored", reason=reasons.NOT_A_PUSH)


WATCHED = {
    "timestamp": "2026-11-23T08:00:00.000+00:00",
    "outcome": "watched",
    "queues": 7,
    "waiting": 3,
    "unreadable": 2,
}
"""As `handler.watch` writes it; tests/handler/test_watch.py holds it to that."""

INSPECTED = {
    "timestamp": "2026-11-23T08:00:00.000+00:00",
    "outcome": "inspected",
    "damaged": 5,
    "unread": 4,
    "failed_templates": 6,
}
"""As `handler.daily_inspection` writes it; tests/handler/test_watch.py holds it to that, too."""


def logged(conclusion: Conclusion) -> dict[str, Any]:
    """The event that CloudWatch Logs receives."""
    attempt = Attempt(event={}, request_id="request", received_at=PUSHED)
    fields: dict[str, Any] = json.loads(line(log_fields(CALL, attempt, written_at=PUSHED, conclusion=conclusion)))
    return fields


def matches(pattern: str, fields: dict[str, Any]) -> bool:
    """The part of CloudWatch's pattern language that the filters use: `{ $.a = "text" && $.b = * }`."""
    terms = pattern.strip("{} ").split(" && ")
    for term in terms:
        found = re.fullmatch(r'\$\.(\w+) = (?:"(\w+)"|(\*))', term)
        assert found, f"not understood: {term}"
        key, text, _anything = found.groups()
        if key not in fields or (text is not None and fields[key] != text):
            return False
    return True


@pytest.fixture
def filters(templates: Templates) -> dict[str, dict[str, Any]]:
    return {
        resource["Properties"]["FilterName"]: resource["Properties"]
        for resource in resources(templates["central"]).values()
        if resource["Type"] == "AWS::Logs::MetricFilter"
    }


@pytest.mark.parametrize(
    ("conclusion", "counted"),
    [
        pytest.param(CREATED, {"Created", "TimeToRepository"}, id="a repository counts, with its time"),
        pytest.param(
            replace(CREATED, repository=None),
            {"Created"},
            id="a repository that an earlier attempt created has no time",
        ),
        pytest.param(REFUSED, {"Refused", "Refusals"}, id="a refusal"),
        pytest.param(FAILED, {"Failed"}, id="a failure"),
        pytest.param(IGNORED, set(), id="an ignored call counts nowhere"),
    ],
)
def test_each_line_counts_in_its_own_metric(
    conclusion: Conclusion, counted: set[str], filters: dict[str, dict[str, Any]]
) -> None:
    fields = logged(conclusion)
    assert {name for name, filter_ in filters.items() if matches(filter_["FilterPattern"], fields)} == counted


@pytest.mark.parametrize("conclusion", [REFUSED, FAILED], ids=["refused", "failed"])
def test_refusals_and_failures_are_counted_by_their_reason(
    conclusion: Conclusion, filters: dict[str, dict[str, Any]]
) -> None:
    (transformation,) = filters[conclusion.outcome.capitalize()]["MetricTransformations"]
    assert transformation["Dimensions"] == [{"Key": "Reason", "Value": "$.reason"}]
    assert logged(conclusion)["reason"] == conclusion.reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("DeadLetters", 3, id="waiting messages in members"),
        pytest.param("UnreadableQueues", 2, id="queues that cannot be read"),
        pytest.param("DamagedResources", 5, id="accounts and regions with damaged resources"),
        pytest.param("UnreadResources", 4, id="accounts and regions whose resources cannot be read"),
        pytest.param("FailedCreationTemplates", 6, id="accounts and regions without the templates of their OU"),
    ],
)
def test_the_watchs_line_is_measured(name: str, value: int, filters: dict[str, dict[str, Any]]) -> None:
    (transformation,) = filters[name]["MetricTransformations"]
    assert (WATCHED | INSPECTED)[transformation["MetricValue"].removeprefix("$.")] == value


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (WATCHED, {"DeadLetters", "UnreadableQueues"}),
        (INSPECTED, {"DamagedResources", "UnreadResources", "FailedCreationTemplates"}),
    ],
    ids=["counts", "inspection"],
)
def test_lines_of_the_watch_count_in_no_other_metric(
    fields: dict[str, Any], expected: set[str], filters: dict[str, dict[str, Any]]
) -> None:
    matching = {name for name, filter_ in filters.items() if matches(filter_["FilterPattern"], fields)}
    assert matching == expected


def test_the_time_is_from_the_push_to_the_repository_in_milliseconds(filters: dict[str, dict[str, Any]]) -> None:
    (transformation,) = filters["TimeToRepository"]["MetricTransformations"]
    assert CREATED.repository is not None
    late = replace(CREATED, repository=replace(CREATED.repository, created_at=PUSHED + timedelta(seconds=7.5)))
    assert logged(late)[transformation["MetricValue"].removeprefix("$.")] == 7500
    assert transformation["Unit"] == "Milliseconds"

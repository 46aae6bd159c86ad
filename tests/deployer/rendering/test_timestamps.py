"""Times in documents for programs: ISO 8601 in UTC, in one form everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from deployer.clock import SYSTEM_CLOCK
from deployer.errors import DeployerError
from deployer.failures.messages import read
from deployer.failures.replaying import Replay, TimeRange
from deployer.rendering.events_json import error_document, event_document
from deployer.rendering.failures import failure_document, replay_document
from deployer.rendering.live import reporter
from deployer.rendering.report import summary_document
from deployer.reporting.aggregation import aggregate
from deployer.reporting.page import Subject
from deployer.rollout.progress import OperationAttached, StepStarted
from deployer.stack_sets import Operation
from tests.deployer.failures.test_messages import EVENT, MEMBER, UNDELIVERED, message
from tests.example_organization import EXAMPLE

MOMENT = datetime(2026, 11, 23, 14, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
"""As AWS's SDK returns a time: in the zone of the machine."""

RANGE = TimeRange(since=MOMENT, until=MOMENT)
REPLAY = Replay(name="r", state="COMPLETED", reached=MOMENT, started=MOMENT, ended=MOMENT)
ATTACHED = OperationAttached(
    stack_set="s", operation=Operation(id="o", action="UPDATE", status="RUNNING", started=MOMENT)
)
SUBJECT = Subject(made_at=MOMENT, command="", ledger="")

DOCUMENTS = {
    "a failure": failure_document(read(message(EVENT, UNDELIVERED), MEMBER), EXAMPLE),
    "a replay": replay_document(REPLAY, RANGE),
    "an event of a roll-out": event_document(ATTACHED, EXAMPLE, at=MOMENT),
    "an error that ends a roll-out": error_document(DeployerError("no"), at=MOMENT),
    "the summary of a report": summary_document(aggregate([], since=MOMENT, until=MOMENT), SUBJECT),
}


def _times(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (time for inner in value.values() for time in _times(inner))
    elif isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        yield value


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_each_time_is_in_utc_and_ends_with_z(document: dict[str, Any]) -> None:
    times = list(_times(document))
    assert times
    assert [time for time in times if not re.fullmatch(r"[0-9-]{10}T[0-9:]{8}(\.\d{3})?Z", time)] == []


def test_an_event_of_a_roll_out_has_the_time_of_the_commands_clock(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = replace(SYSTEM_CLOCK, now=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))
    with reporter(EXAMPLE, clock=clock, as_json=True) as report:
        report(StepStarted(step="StackSet deployer-access"))
    assert json.loads(capsys.readouterr().err)["time"] == "2026-11-23T12:00:00Z"

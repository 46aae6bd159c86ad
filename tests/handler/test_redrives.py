from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handler.creation import LATE
from handler.events import FailedCall, MalformedEvent, parse
from handler.redrives import MARK, MAX_CLOCK_SKEW, MAX_DELIVERY_TIME, marked, unmarked
from templates.parts import RETRY_FOR
from tests.handler.events import load

SECONDS = st.integers(0, 365 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
NEAR = st.integers(-int(timedelta(hours=30).total_seconds()), int(timedelta(hours=1).total_seconds())).map(
    lambda seconds: timedelta(seconds=seconds)
)


@given(sent=SECONDS, apart=NEAR)
def test_an_event_of_a_members_queue_is_accepted_only_if_its_time_fits_the_message(
    sent: datetime, apart: timedelta
) -> None:
    event = load(changes={"detail.eventTime": f"{sent + apart:%Y-%m-%dT%H:%M:%SZ}"})
    parsed = parse(marked(event, sent=sent, from_member=True))
    if -MAX_DELIVERY_TIME <= apart <= MAX_CLOCK_SKEW:
        assert isinstance(parsed, FailedCall)
        assert parsed.via == "redrive"
    else:
        assert isinstance(parsed, MalformedEvent)
        assert "contradicts its message" in parsed.problem


def test_events_that_eventbridge_stops_retrying_are_accepted() -> None:
    assert MAX_DELIVERY_TIME >= RETRY_FOR + LATE


def test_an_event_of_the_central_queue_may_be_as_old_as_the_archive_but_not_in_the_future() -> None:
    sent = datetime(2026, 12, 23, tzinfo=UTC)
    assert isinstance(parse(marked(load(), sent=sent, from_member=False)), FailedCall)
    before = datetime(2026, 11, 20, tzinfo=UTC)
    assert isinstance(parse(marked(load(), sent=before, from_member=False)), MalformedEvent)


@given(mark=st.none() | st.integers() | st.text() | st.dictionaries(st.sampled_from(["sent", "queue"]), st.text()))
def test_a_mark_that_no_redrive_writes_is_malformed(mark: object) -> None:
    assert isinstance(parse(load() | {MARK: mark}), MalformedEvent)


def test_unmarking_returns_the_original_event() -> None:
    sent = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert unmarked(marked(load(), sent=sent, from_member=True)) == load()
    assert (unmarked("text"), marked([1], sent=sent, from_member=True)) == ("text", [1])

"""A redrive loses no event, has no harmful repetition, and blocks nobody, wherever it is interrupted."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.failures.messages import Queue, Selection
from deployer.failures.redriving import HOLD_SECONDS, ReceivedFailures, RedriveResult, find, redrive, release
from deployer.targets import Scope
from handler.redrives import MARK
from tests.deployer.failures.queues import CENTRAL, FakeHandler, FakeSqs, Killed, dead_letters, event
from tests.example_organization import EXAMPLE

EVERYTHING = Selection(scope=Scope.whole(EXAMPLE))
SHOP, SEARCH = dead_letters("300000000001"), dead_letters("300000000002")


def found_in(
    sqs: FakeSqs, *all_queues: Queue, selection: Selection = EVERYTHING, limit: int = 1000
) -> ReceivedFailures:
    return find(sqs, all_queues or (CENTRAL, SHOP, SEARCH), selection=selection, organization=EXAMPLE, limit=limit)


def redriven(sqs: FakeSqs, handler: FakeHandler, *all_queues: Queue, limit: int = 1000) -> Sequence[RedriveResult]:
    found = found_in(sqs, *all_queues, limit=limit)
    done = redrive(sqs, handler, found.failures, report=lambda one: None)
    release(sqs, [*found.failures, *found.others])
    return done


@pytest.fixture
def sqs() -> FakeSqs:
    sqs = FakeSqs()
    for number in range(25):
        sqs.put(CENTRAL, event(repository=f"central-{number}", number=number))
    for number in range(12):
        sqs.put(SHOP, event(repository=f"shop-{number}", number=100 + number), ERROR_CODE="NO_PERMISSIONS")
    return sqs


def test_more_messages_than_a_page_are_received_and_released(sqs: FakeSqs) -> None:
    found = found_in(sqs)
    assert len({failure.message.id for failure in found.failures}) == 37
    assert (sqs.visible(CENTRAL), sqs.visible(SHOP)) == (0, 0)
    release(sqs, found.failures)
    assert (sqs.visible(CENTRAL), sqs.visible(SHOP)) == (25, 12)


def test_a_reader_that_is_killed_hides_messages_for_minutes_only(sqs: FakeSqs) -> None:
    found_in(sqs)
    sqs.clock += HOLD_SECONDS
    assert len(found_in(sqs).failures) == 37


def test_messages_in_flight_for_another_reader_are_counted(sqs: FakeSqs) -> None:
    sqs.receive(CENTRAL, hold_seconds=60)
    found = found_in(sqs)
    assert (len(found.failures), found.held_elsewhere) == (27, 10)


def test_each_event_is_sent_once_and_its_message_deleted(sqs: FakeSqs) -> None:
    handler = FakeHandler(sqs)
    done = redriven(sqs, handler)
    assert {one.status for one in done} == {"put back"}
    assert len(handler.received) == len(set(handler.repositories)) == 37
    assert sqs.bodies(CENTRAL) == sqs.bodies(SHOP) == []


def test_an_event_is_redriven_unchanged_with_the_time_at_which_sqs_received_it() -> None:
    sqs = FakeSqs()
    odd = event() | {"replay-name": "x", "resources": [], "détail": {"ünïcode": "☃"}}
    sqs.put(CENTRAL, {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": odd})
    handler = FakeHandler(sqs)
    redriven(sqs, handler)
    assert handler.received == [odd | {MARK: {"sent": "2026-11-23T09:00:00Z", "queue": "central"}}]


def test_only_the_mark_of_an_earlier_redrive_is_kept_and_never_one_from_a_members_queue() -> None:
    sqs = FakeSqs()
    mark = {MARK: {"sent": "2026-11-20T09:00:00Z", "queue": "central"}}
    sqs.put(CENTRAL, {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event(number=1) | mark})
    sqs.put(SHOP, event(number=2) | mark)
    handler = FakeHandler(sqs)
    redriven(sqs, handler)
    assert [received[MARK] for received in handler.received] == [
        mark[MARK],
        {"sent": "2026-11-23T09:00:00Z", "queue": "member"},
    ]


@pytest.mark.parametrize(
    ("time", "problem"),
    [
        ("2026-11-23T09:30:00Z", "after SQS received the message"),
        ("2099-01-01T00:00:00Z", "after SQS received the message"),
        ("2026-11-22T07:00:00Z", "more than 25 hours before SQS received the message"),
        ("2026-11-22T09:00:00Z", None),
        ("2026-11-23T08:59:59Z", None),
    ],
)
def test_a_dead_letter_with_an_impossible_event_time_is_not_redriven(time: str, problem: str | None) -> None:
    sqs = FakeSqs()
    made_up = event()
    made_up["detail"]["eventTime"] = time
    sqs.put(SHOP, made_up)
    handler = FakeHandler(sqs)
    (one,) = redriven(sqs, handler)
    assert one.status == ("left alone" if problem else "put back")
    assert (problem or "") in one.problem
    assert len(handler.received) == (0 if problem else 1)
    assert sqs.visible(SHOP) == (1 if problem else 0)


def test_an_event_that_fails_again_waits_for_the_next_redrive(sqs: FakeSqs) -> None:
    handler = FakeHandler(sqs, fails_again=True)
    redriven(sqs, handler)
    assert len(handler.received) == 37
    assert len(sqs.bodies(CENTRAL)) == sqs.visible(CENTRAL) == 37


def test_only_selected_failures_are_redriven(sqs: FakeSqs) -> None:
    handler = FakeHandler(sqs)
    found = found_in(sqs, selection=Selection(scope=Scope.whole(EXAMPLE), repository="shop-*"))
    redrive(sqs, handler, found.failures, report=lambda one: None)
    release(sqs, [*found.failures, *found.others])
    assert sorted(set(handler.repositories)) == sorted(f"shop-{number}" for number in range(12))
    assert (len(sqs.bodies(CENTRAL)), sqs.visible(CENTRAL)) == (25, 25)


def test_failures_beyond_the_limit_stay_in_the_queue(sqs: FakeSqs) -> None:
    handler = FakeHandler(sqs)
    assert found_in(sqs, limit=5).is_truncated
    sqs.clock += HOLD_SECONDS
    redriven(sqs, handler, limit=5)
    assert len(handler.received) == 5
    assert sqs.visible(CENTRAL) + sqs.visible(SHOP) == 32


def test_an_event_that_lambda_does_not_accept_stays_and_becomes_visible(sqs: FakeSqs) -> None:
    handler = FakeHandler(sqs, refuses={"central-3", "shop-7"})
    done = redriven(sqs, handler)
    assert [one.problem for one in done if one.status == "not taken by Lambda"] == ["Invoke was throttled"] * 2
    assert (sqs.visible(CENTRAL), sqs.visible(SHOP)) == (1, 1)


def test_a_message_that_cannot_be_deleted_is_reported_and_redriven_again(sqs: FakeSqs) -> None:
    sqs.fail_delete = True
    handler = FakeHandler(sqs)
    assert {one.status for one in redriven(sqs, handler)} == {"put back, not deleted"}
    sqs.fail_delete = False
    sqs.clock += HOLD_SECONDS
    assert {one.status for one in redriven(sqs, handler)} == {"put back"}
    assert sqs.bodies(CENTRAL) == []


def test_a_forged_event_and_an_unreadable_message_stay() -> None:
    sqs = FakeSqs()
    sqs.put(SHOP, event(account="300000000004"), ERROR_CODE="NO_PERMISSIONS")
    sqs.put(SHOP, {"hello": "world"})
    handler = FakeHandler(sqs)
    assert [one.status for one in redriven(sqs, handler)] == ["left alone", "left alone"]
    assert handler.received == []
    assert sqs.visible(SHOP) == 2


def test_a_queue_that_cannot_be_read_does_not_stop_the_others(sqs: FakeSqs) -> None:
    sqs.missing.add(SEARCH)
    found = found_in(sqs)
    assert [one.queue for one in found.out_of_reach] == [SEARCH]
    assert len(found.failures) == 37


def test_messages_whose_visibility_timeout_expired_are_left_to_their_new_reader(sqs: FakeSqs) -> None:
    """Messages become visible again while a person hesitates, and a second redrive handles them all."""
    first, second = FakeHandler(sqs), FakeHandler(sqs)
    slow = found_in(sqs)
    sqs.clock += HOLD_SECONDS
    redriven(sqs, second)
    done = redrive(sqs, first, slow.failures, report=lambda one: None)
    assert {one.status for one in done} == {"taken by another"}
    assert (len(first.received), len(second.received)) == (0, 37)


def test_two_redrives_at_once_share_the_messages(sqs: FakeSqs) -> None:
    handler = FakeHandler(sqs)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(redriven, sqs, handler) for _ in range(2)]
        assert sum(len(run.result()) for run in runs) == 37
    assert len(handler.received) == len(set(handler.repositories)) == 37
    assert sqs.bodies(CENTRAL) == sqs.bodies(SHOP) == []


@pytest.mark.parametrize("moment", ["before delete", "after delete"])
def test_invariant_5_nothing_is_lost_if_the_process_is_killed_around_a_deletion(sqs: FakeSqs, moment: str) -> None:
    handler = FakeHandler(sqs)
    sqs.killed_at = moment
    with pytest.raises(Killed):
        redriven(sqs, handler)
    sqs.killed_at = None
    sqs.clock += HOLD_SECONDS
    redriven(sqs, handler)
    assert len(set(handler.repositories)) == 37
    assert sqs.bodies(CENTRAL) == sqs.bodies(SHOP) == []


STEPS = st.lists(
    st.sampled_from(["redrive", "killed before delete", "killed after delete", "list", "wait"]), max_size=6
)


@given(steps=STEPS, count=st.integers(0, 23), again=st.booleans())
def test_invariant_5_every_event_was_sent_or_is_still_queued_whatever_happens(
    steps: list[str], count: int, again: bool
) -> None:
    sqs = FakeSqs()
    expected = {f"central-{number}" for number in range(count)}
    for number in range(count):
        sqs.put(CENTRAL, event(repository=f"central-{number}", number=number))
    handler = FakeHandler(sqs, fails_again=again)
    for step in steps:
        sqs.killed_at = step.removeprefix("killed ") if step.startswith("killed") else None
        if step == "wait":
            sqs.clock += HOLD_SECONDS
        elif step == "list":
            found_in(sqs, CENTRAL)
        else:
            with contextlib.suppress(Killed):
                redriven(sqs, handler, CENTRAL)
        waiting = {body["detail"]["requestParameters"]["repositoryName"] for body in sqs.bodies(CENTRAL)}
        assert waiting | set(handler.repositories) == expected
        if again:
            assert waiting == expected

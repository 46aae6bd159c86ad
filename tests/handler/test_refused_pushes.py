"""A refused push causes an event for each layer, but only one `refused` record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.ledger import ONE_PUSH
from tests.handler.events import load
from tests.handler.fakes import NOW, CrashError, World
from tests.handler.http_requests import CALLER, body, http, outcomes

NAME = "detail.requestParameters.repositoryName"
LAYERS = 5


def layer(number: int, *, seconds: float = 0, **changes: Any) -> Any:
    """The event of one layer of a push that is refused."""
    time = NOW - timedelta(seconds=10) + timedelta(seconds=seconds)
    return load(
        changes={
            NAME: "team-a/tmp-1",
            "detail.eventID": f"layer-{number}",
            "id": f"envelope-{number}",
            "detail.eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "detail.userIdentity.arn": CALLER,
            **changes,
        }
    )


def refused(world: World) -> list[str]:
    return [record.event_id for _, record in sorted(world.records.items()) if record.outcome == "refused"]


def handle(world: World, *events: Any) -> None:
    for number, event in enumerate(events):
        world.deliver(world.handler(), event, request_id=f"request-{number}")


def test_the_layers_of_a_push_cause_one_refusal_one_notice_and_a_reference_from_each_event() -> None:
    world = World()
    handle(world, *(layer(number, seconds=number) for number in range(LAYERS)))
    assert refused(world) == ["layer-0"]
    others = [record for record in world.records.values() if record.outcome != "refused"]
    assert {(one.outcome, one.reason, one.detail) for one in others} == {
        ("ignored", "refused-already", "refused as event layer-0")
    }
    assert {one.event_id for one in world.records.values()} == {f"layer-{number}" for number in range(LAYERS)}
    assert len(world.notices.sent) == 1
    assert [line["outcome"] for line in world.lines] == ["refused"] + ["ignored"] * (LAYERS - 1)


@pytest.mark.parametrize(
    "other",
    [
        {NAME: "team-a/tmp-2"},
        {NAME: "other/api"},
        {"detail.userIdentity.arn": CALLER.replace("4711", "4712")},
        {"region": "us-east-1", "detail.awsRegion": "us-east-1"},
    ],
    ids=["another repository", "another reason", "another session", "another region"],
)
def test_another_push_has_its_own_refusal(other: dict[str, Any]) -> None:
    world = World()
    handle(world, layer(1), layer(2, **other))
    assert sorted(refused(world)) == ["layer-1", "layer-2"]


def test_a_push_that_is_repeated_later_has_its_own_refusal() -> None:
    world = World()
    handle(world, layer(1), layer(2, seconds=ONE_PUSH.total_seconds()))
    handle(world, layer(3, seconds=ONE_PUSH.total_seconds() + 1))
    assert refused(world) == ["layer-1", "layer-3"]


def test_a_request_and_the_events_of_its_push_cause_one_refusal() -> None:
    world = World(now=NOW - timedelta(seconds=10))
    response = world.service().handle(http(body("team-a/tmp-1")), request_id="lambda-1")
    assert outcomes(response) == [("refused", "name-denied")]
    handle(world, layer(1, seconds=1))
    (record,) = [one for one in world.records.values() if one.outcome == "refused"]
    assert record.via == "request"
    repeated = world.service().handle(http(body("team-a/tmp-1")), request_id="lambda-2")
    assert outcomes(repeated) == [("refused", "name-denied")]
    assert len(refused(world)) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", ["organization", "count", "push", "write", "notify"])
def test_a_refusal_is_recorded_once_wherever_a_run_is_killed(name: str, moment: str) -> None:
    scout = World()
    handle(scout, layer(1))
    world = World()
    {"before": world.faults.before, "after": world.faults.after}[moment][scout.faults.calls.index(name)] = CrashError()
    handle(world, layer(1), layer(2))
    assert refused(world) == ["layer-1"]
    assert len(world.records) == 2


@given(st.permutations(range(LAYERS)), st.lists(st.integers(0, 8), min_size=LAYERS, max_size=LAYERS))
def test_events_of_one_push_cause_one_refusal_in_any_order(order: list[int], seconds: list[int]) -> None:
    world = World()
    handle(world, *(layer(number, seconds=seconds[number]) for number in order))
    assert refused(world) == [f"layer-{order[0]}"]

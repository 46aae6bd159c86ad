"""The lifetimes of a repository name: each ends with a deletion; and which records of them are shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.audit.finding import find
from deployer.audit.lifetimes import FIRST, LAST, Lifetime, lifetimes_of
from deployer.audit.query import Query
from deployer.audit.reading import Usage
from handler.records import Record
from tests.deployer.audit.ledgers import NOW, EventLedger, observed, record

REFUSED = record(60, outcome="refused")
CREATED = record(50)
DELETED = observed(40, action="deleted")
RECREATED = observed(30)
PUSHER = str(CREATED.principal)


def test_a_deletion_ends_a_lifetime_and_the_next_record_starts_another() -> None:
    assert lifetimes_of([RECREATED, DELETED, CREATED, REFUSED]) == [[REFUSED, CREATED, DELETED], [RECREATED]]


def test_within_one_second_the_creation_is_before_the_deletion() -> None:
    created, deleted = observed(10, event_id="b"), observed(10, action="deleted", event_id="a")
    assert lifetimes_of([deleted, created]) == [[created, deleted]]


def test_within_one_second_an_adoption_is_between_the_creation_and_the_deletion() -> None:
    adopted = record(10, outcome="adopted", event_id="a")
    created, deleted = observed(10, event_id="b"), observed(10, action="deleted", event_id="c")
    assert lifetimes_of([deleted, adopted, created]) == [[created, adopted, deleted]]


def test_a_repository_that_is_deleted_and_created_again_in_one_second_has_two_lifetimes() -> None:
    deleted, again = observed(10, action="deleted", event_id="b"), record(10, engine="native", event_id="a")
    looked_for = record(10, outcome="ignored", event_id="c")
    assert lifetimes_of([CREATED, deleted, again]) == [[CREATED, deleted], [again]]
    assert lifetimes_of([CREATED, deleted, looked_for]) == [[CREATED, looked_for, deleted]]
    last = observed(10, action="deleted", event_id="d")
    assert lifetimes_of([CREATED, deleted, again, last]) == [[CREATED, deleted], [again, last]]


RECORDS = st.lists(
    st.builds(
        lambda minute, kind: observed(minute, action="deleted") if kind == "deleted" else record(minute, outcome=kind),
        st.integers(0, 100),
        st.sampled_from(["created", "refused", "failed", "deleted"]),
    ),
    unique_by=lambda one: one.at,
)


@given(records=RECORDS)
def test_lifetimes_contain_every_record_once_in_order_and_end_with_their_deletion(records: list[Record]) -> None:
    lifetimes = lifetimes_of(records)
    joined = [one for lifetime in lifetimes for one in lifetime]
    assert sorted(joined, key=lambda one: one.at) == sorted(records, key=lambda one: one.at)
    assert [one.event_time for one in joined] == sorted(one.event_time for one in records)
    assert all(one.action != "deleted" for lifetime in lifetimes for one in lifetime[:-1])
    assert all(lifetime[-1].action == "deleted" for lifetime in lifetimes[:-1])


def test_the_first_and_last_records_of_a_long_lifetime_are_shown() -> None:
    records = [record(number, outcome="refused") for number in range(100, 0, -1)]
    lifetime = Lifetime.of([*records, DELETED])
    assert (lifetime.first[0], lifetime.records[-1], lifetime.deletion) == (records[0], DELETED, DELETED)
    assert (len(lifetime.first), len(lifetime.last), lifetime.omitted) == (FIRST, LAST, 101 - FIRST - LAST)


def found_in(*records: Record, target: str = "team-a/api") -> tuple[Record, list[Record]]:
    ledger = EventLedger(list(records))
    (found,) = find(target, ledger, within=Query(since=NOW, until=NOW), usage=Usage())
    return found.record, list(found.lifetime.records)


def test_a_name_finds_the_newest_lifetime_by_its_creation() -> None:
    assert found_in(REFUSED, CREATED, DELETED) == (CREATED, [REFUSED, CREATED, DELETED])
    assert found_in(REFUSED, CREATED, DELETED, RECREATED) == (RECREATED, [RECREATED])
    assert found_in(REFUSED, observed(50), DELETED)[0].action == "created"


def test_an_event_finds_the_lifetime_that_contains_it() -> None:
    lifetime = [REFUSED, CREATED, DELETED]
    assert found_in(*lifetime, RECREATED, target=REFUSED.event_id) == (REFUSED, lifetime)


def native(**changes: Any) -> Record:
    return record(
        50, engine="native", principal="arn:aws:sts::300000000001:assumed-role/deployer-native/ecr", **changes
    )


def layer_query(number: int, **changes: Any) -> Record:
    """The record of a client that queried a layer before it pushed."""
    return record(number, outcome="ignored", event_name="BatchCheckLayerAvailability", **changes)


@pytest.mark.parametrize(
    ("others", "pusher"),
    [
        pytest.param([layer_query(50)], PUSHER, id="a caller that queried layers at that time"),
        pytest.param([layer_query(50), layer_query(50, event_id="again")], PUSHER, id="several layers"),
        pytest.param([layer_query(50), layer_query(50, event_id="e", principal="eve")], None, id="two callers"),
        pytest.param([layer_query(55)], None, id="long before"),
        pytest.param([layer_query(50, region="us-east-1")], None, id="another registry"),
        pytest.param([], None, id="no caller"),
    ],
)
def test_the_pusher_of_a_repository_that_ecr_created_is_found_in_the_ledger(
    others: list[Record], pusher: str | None
) -> None:
    ledger = EventLedger([native(), *others])
    (found, *_) = find("team-a/api", ledger, within=Query(since=NOW, until=NOW), usage=Usage())
    assert (found.record.engine, found.pusher) == ("native", pusher)


def test_the_record_of_a_creation_by_the_handler_names_its_caller() -> None:
    (found,) = find("team-a/api", EventLedger([CREATED]), within=Query(since=NOW, until=NOW), usage=Usage())
    assert found.pusher is None

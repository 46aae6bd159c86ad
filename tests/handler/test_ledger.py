from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws_org_sandbox.sandbox import Sandbox
from handler.errors import PermanentError
from handler.ledger import COUNTER_PREFIX, EXPIRY_ATTRIBUTE, ONE_PUSH, PARTITION_KEY, SORT_KEY, Ledger, Slot
from handler.reasons import Outcome
from handler.records import Record, RecordRetention
from tests.handler.events import call
from tests.handler.test_records import record

TABLE = "ledger"


@pytest.fixture
def client(sandbox: Sandbox) -> Any:
    client = sandbox.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in (PARTITION_KEY, SORT_KEY)],
        KeySchema=[
            {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
            {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
        ],
    )
    return client


@pytest.fixture
def ledger(client: Any) -> Ledger:
    return Ledger(lambda: client, table=TABLE)


def slot(name: str, **changes: Any) -> Slot:
    return Slot.of(call(changes={"detail.requestParameters.repositoryName": name} | changes))


def of_call(**changes: Any) -> Record:
    """A record of the example's call."""
    said = call()
    values = {name: getattr(said, name) for name in ("account", "region", "repository", "event_id", "event_time")}
    return record(**values | changes)


def items(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.scan(TableName=TABLE)["Items"]
    return found


def test_a_record_is_written_once_and_never_changed(ledger: Ledger, client: Any) -> None:
    assert ledger.write(record())
    assert not ledger.write(replace(record(), detail="another attempt"))
    assert items(client) == [record().to_item()]


def test_records_expire_if_configured(client: Any) -> None:
    ledger = Ledger(lambda: client, table=TABLE, kept=RecordRetention(expiring=timedelta(days=7)))
    ledger.write(record(outcome="ignored"))
    ledger.write(record(outcome="refused"))
    week_later = int((record().received_at + timedelta(days=7)).timestamp())
    assert {item["outcome"]["S"]: item.get(EXPIRY_ATTRIBUTE) for item in items(client)} == {
        "ignored": {"N": str(week_later)},
        "refused": None,
    }


def test_the_ledger_returns_the_outcomes_of_an_event(ledger: Ledger) -> None:
    ledger.write(of_call(outcome="failed"))
    ledger.write(of_call(outcome="exists"))
    outcomes: list[Outcome] = ["exists", "created"]
    assert [ledger.has(outcome, call()) for outcome in outcomes] == [True, False]
    ledger.write(of_call())
    assert ledger.has("created", call())


@pytest.mark.parametrize("other", [{"repository": "team-a/other"}, {"region": "us-east-1"}, {"repository": None}])
def test_a_record_of_the_same_event_for_another_repository_is_a_conflict(
    ledger: Ledger, client: Any, other: dict[str, Any]
) -> None:
    ledger.write(of_call(**other))
    kept = items(client)
    attempts: list[Callable[[], bool]] = [lambda: ledger.write(of_call()), lambda: ledger.has("created", call())]
    for attempt in attempts:
        with pytest.raises(PermanentError) as conflict:
            attempt()
        assert conflict.value.reason == "record-conflict"
    assert items(client) == kept


def test_a_limit_counts_each_name_once(ledger: Ledger) -> None:
    taken = [ledger.reserve(slot(name), limit=2) for name in ("a", "a", "b", "a", "c", "b", "d")]
    assert taken == [True, True, True, True, False, True, False]


def test_a_limit_is_exact_for_concurrent_reservations(ledger: Ledger) -> None:
    slots = [slot(f"team-a/{number % 40}") for number in range(120)]
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda slot: ledger.reserve(slot, limit=10), slots))
    assert len({slot.digest for slot, was_taken in zip(slots, taken, strict=True) if was_taken}) == 10


def test_a_released_slot_is_available_again(ledger: Ledger) -> None:
    assert ledger.reserve(slot("a"), limit=1)
    assert not ledger.reserve(slot("b"), limit=1)
    ledger.release(slot("a"))
    ledger.release(slot("a"))
    assert ledger.reserve(slot("b"), limit=1)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"account": "300000000002"}, id="another account"),
        pytest.param({"detail.eventTime": "2026-11-23T08:00:00Z"}, id="another hour"),
    ],
)
def test_each_account_and_hour_has_its_own_slots(ledger: Ledger, changes: dict[str, Any]) -> None:
    assert ledger.reserve(slot("a"), limit=1)
    assert ledger.reserve(slot("b", **changes), limit=1)


def test_the_same_name_in_another_region_is_another_repository(ledger: Ledger) -> None:
    assert ledger.reserve(slot("a"), limit=1)
    assert not ledger.reserve(slot("a", region="us-east-1"), limit=1)


@pytest.mark.parametrize(("archived", "kept"), [(7, 15), (90, 90)], ids=["in a queue", "in the archive"])
def test_a_counter_is_kept_as_long_as_an_event_may_be_delivered_again_and_is_not_a_record(
    client: Any, archived: int, kept: int
) -> None:
    Ledger(lambda: client, table=TABLE, archive_retention=timedelta(days=archived)).reserve(slot("a"), limit=1)
    (item,) = items(client)
    assert item[PARTITION_KEY]["S"] == f"{COUNTER_PREFIX}300000000001#2026-11-23T07"
    expected = datetime(2026, 11, 23, 8, tzinfo=UTC) + timedelta(days=kept)
    assert item[EXPIRY_ATTRIBUTE]["N"] == str(int(expected.timestamp()))
    assert "day" not in item
    assert "repository" not in item


def test_refusals_are_counted_exactly_by_account_and_hour_and_kept_with_their_records(client: Any) -> None:
    time = datetime(2026, 11, 23, 7, 45, tzinfo=UTC)
    ledger = Ledger(lambda: client, table=TABLE)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: ledger.count_refusal("300000000001", time), range(24)))
    assert sorted(numbers) == list(range(1, 25))
    assert ledger.count_refusal("300000000001", time + timedelta(hours=1)) == 1
    assert ledger.count_refusal("300000000002", time) == 1
    assert all(EXPIRY_ATTRIBUTE not in item for item in items(client))

    yearly = Ledger(lambda: client, table=TABLE, kept=RecordRetention(refused=timedelta(days=365)))
    yearly.count_refusal("300000000003", time)
    (item,) = [item for item in items(client) if item[PARTITION_KEY]["S"].startswith("limit#300000000003")]
    assert item[EXPIRY_ATTRIBUTE] == {"N": str(int(datetime(2027, 11, 23, 8, tzinfo=UTC).timestamp()))}


def test_parallel_refusals_of_a_push_agree_on_the_first(ledger: Ledger, client: Any) -> None:
    def refusal(number: int, **changes: Any) -> Record:
        return of_call(outcome="refused", reason="name-denied", event_id=f"event-{number}", **changes)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: ledger.first_refusal(refusal(number)), range(24)))
    (first,) = set(found)
    number = int(first.removeprefix("event-"))
    assert ledger.first_refusal(refusal(number)) == first
    later = refusal(99).event_time + ONE_PUSH
    assert ledger.first_refusal(refusal(99, event_time=later)) == first
    assert ledger.first_refusal(refusal(99, event_time=later + timedelta(seconds=1))) == "event-99"
    assert ledger.first_refusal(refusal(98, repository="team-a/other")) == "event-98"
    assert all(EXPIRY_ATTRIBUTE in item for item in items(client))
    assert {item[PARTITION_KEY]["S"] for item in items(client)} == {f"{COUNTER_PREFIX}300000000001#pushes"}


def test_records_of_refusals_expire_if_configured(client: Any) -> None:
    ledger = Ledger(lambda: client, table=TABLE, kept=RecordRetention(refused=timedelta(days=365)))
    ledger.write(record(outcome="refused"))
    ledger.write(record(outcome="failed"))
    year_later = int((record().received_at + timedelta(days=365)).timestamp())
    assert {item["outcome"]["S"]: item.get(EXPIRY_ATTRIBUTE) for item in items(client)} == {
        "refused": {"N": str(year_later)},
        "failed": None,
    }

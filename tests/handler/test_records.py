from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from handler.reasons import Outcome
from handler.records import Record, RecordRetention, outcome_months
from handler.text import printable

TIME = datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC)


def record(**changes: Any) -> Record:
    values: dict[str, Any] = {
        "account": "300000000001",
        "outcome": "created",
        "reason": "created",
        "event_id": "event-1",
        "event_time": TIME,
        "received_at": TIME.replace(microsecond=250_000),
        "request_id": "request-1",
        "settings_digest": "0" * 64,
    }
    return Record(**values | changes)


def test_the_item_of_a_record_is_flat_and_omits_absent_values() -> None:
    assert record(repository="team-a/api", detail="").to_item() == {
        "account": {"S": "300000000001"},
        "at": {"S": "2026-11-23T07:45:12Z#event-1#created"},
        "day": {"S": "2026-11-23"},
        "event_id": {"S": "event-1"},
        "event_time": {"S": "2026-11-23T07:45:12Z"},
        "outcome": {"S": "created"},
        "outcome_month": {"S": "created#2026-11"},
        "reason": {"S": "created"},
        "received_at": {"S": "2026-11-23T07:45:12.250Z"},
        "repository": {"S": "team-a/api"},
        "request_id": {"S": "request-1"},
        "settings_digest": {"S": "0" * 64},
        "version": {"N": "1"},
    }


def test_a_record_contains_only_printable_characters() -> None:
    hostile = "a\xa0b\u2028\u202e\x7f\ud800\U000f0000c"
    names = [item.name for item in fields(Record) if item.type in {"str", "str | None"} and item.name != "account"]
    item = record(**dict.fromkeys(names, hostile)).to_item()
    assert {"detail", "rule", "ou_path", "account_name", "repository_arn", "settings", "steps"} <= set(names)
    written = {name: item[name]["S"] for name in names}
    assert set(written.values()) == {r"a\u00a0b\u2028\u202e\u007f\ud800\U000f0000c"}
    assert all(text.isprintable() for value in item.values() for text in value.values())


def test_each_failed_attempt_has_its_own_key() -> None:
    keys = {
        record().at,
        record(request_id="request-2").at,
        record(outcome="failed").at,
        record(outcome="failed", request_id="request-2").at,
    }
    assert keys == {
        "2026-11-23T07:45:12Z#event-1#created",
        "2026-11-23T07:45:12Z#event-1#failed#request-1",
        "2026-11-23T07:45:12Z#event-1#failed#request-2",
    }


def test_only_records_of_exists_and_ignored_expire_after_thirty_days() -> None:
    month_later = int(datetime(2026, 12, 23, 7, 45, 12, tzinfo=UTC).timestamp())
    expiries = {outcome: record(outcome=outcome).expires(RecordRetention()) for outcome in get_args(Outcome)}
    assert expiries == {
        "created": None,
        "exists": month_later,
        "refused": None,
        "ignored": month_later,
        "failed": None,
        "observed": None,
        "violation": None,
        "adopted": None,
        "released": None,
    }


def test_the_most_frequent_records_are_distributed_by_account() -> None:
    accounts = [f"{number:012}" for number in range(100)]
    ignored = {record(account=account, outcome="ignored").outcome_month for account in accounts}
    assert ignored == set(outcome_months("ignored", "2026-11")) == {f"ignored#2026-11#{shard}" for shard in range(4)}
    assert {record(account=account, outcome="refused").outcome_month for account in accounts} == {"refused#2026-11"}


MILLISECONDS = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
)


@given(created_at=st.none() | MILLISECONDS, detail=st.none() | st.text(min_size=1).map(printable))
def test_a_record_is_read_back_unchanged_from_the_table(created_at: datetime | None, detail: str | None) -> None:
    written = record(created_at=created_at, detail=detail)
    assert Record.from_item(written.to_item() | {"attribute_to_come": {"S": "x"}}) == written

from __future__ import annotations

import gc
import json
import tracemalloc
from datetime import timedelta

import pytest

from deployer.reporting.aggregation import aggregate, caller_of, namespace_of
from deployer.reporting.rows import TEXT_COLUMNS
from handler.reasons import Outcome
from tests.deployer.reporting.pages import ATTACKS, hostile_records
from tests.deployer.reporting.samples import UNTIL, record, records

SINCE = UNTIL - timedelta(days=30)


def test_counts_by_each_dimension() -> None:
    refused = record(outcome="refused", reason="name-denied", region="us-east-1", ou_source="remembered")
    found = aggregate([record(), record(repository="plain"), refused], since=SINCE, until=UNTIL)

    counts = {
        dimension: {key: tally.total for key, tally in breakdown.tallies.items()}
        for dimension, breakdown in found.by.items()
    }
    assert counts == {
        "ou": {"Workloads/Prod": 3},
        "account": {"300000000001": 3},
        "region": {"eu-west-1": 2, "us-east-1": 1},
        "namespace": {"team-a/": 2, "": 1},
        "principal": {"arn:aws:iam::300000000001:role/ci-release": 3},
        "reason": {"created": 2, "name-denied": 1},
    }
    assert (found.total["created"], found.total["refused"], found.count) == (2, 1, 3)
    assert found.by["account"].tallies["300000000001"].label == "shop-prod"
    assert found.waiting.count == 2, "only what was created took its time"
    assert found.remembered == 1


def test_counts_over_time_add_up_to_the_totals() -> None:
    found = aggregate(records(500), since=SINCE, until=UNTIL)
    for outcome, counts in found.over_time.counts.items():
        assert sum(counts) == found.total[outcome]
    assert sum(tally.total for tally in found.by["ou"].tallies.values()) == 500


def test_the_table_has_the_newest_records_and_the_sums_include_all() -> None:
    found = aggregate(records(300), since=SINCE, until=UNTIL, rows=100)
    assert (len(found.rows), found.count) == (100, 300)
    newest = [int(one.event_time.timestamp()) for one in records(300)][:100]
    assert list(found.rows.times) == newest


def test_the_data_agrees_with_the_records() -> None:
    written = list(records(5_000))
    found = aggregate(written, since=SINCE, until=UNTIL)
    data = json.loads("".join(found.rows.to_json()))
    for name in TEXT_COLUMNS:
        assert [data["texts"][number] for number in data["columns"][name]] == [
            getattr(one, name) or "" for one in written
        ]
    assert data["events"] == [one.event_id for one in written]
    assert len(data["texts"]) == len(set(data["texts"]))


def test_the_data_has_no_markup_whatever_the_records_contain() -> None:
    found = aggregate(hostile_records(), since=SINCE, until=UNTIL)
    text = "".join(found.rows.to_json())
    assert not set(text) & set("<>&'\u2028\u2029")
    assert set(ATTACKS) <= set(json.loads(text)["texts"])


def test_memory_does_not_grow_with_the_records() -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        created = (one for one in records(number) if one.outcome == "created")
        aggregate(created, since=SINCE, until=UNTIL, rows=10)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    gc.disable()  # a full collection empties what Python keeps to use again, and refilling it would count
    try:
        peak(3_000)  # fills it
        assert peak(3_000) < 1.2 * peak(1_000)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("repository", "namespace"),
    [
        pytest.param("team-a/api", "team-a/", id="the part before the slash"),
        pytest.param("team-a/web/api", "team-a/", id="the first of several parts"),
        pytest.param("api", "", id="no namespace"),
        pytest.param("", "", id="no name"),
    ],
)
def test_namespaces(repository: str, namespace: str) -> None:
    assert namespace_of(repository) == namespace


@pytest.mark.parametrize(
    ("principal", "caller"),
    [
        pytest.param(
            "arn:aws:sts::300000000001:assumed-role/ci/run-1",
            "arn:aws:iam::300000000001:role/ci",
            id="a session's role",
        ),
        pytest.param("arn:aws:iam::300000000001:user/bob", "arn:aws:iam::300000000001:user/bob", id="a user"),
        pytest.param("codebuild.amazonaws.com", "codebuild.amazonaws.com", id="a service"),
    ],
)
def test_callers(principal: str, caller: str) -> None:
    assert caller_of(principal) == caller


def test_a_caller_of_another_account_without_an_arn_is_shown_with_the_account() -> None:
    stranger = record(principal="AROAEXAMPLE:deploy", principal_account="400000000001")
    found = aggregate([stranger], since=SINCE, until=UNTIL)
    assert list(found.by["principal"].tallies) == ["AROAEXAMPLE:deploy of account 400000000001"]
    assert "AROAEXAMPLE:deploy of account 400000000001" in found.rows.texts


@pytest.mark.parametrize("outcome", ["refused", "failed"])
def test_retries_and_layers_of_a_push_count_once(outcome: Outcome) -> None:
    seconds = (0, 20, 70, 90, 200)
    pushes = [
        record(outcome=outcome, reason="access-denied", event_id=str(one), event_time=UNTIL - timedelta(seconds=one))
        for one in seconds
    ]
    other = record(outcome=outcome, reason="access-denied", repository="other", event_time=pushes[-1].event_time)
    found = aggregate([*pushes, other], since=SINCE, until=UNTIL)
    assert (found.total[outcome], found.pushes.retries, found.count, len(found.rows)) == (3, 3, 6, 6)
    assert found.by["reason"].tallies["access-denied"].total == 3

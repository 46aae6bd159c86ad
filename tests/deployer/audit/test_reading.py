from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.audit.following import follow
from deployer.audit.index_keys import IndexKey, index_keys_of
from deployer.audit.query import ALL, NOTABLE, OTHERS, Query, outcomes_of
from deployer.audit.reading import MOST_COUNTED, OmittedCount, Page, Usage, count_omitted, read
from deployer.rendering.audit import omitted_lines
from handler.reasons import Outcome
from handler.records import Record
from tests.deployer.audit.ledgers import NOW, MemoryLedger, everything, observed, record

WEEK = Query(since=NOW - timedelta(days=7), until=NOW)


@pytest.mark.parametrize(
    ("changes", "outcomes"),
    [
        pytest.param({}, NOTABLE, id="by default the outcomes of interest to people"),
        pytest.param({"reasons": ("not-a-push",)}, ("ignored",), id="a reason selects its outcome"),
        pytest.param({"reasons": ("kms-failed", "created")}, ("created", "failed"), id="reasons of two outcomes"),
    ],
)
def test_which_outcomes_are_selected(changes: dict[str, Any], outcomes: tuple[str, ...]) -> None:
    codes = changes.get("reasons", ())
    assert (outcomes_of(codes) if codes else Query(since=NOW, until=NOW).outcomes) == outcomes


@pytest.mark.parametrize(
    ("filters", "partitions"),
    [
        pytest.param(
            {},
            [
                [
                    ("by-outcome", f"{outcome}#2026-11")
                    for outcome in ("created", "refused", "failed", "violation", "adopted", "released", "observed")
                ]
            ],
            id="by outcome and month, without the omitted outcomes",
        ),
        pytest.param({"accounts": ("1", "2")}, [[("table", "1"), ("table", "2")]], id="accounts by the table's key"),
        pytest.param(
            {"accounts": ("1",), "repositories": ("team-a/api",)},
            [[("by-repository", "team-a/api")]],
            id="a name by its index, which is narrower than an account",
        ),
        pytest.param(
            {"repositories": ("team-*/**",), "outcomes": ("failed",)},
            [[("by-outcome", "failed#2026-11")]],
            id="a glob cannot be a key",
        ),
        pytest.param(
            {"outcomes": ("ignored",)},
            [[("by-outcome", f"ignored#2026-11#{shard}") for shard in range(4)]],
            id="the most frequent outcome by its shards",
        ),
        pytest.param(
            {"outcomes": ("failed",), "since": NOW - timedelta(days=40)},
            [[("by-outcome", "failed#2026-11")], [("by-outcome", "failed#2026-10")]],
            id="one month after another",
        ),
    ],
)
def test_which_partitions_are_read(filters: dict[str, Any], partitions: list[list[tuple[str, str]]]) -> None:
    found = [[(one.index, one.key) for one in group] for group in index_keys_of(replace(WEEK, **filters))]
    assert found == partitions


@pytest.mark.parametrize(
    ("filters", "matches"),
    [
        pytest.param({"regions": ("eu-west-1",)}, True, id="region"),
        pytest.param({"regions": ("us-east-1",)}, False, id="another region"),
        pytest.param({"reasons": ("name-denied", "created")}, True, id="one of several reasons"),
        pytest.param({"ous": ("Workloads",)}, True, id="an OU above"),
        pytest.param({"ous": ("Workloads",), "include_children": False}, False, id="an OU above, without its children"),
        pytest.param({"ous": ("Workloads/Prod",), "include_children": False}, True, id="the OU itself"),
        pytest.param({"ous": ("Work",)}, False, id="a part of an OU's name"),
        pytest.param({"ous": ("Root",)}, True, id="the root is above every OU"),
        pytest.param({"repositories": ("team-*/**",)}, True, id="a glob over names"),
        pytest.param({"repositories": ("team-*",)}, False, id="one star stays within a part of a name"),
        pytest.param({"principals": ("arn:aws:iam::*:role/ci-*",)}, True, id="a session by its role"),
        pytest.param({"principals": ("arn:aws:sts::*:assumed-role/*/build-4711",)}, True, id="a session itself"),
        pytest.param({"principals": ("*4711",)}, True, id="a part of an ARN"),
        pytest.param({"principals": ("arn:aws:iam::*:user/*",)}, False, id="another type of principal"),
        pytest.param({"outcomes": ("failed",)}, False, id="another outcome"),
        pytest.param({"until": NOW - timedelta(minutes=5)}, False, id="the end is not included"),
        pytest.param({"since": NOW - timedelta(minutes=5)}, True, id="the beginning is included"),
    ],
)
def test_which_records_match(filters: dict[str, Any], matches: bool) -> None:
    assert replace(WEEK, **filters).matches(record(5)) is matches


RECORDS = st.lists(
    st.builds(
        record,
        st.integers(0, 3 * 31 * 24 * 60),
        outcome=st.sampled_from(ALL),
        account=st.sampled_from(["300000000001", "300000000002", "400000000001"]),
        region=st.sampled_from(["eu-west-1", "us-east-1"]),
        repository=st.sampled_from(["team-a/api", "team-b/api", "x"]),
    ),
    min_size=1,
    unique_by=lambda one: (one.account, one.at),
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "outcomes": st.sets(st.sampled_from(ALL), min_size=1).map(tuple),
        "accounts": st.sets(st.sampled_from(["300000000001", "300000000002"])).map(tuple),
        "regions": st.sets(st.sampled_from(["eu-west-1"])).map(tuple),
        "repositories": st.sets(st.sampled_from(["team-a/api", "team-*/**", "x"])).map(tuple),
        "oldest_first": st.booleans(),
    },
)


@given(records=RECORDS, filters=FILTERS, size=st.integers(1, 5))
def test_every_matching_record_is_returned_once_and_in_order_whichever_key_is_used(
    records: list[Record], filters: dict[str, Any], size: int
) -> None:
    query = everything(records, **filters)
    found = list(read(query, MemoryLedger(records, page_size=size)))
    times = [one.event_time for one in found]
    assert times == sorted(times, reverse=not query.oldest_first)
    expected = sorted((one.account, one.at) for one in records if query.matches(one))
    assert sorted((one.account, one.at) for one in found) == expected


def test_no_more_is_read_than_is_consumed() -> None:
    ledger = MemoryLedger([record(number) for number in range(1000)])
    usage = Usage()
    assert len(list(islice(read(everything(ledger.records), ledger, usage=usage), 5))) == 5
    assert usage.calls == len(ledger.calls) == 8  # two pages of `created`, and one empty one of each other outcome
    assert usage.capacity == 4.0


def test_omitted_records_are_counted_as_far_as_is_cheap() -> None:
    few = MemoryLedger([record(number, outcome="exists") for number in range(7)], page_size=250)
    assert count_omitted(everything(few.records), few, oldest_shown=None, usage=Usage()) == OmittedCount(
        7, is_exact=True
    )
    assert count_omitted(everything(few.records), few, oldest_shown=record(3), usage=Usage()) == OmittedCount(
        4, is_exact=True
    )
    many = MemoryLedger([record(number, outcome="ignored") for number in range(3000)], page_size=250)
    counted = count_omitted(everything(many.records), many, oldest_shown=None, usage=Usage())
    assert counted == OmittedCount(MOST_COUNTED, is_exact=False)


@given(
    outcomes=st.lists(st.sampled_from(["created", "exists", "ignored"]), min_size=1, max_size=12),
    regions=st.lists(st.sampled_from(["eu-west-1", "eu-west-2"]), min_size=12, max_size=12),
    most=st.integers(1, 12),
)
def test_a_list_never_reports_more_omitted_records_than_exist(
    outcomes: list[Outcome], regions: list[str], most: int
) -> None:
    records = [
        record(number, outcome=outcome, region=region)
        for number, (outcome, region) in enumerate(zip(outcomes, regions, strict=False))
    ]
    query = everything(records, regions=("eu-west-1",))
    omitted = [one for one in records if replace(query, outcomes=OTHERS).matches(one)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deployer.audit.reading.MOST_COUNTED", most)
        counted = count_omitted(query, MemoryLedger(records), oldest_shown=None, usage=Usage())
    assert counted.number <= len(omitted)
    assert counted.number == len(omitted) or not counted.is_exact
    numbers = [int(found) for line in omitted_lines(counted) for found in re.findall(r"\d+", line.text)]
    assert numbers == ([counted.number] if counted.number else [])


def test_a_count_that_ends_with_the_last_record_is_exact() -> None:
    ledger = MemoryLedger([record(number, outcome="exists") for number in range(MOST_COUNTED)], page_size=250)
    query = everything(ledger.records, accounts=(ledger.records[0].account,))
    counted = count_omitted(query, ledger, oldest_shown=None, usage=Usage())
    assert counted == OmittedCount(MOST_COUNTED, is_exact=True)


def test_many_records_that_do_not_match_are_not_reported_as_omitted() -> None:
    ledger = MemoryLedger([record(number, outcome="ignored") for number in range(3000)], page_size=250)
    query = everything(ledger.records, regions=("eu-west-2",))
    counted = count_omitted(query, ledger, oldest_shown=None, usage=Usage())
    assert counted == OmittedCount(0, is_exact=False)
    lines = [line.text for line in omitted_lines(counted)]
    assert max(len(line) for line in lines) <= 80
    assert "Omitted" not in " ".join(lines)
    assert "Not all records" in " ".join(lines)


def test_following_shows_each_new_record_once_however_late_its_event_is() -> None:
    ledger = MemoryLedger([record(1), record(2), record(3)])
    arriving: list[list[Record]] = [[], [record(0)], [record(14, event_id="late")], [record(60, event_id="too old")]]

    def moments() -> Iterator[datetime]:
        for records in arriving:
            yield NOW
            ledger.records += records

    known = [record(1), record(2)]
    followed = follow(everything(ledger.records), ledger, known, moments=moments(), usage=Usage())
    assert [one.event_id for one in followed] == [record(2).event_id, record(1).event_id, record(0).event_id, "late"]


def test_pages_grow_if_few_records_match() -> None:
    sizes: list[int | None] = []

    class SizedLedger(MemoryLedger):
        def page(self, index_key: IndexKey, query: Query, *, start: Any = None, size: int | None = None) -> Page:
            if index_key.key.startswith("created"):
                sizes.append(size)
            return super().page(index_key, query, start=start, size=size)

    ledger = SizedLedger([record(number) for number in range(2500)], page_size=1000)
    nothing = everything(ledger.records, regions=("us-east-1",))
    assert list(read(nothing, ledger, page_size=100)) == []
    assert sizes == [100, 400, None, None]


def test_repositories_created_by_our_templates_are_found_by_how_although_they_are_decisions() -> None:
    native, handled, theirs = record(1, engine="native"), record(2), observed(3)
    found = [
        one for one in (native, handled, theirs) if Query(since=WEEK.since, until=NOW, hows=("native",)).matches(one)
    ]
    assert found == [native]
    both = Query(since=WEEK.since, until=NOW, hows=("native", "by hand"), actions=("created",))
    assert [one for one in (native, handled, theirs) if both.matches(one)] == [native, theirs]
    assert not replace(both, actions=("deleted",)).matches(native)

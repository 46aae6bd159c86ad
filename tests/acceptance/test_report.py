"""The report states that a sandbox proves nothing, and can be published."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acceptance.catalogue import catalogue
from acceptance.check import Finding, held, not_run, refuted
from acceptance.report import Report, Result, markdown

FINDINGS = (
    held("It did | so", account="111122223333", event={"account": "111122223333"}),
    refuted("AWS said no to 111122223333", refusal={"code": "ValidationError"}),
    not_run("It needs something"),
)


def report(*findings: Finding, is_sandbox: bool) -> Report:
    return Report(
        results=[
            Result(check=check, finding=one, seconds=1) for check, one in zip(catalogue(), findings, strict=False)
        ],
        started=datetime(2026, 11, 28, tzinfo=UTC),
        version="1.2.3",
        is_sandbox=is_sandbox,
        prefix="accept-1a2b3c4d",
        names=["Shop Prod", "ecr"],
        leftovers=["stack x: account 111122223333 denied it"],
    )


@pytest.mark.parametrize("is_sandbox", [True, False], ids=["sandbox", "AWS"])
def test_only_aws_proves_anything(is_sandbox: bool) -> None:
    document = report(*FINDINGS, is_sandbox=is_sandbox).document()
    assert [one["verdict"] for one in document["checks"]] == ["held", "refuted", "not run"]
    assert [one["proven"] for one in document["checks"]] == ([False] * 3 if is_sandbox else [True, True, False])
    text = markdown(document)
    assert ("proves no assumption" in text) == is_sandbox
    assert ("| A1 | held by the sandbox's model |" if is_sandbox else "| A1 | held |") in text


def test_accounts_are_replaced_in_every_file(tmp_path: Path) -> None:
    files = report(*FINDINGS, is_sandbox=False).write(tmp_path)
    assert {file.name for file in files} == {"report.json", "report.md", "A1.json"}
    for file in files:
        text = file.read_text()
        assert "111122223333" not in text
        assert "300000000001" in text
    assert json.loads((tmp_path / "events" / "A1.json").read_text()) == {"account": "300000000001"}


def test_names_of_accounts_and_ous_are_replaced_and_the_name_of_the_service_remains() -> None:
    found = refuted("Nothing in Shop Prod", printed="Shop Prod: ecr.amazonaws.com", record={"account_name": "shop-1"})
    text = json.dumps(report(found, is_sandbox=False).document()["checks"])
    assert "Shop Prod" not in text
    assert "shop-1" not in text
    assert "ecr.amazonaws.com" in text


def test_text_cannot_end_a_table_cell() -> None:
    assert r"It did \| so" in markdown(report(FINDINGS[0], is_sandbox=False).document())

"""docs/ledger.md lists every attribute of a record, and contrib/athena.sql the columns of an export."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deployer.audit.documents import COLUMNS
from handler.records import VERSION, Record
from tests.deployer.audit.ledgers import record

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")


def complete() -> Record:
    """A record with all attributes."""
    absent: dict[str, Any] = {
        field.name: datetime(2026, 11, 23, tzinfo=UTC) if field.name == "created_at" else "x"
        for field in fields(Record)
        if getattr(record(), field.name) is None
    }
    return replace(record(outcome="exists"), **absent)


def test_every_attribute_of_an_item_is_listed_and_no_other() -> None:
    section = PAGE.partition("## What a record holds")[2].partition("Items whose")[0]
    lines = [line.partition(": ")[0] for line in section.splitlines() if line.startswith("- `")]
    described = {name for line in lines for name in re.findall(r"`(\w+)`", line)}
    assert described == set(complete().to_item())
    assert f"- `version`: {VERSION}, or 2 with" in section


def test_the_table_for_athena_has_the_columns_of_an_export() -> None:
    statement = (ROOT / "contrib" / "athena.sql").read_text(encoding="utf-8")
    columns = statement.partition("CREATE EXTERNAL TABLE ledger (")[2].partition(")\nPARTITIONED")[0]
    assert tuple(column.split()[0] for column in columns.split(",")) == COLUMNS

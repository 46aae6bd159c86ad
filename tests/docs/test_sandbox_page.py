"""docs/sandbox.md describes the actual example organization."""

from __future__ import annotations

from pathlib import Path

from tests.example_organization import EXAMPLE

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_the_table_has_every_ou_with_its_accounts() -> None:
    section = PAGE.partition("## The example organization")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in section.splitlines() if line.startswith("| ")]
    rows_by_ou = dict(rows[2:])
    assert set(rows_by_ou) == {EXAMPLE.path(ou.id) for ou in EXAMPLE.ous.values() if ou.parent_id}
    for ou in EXAMPLE.ous.values():
        if ou.parent_id:
            assert [
                account.name
                for account in EXAMPLE.accounts_in(ou.id)
                if account.name not in rows_by_ou[EXAMPLE.path(ou.id)]
            ] == []
    assert f"{len(EXAMPLE.accounts)} accounts in nine OUs" in section

"""How a report reads the document of `audit verify --json`."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from deployer.drift.findings import RepositoryStatus
from deployer.reporting.verification import verification_from


def document(verdict: str) -> dict[str, Any]:
    repository: dict[str, Any] = {
        "account": "300000000001", "name": "shop-prod", "region": "eu-west-1", "repository": "team-a/api",
        "verdict": verdict, "differences": [], "note": None, "blank": False,
    }  # fmt: skip
    return {"at": "2026-11-28T08:00:00Z", "repositories": [repository], "unread": []}


@pytest.mark.parametrize("verdict", get_args(RepositoryStatus))
def test_every_verdict_of_a_verification_is_read(verdict: str) -> None:
    found = verification_from(document(verdict))
    assert found.in_sync == (verdict == "in sync")
    assert [one.state for one in found.judged] == ([] if verdict in ("in sync", "under way", "deleted") else [verdict])


def test_an_unknown_verdict_of_another_version_is_refused_and_not_omitted() -> None:
    with pytest.raises(ValueError, match="in step"):
        verification_from(document("in step"))

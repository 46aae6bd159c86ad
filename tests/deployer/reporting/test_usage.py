"""How a report reads the document of `audit usage --json`."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.rendering.usage import usage_document
from deployer.reporting.usage import usage_from
from deployer.usage.findings import USAGE_KINDS
from tests.deployer.reporting.pages import usage
from tests.deployer.usage.examples import report
from tests.example_organization import EXAMPLE


def test_sums_come_from_the_document_the_largest_first() -> None:
    found = usage()
    assert [(one.name, one.total.repositories) for one in found.ous] == [("Workloads/Prod", 4), ("Workloads/Dev", 1)]
    assert [(one.name, one.id) for one in found.accounts] == [
        ("search-prod", "300000000002"),
        ("shop-prod", "300000000001"),
        ("shop-dev", "400000000001"),
    ]
    assert found.total.images.images == sum(one.total.images.images for one in found.ous)
    assert [note.kind for note in found.notes] == [*USAGE_KINDS, "unread"]
    assert (found.others, found.unread) == (7, 1)


def test_an_empty_usage_needs_no_attention() -> None:
    found = usage_from(usage_document(report(), EXAMPLE, reads_others=False))
    assert (found.ous, found.accounts, found.notes) == ((), (), ())


@pytest.mark.parametrize("document", [{}, [], {"at": "2026-11-28T08:00:00Z"}, {"at": "today"}])
def test_other_documents_are_refused(document: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        usage_from(document)


def test_an_unknown_finding_of_another_version_is_refused_and_not_omitted() -> None:
    document: Any = usage_document(report(), EXAMPLE, reads_others=False)
    place = {"account": "300000000001", "name": None, "region": "eu-west-1", "repository": "team-a/api"}
    document["repositories"] = [{**place, "bytes": 5, "findings": ["on-fire"]}]
    with pytest.raises(KeyError, match="on-fire"):
        usage_from(document)

"""The keys of the table or of an index that a query reads, and their order. Pure.

A repository by name is read from the index by repository and an account from the table itself, since both hold only
what is requested. All else is read from the index by outcome: month by month, the keys of a month in parallel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deployer.audit.query import Query
from handler.records import outcome_months

Index = Literal["table", "by-outcome", "by-repository", "by-event"]

_MOST_ACCOUNTS = 32
"""Read in parallel; if there are more, they are filtered from the index by outcome."""


@dataclass(frozen=True, slots=True)
class IndexKey:
    """Records under one partition key, in the order of their sort key."""

    index: Index
    key: str


def index_keys_of(query: Query) -> Iterator[tuple[IndexKey, ...]]:
    """Groups of keys: the records of a group are merged, and one group follows the other in time."""
    if names := query.exact_repositories:
        yield tuple(IndexKey("by-repository", name) for name in names)
    elif 0 < len(query.accounts) <= _MOST_ACCOUNTS:
        yield tuple(IndexKey("table", account) for account in dict.fromkeys(query.accounts))
    else:
        months = list(_months(query.since, query.until))
        for month in months if query.oldest_first else reversed(months):
            yield tuple(
                IndexKey("by-outcome", key) for outcome in query.outcomes for key in outcome_months(outcome, month)
            )


def _months(since: datetime, until: datetime) -> Iterator[str]:
    """`2026-11` and so on: every month of the time range."""
    year, month = since.year, since.month
    while (year, month) <= (until.year, until.month):
        yield f"{year:04}-{month:02}"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)

"""Reading the ledger: which records, in which order, by which key or index. Never a scan; AWS is behind a Protocol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import merge
from itertools import islice
from typing import Protocol

from handler.reasons import Outcome
from handler.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which records are asked for: the newest `limit` of those that match all that is said.

    `since` and `until` are days in UTC, both included.
    """

    since: date
    until: date
    accounts: tuple[str, ...] = ()
    repository: str | None = None
    regions: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    limit: int = 100

    def matches(self, record: Record) -> bool:
        """Whether a record is one of those asked for."""
        return (
            (not self.accounts or record.account in self.accounts)
            and (self.repository is None or record.repository == self.repository)
            and (not self.regions or record.region in self.regions)
            and (not self.outcomes or record.outcome in self.outcomes)
        )


class Ledger(Protocol):
    """The ledger's records by key and index, the newest first, page by page as they are consumed."""

    def of_account(self, account: str, *, since: date, until: date) -> Iterator[Record]: ...

    def of_repository(self, repository: str, *, since: date, until: date) -> Iterator[Record]: ...

    def of_day(self, day: date) -> Iterator[Record]: ...


def find_records(question: Question, ledger: Ledger) -> list[Record]:
    """The newest records that match, by the key that reads the fewest: repository, else accounts, else days."""
    matching = (record for record in _candidates(question, ledger) if question.matches(record))
    return list(islice(matching, question.limit))


def _candidates(question: Question, ledger: Ledger) -> Iterator[Record]:
    since, until = question.since, question.until
    if question.repository is not None:
        return ledger.of_repository(question.repository, since=since, until=until)
    if question.accounts:
        each = (ledger.of_account(account, since=since, until=until) for account in question.accounts)
        return merge(*each, key=lambda record: record.at, reverse=True)
    return (record for day in _days(since, until) for record in ledger.of_day(day))


def _days(since: date, until: date) -> Iterator[date]:
    day = until
    while day >= since:
        yield day
        day -= timedelta(days=1)

"""Finds the decision for a repository's name or an event's id. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby, islice
from typing import Protocol

from deployer.audit.adopted import ADOPTIONS
from deployer.audit.lifetimes import EMPTY, Lifetime, is_creation, lifetimes_of
from deployer.audit.query import ALL, BEGINNING, DECISIONS, OTHERS, Query
from deployer.audit.reading import Ledger, Usage, read
from handler import reasons
from handler.records import Record

HISTORY = 20
CALLED = frozenset({reasons.NOT_A_PUSH, reasons.ALREADY_EXISTS, *reasons.OUTCOMES["refused"]})
"""Reasons of records whose caller tried to use a repository of the name."""
_ONE_PUSH = timedelta(minutes=1)
_MOST_EXAMINED = 50_000
_END = datetime(9999, 12, 31, tzinfo=UTC)
"""After every record."""


class EventLedger(Ledger, Protocol):
    """A ledger that can be read by event."""

    def of_event(self, event_id: str, *, usage: Usage | None = None) -> Iterator[Record]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDecision:
    """The decision to report, and others about the same repository, the newest first."""

    record: Record
    history: tuple[Record, ...] = ()
    lifetime: Lifetime = EMPTY
    """The repository's own lifetime, which the decision is a part of."""
    pusher: str | None = None
    """Who pushed to a repository that ECR created, by another record of the ledger; None if none names one caller."""


def find(target: str, ledger: EventLedger, *, within: Query, usage: Usage) -> list[FoundDecision]:
    """One for an event; for a name one of each registry that it was pushed to. Empty if no record exists.

    Of `within` only accounts and regions count.
    """
    found = _found_decisions(target, ledger, within=within, usage=usage)
    return [replace(one, pusher=_pusher(one.record, ledger, usage)) for one in found]


def _found_decisions(target: str, ledger: EventLedger, *, within: Query, usage: Usage) -> list[FoundDecision]:
    rounds = [record for record in ledger.of_event(target, usage=usage) if _is_within(record, within)]
    if rounds:
        last = rounds[-1]
        others = _of_repository(last.repository, ledger, replace(within, accounts=(last.account,)), usage)
        return [_found(last, (one for one in others if one.region == last.region))]
    records = sorted(_of_repository(target, ledger, within, usage), key=_registry)
    return [_of_registry(list(some)) for _, some in groupby(records, key=_registry)]


def _of_repository(name: str | None, ledger: Ledger, within: Query, usage: Usage) -> Iterable[Record]:
    """Noteworthy decisions, the newest first; all others if none is."""
    if name is None:
        return []
    query = replace(within, since=BEGINNING, until=_END, repositories=(name,))
    own = Usage()
    records = list(islice(read(query, ledger, usage=own, most_examined=_MOST_EXAMINED), 1000))
    if not records:
        others = replace(query, outcomes=OTHERS)
        records = list(islice(read(others, ledger, usage=own, page_size=HISTORY), HISTORY))
    usage.merge(own)
    return records


def _of_registry(records: list[Record]) -> FoundDecision:
    """The creation in the newest lifetime, decided or observed, or an adoption since; else its newest record."""
    newest = lifetimes_of(records)[-1][::-1]
    created = (one for one in newest if one.outcome in ("created", "violation", *ADOPTIONS))
    return _found(next(chain(created, filter(is_creation, newest)), newest[0]), sorted(records, key=_at, reverse=True))


def _found(record: Record, others: Iterable[Record]) -> FoundDecision:
    every = [one for one in others if (one.account, one.at) != (record.account, record.at)]
    own = next(lifetime for lifetime in lifetimes_of([*every, record]) if record in lifetime)
    return FoundDecision(record=record, history=tuple(every[:HISTORY]), lifetime=Lifetime.of(own))


def _pusher(record: Record, ledger: Ledger, usage: Usage) -> str | None:
    """The caller of other calls for the name at the time when ECR created it.

    The event of the creation names the role of the template only. But clients look for layers before they push, and
    these calls fail, since there is no repository yet (assumption A27); their records have the caller.
    """
    if record.engine is None or record.repository is None or record.region is None:
        return None
    query = Query(
        since=record.event_time - _ONE_PUSH,
        until=record.event_time + _ONE_PUSH,
        outcomes=(*DECISIONS, *OTHERS),
        accounts=(record.account,),
        regions=(record.region,),
        repositories=(record.repository,),
    )
    others = (one for one in read(query, ledger, usage=usage) if one.engine is None and one.reason in CALLED)
    callers = {one.caller for one in others if one.caller}
    return callers.pop() if len(callers) == 1 else None


def _is_within(record: Record, within: Query) -> bool:
    return replace(within, since=BEGINNING, until=_END, outcomes=ALL).matches(record)


def _at(record: Record) -> str:
    return record.at


def _registry(record: Record) -> tuple[str, str]:
    return record.account, record.region or ""

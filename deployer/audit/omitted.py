"""The number of decisions that a list omits, counted only as far as is cheap."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployer.audit.query import OTHERS, Query
from deployer.audit.reading import Ledger, Usage, read
from handler.records import Record

MOST_EXAMINED = 1000
_PAGE = 250


@dataclass(frozen=True, slots=True)
class OmittedCount:
    """`number` of `exists` and `ignored` records; at least as many if `is_exact` is False."""

    number: int
    is_exact: bool


def count_omitted(query: Query, ledger: Ledger, *, oldest_shown: Record | None, usage: Usage) -> OmittedCount:
    """Count what matches except for its outcome, back to the oldest record that is shown."""
    since = oldest_shown.event_time if oldest_shown else query.since
    own = Usage()
    others = read(
        replace(query, outcomes=OTHERS, since=since), ledger, usage=own, page_size=_PAGE, most_examined=MOST_EXAMINED
    )
    number = sum(1 for _ in others)
    usage.merge(own)
    return OmittedCount(number, is_exact=own.examined < MOST_EXAMINED)

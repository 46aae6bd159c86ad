"""The ledger's records of one account's repositories, in the form that reading its registries needs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from handler.records import Record


@dataclass(frozen=True, slots=True)
class AccountRecords:
    """An account's records of repositories, of all regions."""

    ours: tuple[Record, ...]
    """Of repositories that were created or adopted, without those that were released since."""
    deleted: Mapping[tuple[str, str], Record]
    """The last observed deletion, by region and name."""
    released: Mapping[str, datetime]
    """When adoptions were undone, by event."""
    by_event: Mapping[str, Record]
    """The last record of each event."""

    @classmethod
    def of(cls, records: Iterable[Record]) -> AccountRecords:
        """From the records, the oldest first: an adoption that follows a release counts."""
        ours: list[Record] = []
        deleted: dict[tuple[str, str], Record] = {}
        released: dict[str, datetime] = {}
        for record in records:
            if record.action == "deleted":
                _keep_last(deleted, record)
            elif record.outcome == "released":
                released[record.event_id] = record.event_time
            else:
                ours.append(record)
                released.pop(record.event_id, None)
        kept = tuple(record for record in ours if record.event_id not in released)
        return cls(kept, deleted, released, {record.event_id: record for record in kept})

    def by_region(self, is_selected: Callable[[str], bool]) -> Mapping[str, Mapping[str, list[Record]]]:
        """Those of selected names, by region and name."""
        known: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
        for record in self.ours:
            if record.region and record.repository and is_selected(record.repository):
                known[record.region][record.repository].append(record)
        return known


def _keep_last(deleted: dict[tuple[str, str], Record], record: Record) -> None:
    key = (record.region or "", record.repository or "")
    if key not in deleted or deleted[key].event_time <= record.event_time:
        deleted[key] = record

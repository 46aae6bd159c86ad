"""Metrics of the sandbox's services, by their names in CloudWatch; for tests and for CloudWatch itself."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aws_org_sandbox.seams import on_reset

Dimensions = frozenset[tuple[str, str]]


KEPT_MINUTES = 180
"""Of each metric, those in which it was counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """The sum of one metric in one minute."""

    name: str
    dimensions: Mapping[str, str]
    at: datetime
    sum: float


class Metrics:
    """Sums of metrics by namespace, name and dimensions (`FunctionName`, `RuleName`, `AccountId`, `Region`, …)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: Counter[tuple[str, str, Dimensions]] = Counter()
        self._minutes: dict[tuple[str, str, Dimensions], dict[datetime, float]] = {}

    def count(self, namespace: str, name: str, dimensions: Mapping[str, str], *, by: float = 1) -> None:
        """Add to a metric."""
        key, minute = (
            (namespace, name, frozenset(dimensions.items())),
            datetime.now(UTC).replace(second=0, microsecond=0),
        )
        with self._lock:
            self._sums[key] += by  # type: ignore[assignment]
            minutes = self._minutes.setdefault(key, {})
            minutes[minute] = minutes.get(minute, 0.0) + by
            while len(minutes) > KEPT_MINUTES:
                del minutes[next(iter(minutes))]

    def minutes(self, namespace: str, **dimensions: str) -> Iterator[Minute]:
        """The sums of the latest minutes, by metric."""
        with self._lock:
            found = {key: dict(minutes) for key, minutes in self._minutes.items() if key[0] == namespace}
        for (_, name, of), minutes in found.items():
            if dimensions.items() <= of:
                yield from (Minute(name=name, dimensions=dict(of), at=at, sum=sum_) for at, sum_ in minutes.items())

    def total(self, namespace: str, name: str, **dimensions: str) -> float:
        """The sum of all metrics with these dimensions: `total("AWS/Events", "Invocations", RuleName="forward")`."""
        requested = dimensions.items()
        with self._lock:
            return sum(
                value
                for (space, metric, found), value in self._sums.items()
                if (space, metric) == (namespace, name) and requested <= found
            )

    def clear(self) -> None:
        with self._lock:
            self._sums.clear()
            self._minutes.clear()


metrics = Metrics()
"""Those of this process."""
on_reset(metrics.clear)

"""What the sandbox's services count, by the names that CloudWatch has for it; for tests and for `sandbox status`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from aws_org_sandbox.seams import on_reset

Dimensions = frozenset[tuple[str, str]]


class Metrics:
    """Sums of metrics by namespace, name and dimensions (`FunctionName`, `RuleName`, `AccountId`, `Region`, …)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: Counter[tuple[str, str, Dimensions]] = Counter()

    def count(self, namespace: str, name: str, dimensions: Mapping[str, str], *, by: float = 1) -> None:
        """Add to a metric."""
        with self._lock:
            self._sums[namespace, name, frozenset(dimensions.items())] += by  # type: ignore[assignment]

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


metrics = Metrics()
"""Those of this process."""
on_reset(metrics.clear)

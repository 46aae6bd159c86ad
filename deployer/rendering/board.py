"""The live view: a bar for each StackSet and region, the current step, its duration, the last failures. Pure.

It turns events into lines that fit a width and a height; `deployer.rendering.live` writes them to a terminal.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass

from deployer.organization import Organization
from deployer.rendering.suspended import skipped_results, skipped_text
from deployer.rendering.text import Line, Tone, cut, padded
from deployer.rollout.causes import shortened
from deployer.rollout.operations import OVER
from deployer.rollout.progress import (
    Event,
    OperationAttached,
    OperationProgress,
    OperationStarted,
    OperationWaitedFor,
    StackProgress,
    StepEnded,
    StepStarted,
)
from deployer.stack_sets import InstanceCounts, InstanceKey, InstanceResult
from deployer.words import counted

FULL, EMPTY = "━", "╌"
_FAILURES = 3
_LONGEST_BAR = 24
_SHORTEST_BAR = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """Progress of one StackSet in one region."""

    over: int
    failed: int
    total: int

    @property
    def is_over(self) -> bool:
        return self.over == self.total


class Board:
    """The state of a roll-out while it runs."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._steps: list[str] = []
        self._note = ""
        self._statuses: dict[tuple[str, str], dict[str, str]] = {}
        """The last status of each account, by StackSet and region; of all operations, so that no bar moves back."""
        self._counted: dict[tuple[str, str], dict[str, InstanceCounts]] = {}
        """The counts of each operation, by StackSet and region, from AWS that counts them."""
        self._failures: deque[str] = deque(maxlen=_FAILURES)
        self._failed = 0
        self._skipped: dict[str, frozenset[InstanceKey]] = {}
        """Of the last operation of each StackSet."""

    def apply(self, event: Event) -> None:
        """Apply an event."""
        match event:
            case StepStarted():
                self._steps.append(event.step)
                self._note = ""
            case StepEnded():
                if event.step in self._steps:
                    self._steps.remove(event.step)
                self._note = ""
            case StackProgress(event=change):
                self._note = f"{change.logical_id} {change.status}"
            case OperationStarted():
                self._note = f"operation {event.operation_id}"
            case OperationAttached():
                self._note = f"following operation {event.operation.id}"
            case OperationWaitedFor():
                done = f"{event.over} of {counted(event.total, 'instance')}"
                self._note = f"waiting for {event.operation.id}, {done}"
            case OperationProgress():
                self._progress(event)

    def _progress(self, event: OperationProgress) -> None:
        skipped = skipped_results(event, self._organization)
        self._skipped[event.stack_set] = skipped
        for region, counts in event.operation.regions.items():
            self._counted.setdefault((event.stack_set, region), {})[event.operation.id] = counts
        for result in event.changed:
            if event.operation.counts is None:
                self._statuses.setdefault((event.stack_set, result.region), {})[result.account] = result.status
            if result.status == "FAILED" and result.key not in skipped:
                self._failed += 1
                self._failures.append(self._failure(result))

    def _failure(self, result: InstanceResult) -> str:
        known = self._organization.accounts.get(result.account)
        name = known.name if known else result.account
        return f"{name} {result.region}: {shortened(result.reason) or 'no reason given'}"

    def lines(self, *, width: int, height: int, elapsed: float) -> list[Line]:
        """The whole view, in at most `height` lines of at most `width` characters."""
        lines = [self._heading(width, elapsed)]
        if self._note:
            lines.append(Line(f"  {self._note}", "quiet"))
        skipped = [key for keys in self._skipped.values() for key in keys]
        if skipped:
            lines.append(Line(f"  {skipped_text(self._organization, skipped)}", "quiet"))
        failures = [Line(f"  {text}", "bad") for text in self._failures]
        if failures:
            failures.insert(0, Line(f"last of {counted(self._failed, 'failure')}", "bad"))
        room = max(1, height - len(lines) - len(failures))
        lines += [*self._rows(width, room), *failures]
        return [Line(cut(line.text, width), line.tone) for line in lines[:height]]

    def _heading(self, width: int, elapsed: float) -> Line:
        clock = f"{int(elapsed) // 3600}:{int(elapsed) // 60 % 60:02}:{int(elapsed) % 60:02}"
        steps = cut(" > ".join(self._steps) or "looking", width - len(clock) - 2)
        return Line(padded(steps, width - len(clock) - 1) + clock, "heading")

    def _rows(self, width: int, room: int) -> list[Line]:
        """Unfinished bars first, if not all fit."""
        found = {place: _bar(statuses.values()) for place, statuses in self._statuses.items()}
        found |= {place: _counted_bar(counts.values()) for place, counts in self._counted.items()}
        bars = sorted(found.items())
        if len(bars) > room:
            bars = sorted(bars, key=lambda item: item[1].is_over)[: max(0, room - 1)]
            bars.sort()
        names = max((len(name) for (name, _), _ in bars), default=0)
        regions = max((len(region) for (_, region), _ in bars), default=0)
        rows = [_row(name.ljust(names), region.ljust(regions), bar, width) for (name, region), bar in bars]
        if hidden := len(found) - len(bars):
            rows.append(Line(f"  and {hidden} more", "quiet"))
        return rows


def _bar(statuses: Collection[str]) -> Bar:
    by_status = Counter(statuses)
    return Bar(sum(by_status[status] for status in OVER), by_status["FAILED"], len(statuses))


def _counted_bar(operations: Collection[InstanceCounts]) -> Bar:
    return Bar(
        sum(one.completed for one in operations),
        sum(one.failed for one in operations),
        sum(one.total for one in operations),
    )


def _row(name: str, region: str, bar: Bar, width: int) -> Line:
    count = f"{bar.over:,}/{bar.total:,}".rjust(11)
    failed = f"  {bar.failed:,} failed" if bar.failed else ""
    room = width - len(name) - len(region) - len(count) - 16  # blanks, and room for what failed
    size = max(_SHORTEST_BAR, min(_LONGEST_BAR, room))
    full = size * bar.over // bar.total if bar.total else size
    tone: Tone = "bad" if bar.failed else "add" if bar.is_over else ""
    return Line(f"  {name}  {region}  {FULL * full}{EMPTY * (size - full)}{count}{failed}", tone)

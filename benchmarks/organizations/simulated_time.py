"""Time that passes when a command waits or calls AWS, and in which StackSet operations end.

The command runs as its own process and reports each wait and each call through a pipe. So hours pass in seconds, and
what they were spent on is known. CPU time of the command does not pass here; it is measured and added.
"""

from __future__ import annotations

import heapq
import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from threading import Thread
from unittest.mock import patch

from aws_org_sandbox import background
from aws_org_sandbox.stack_sets import operations
from aws_org_sandbox.stack_sets.model import Operation, StackSet

STACK_SECONDS = 30.0
"""What a stack takes in AWS."""
AT_ONCE = 10_000
"""Quota of CloudFormation: concurrent instance operations of a region."""

Reporting = tuple[dict[str, str], tuple[int, ...]]
"""The environment variable and the file descriptors through which a command reports."""


@dataclass
class SimulatedTime:
    """Seconds since the beginning; `spent` has them by purpose: `operations`, `rate limits`, `calls`."""

    now: float = 0.0
    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Act when so many seconds have passed."""
        heapq.heappush(self._due, (self.now + seconds, next(self._order), act))

    def pass_by(self, seconds: float, spent_on: str) -> None:
        """Let seconds pass, once operations that were accepted have begun."""
        background.scheduler.settle(60.0)
        self.spent[spent_on] += seconds
        self.now += seconds
        while self._due and self._due[0][0] <= self.now:
            heapq.heappop(self._due)[2]()

    @contextmanager
    def serving(self) -> Iterator[Reporting]:
        """Let a command report."""
        (requests, report), (answers, answer) = os.pipe(), os.pipe()
        thread = Thread(target=self._serve, args=[requests, answer], daemon=True)
        thread.start()
        try:
            yield {"SIMULATED_TIME": f"{answers},{report}"}, (answers, report)
        finally:
            os.close(report)
            os.close(answers)
            thread.join()

    def _serve(self, requests: int, answer: int) -> None:
        with os.fdopen(requests, encoding="utf-8") as lines, os.fdopen(answer, "wb", buffering=0) as answers:
            for line in lines:
                seconds, _, spent_on = line.strip().partition(" ")
                self.pass_by(float(seconds), spent_on)
                answers.write(b".")

    @contextmanager
    def of_operations(self) -> Iterator[None]:
        """Let StackSet operations take their time, without stacks in the members, which a roll-out never reads."""

        def run(stack_set: StackSet, operation: Operation) -> None:
            operation.is_resolved = True
            self.after(_seconds(operation), lambda: _end(stack_set, operation))

        with patch.object(operations, "_run", run):
            yield


def _seconds(operation: Operation) -> float:
    """Accounts of a region in groups, regions side by side or in turn, as the operation's preferences are."""
    accounts = Counter(result.region for result in operation.results.values())
    groups = [ceil(count / min(AT_ONCE, operation.preferences.concurrency(count))) for count in accounts.values()]
    in_turn = max(groups, default=0) if operation.preferences.parallel_regions else sum(groups)
    return operations.START_SECONDS + in_turn * STACK_SECONDS


def _end(stack_set: StackSet, operation: Operation) -> None:
    with stack_set.lock:
        for result in operation.results.values():
            instance = stack_set.instances[result.key]
            instance.last_operation_id, result.status = operation.id, "SUCCEEDED"
            instance.status, instance.detailed = "CURRENT", "SUCCEEDED"
    operations._end(stack_set, operation, "SUCCEEDED")
    operations._start_next(stack_set)

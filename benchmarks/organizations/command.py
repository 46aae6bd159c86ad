"""A command of `deployer` as a process that is measured. It imports nothing else, so its memory is the command's.

Its clock is a simulated one if SIMULATED_TIME names the pipe to it.
"""

from __future__ import annotations

import os
import resource
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import patch

from benchmarks.organizations.latency import LATENCY
from deployer.cli.main import run
from deployer.clock import SYSTEM_CLOCK, Clock


def main(arguments: list[str]) -> int:
    """Run the command; print its CPU seconds and peak memory in MB to stderr."""
    pipe = os.environ.get("SIMULATED_TIME")
    clock = _simulated(pipe) if pipe else SYSTEM_CLOCK
    with _one_after_the_other() if os.environ.get("SIDE_BY_SIDE") == "no" else nullcontext():
        code = run(arguments, clock=clock)
    used = resource.getrusage(resource.RUSAGE_SELF)
    with Path("/proc/self/status").open(encoding="utf-8") as status:
        # not `ru_maxrss`: that of a new process begins with the memory of the one that started it
        (peak,) = [line.split()[1] for line in status if line.startswith("VmHWM")]
    sys.stderr.write(f"\n{used.ru_utime + used.ru_stime} {int(peak) // 1024}\n")
    return code


def _one_after_the_other() -> Any:
    from deployer.aws.stack_sets import CloudFormationStackSets  # noqa: PLC0415 - imports boto3

    return patch.object(CloudFormationStackSets, "prefetch", lambda *_: None)


def _simulated(pipe: str) -> Clock:
    from botocore.client import BaseClient  # noqa: PLC0415 - as the command imports it

    reporter = _Reporter(*map(int, pipe.split(",")), interrupted_after=os.environ.get("INTERRUPTED_AFTER"))
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def timed(*given: Any) -> Any:
        reporter.spend(LATENCY, "calls")
        return call(*given)

    BaseClient._make_api_call = timed  # type: ignore[attr-defined]
    begun = datetime.now(UTC).timestamp()
    return Clock(
        now=lambda: datetime.fromtimestamp(begun + reporter.seconds, UTC),
        monotonic=lambda: reporter.seconds,
        sleep=reporter.sleep,
    )


class _Reporter:
    """Reports what time is spent on, and waits until it has passed."""

    def __init__(self, answers: int, report: int, *, interrupted_after: str | None) -> None:
        self._answers, self._report = answers, report
        self._lock = Lock()
        self._polled = 0.0
        self._interrupted_after = float(interrupted_after or "inf")
        self.seconds = 0.0

    def sleep(self, seconds: float) -> None:
        """What the command's clock does."""
        is_pacing = sys._getframe(1).f_code.co_filename.endswith("pacing.py")
        self.spend(seconds, "rate limits" if is_pacing else "operations")
        if not is_pacing:
            self._polled += seconds
            if self._polled > self._interrupted_after:
                raise KeyboardInterrupt

    def spend(self, seconds: float, spent_on: str) -> None:
        with self._lock:
            self.seconds += seconds
            os.write(self._report, f"{seconds} {spent_on}\n".encode())
            os.read(self._answers, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Runs a command of `deployer` as its own process: its calls, time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_org_sandbox.sandbox import Sandbox
from benchmarks.organizations.simulated_time import Reporting, SimulatedTime
from benchmarks.organizations.sized import CENTRAL_ACCOUNT

PROGRAM = "benchmarks.organizations.command"
OPERATIONS = ("CreateStackInstances", "UpdateStackSet", "UpdateStackInstances", "DeleteStackInstances")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One run of a command; `throttled` calls are no part of `calls`."""

    exit_code: int
    seconds: float
    cpu_seconds: float
    megabytes: int
    calls: Counter[str]
    throttled: int
    read_twice: list[str]
    """StackSets whose instances were listed again although nothing had changed them in between."""
    printed: str

    @property
    def operations(self) -> int:
        """StackSet operations that the command started."""
        return sum(self.calls[f"cloudformation:{call}"] for call in OPERATIONS)


def measure(
    sandbox: Sandbox, config: Path, *arguments: str, clock: SimulatedTime | None = None, **environment: str
) -> Cost:
    """Run a command in real time, or in simulated time."""
    sandbox.calls.clear()
    nothing: Reporting = ({}, ())
    with clock.serving() if clock else nullcontext(nothing) as (variables, descriptors):
        begun = time.perf_counter()
        ran = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-m", PROGRAM, *arguments, "--config", str(config)],
            env={**os.environ, **sandbox.environment(CENTRAL_ACCOUNT), **variables, **environment},
            pass_fds=descriptors,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - begun
    *_, cpu_seconds, megabytes = ran.stderr.split()
    calls = list(sandbox.calls)
    return Cost(
        exit_code=ran.returncode,
        seconds=seconds,
        cpu_seconds=float(cpu_seconds),
        megabytes=int(megabytes),
        calls=Counter(call.name for call in calls if not _is_throttled(call)),
        throttled=sum(map(_is_throttled, calls)),
        read_twice=_read_twice(calls),
        printed=ran.stdout if ran.returncode in {0, 2} else f"{ran.stdout}{ran.stderr}",
    )


def _is_throttled(call: Any) -> bool:
    return call.error_code in {"Throttling", "ThrottlingException", "TooManyRequestsException"}


def _read_twice(calls: list[Any]) -> list[str]:
    read: set[str] = set()
    twice = []
    for call in calls:
        name = call.parameters.get("StackSetName", "")
        if call.operation == "ListStackInstances" and "NextToken" not in call.parameters and not _is_throttled(call):
            twice += [name] if name in read else []
            read.add(name)
        elif call.operation in {*OPERATIONS, "DeleteStackSet", "CreateStackSet"}:
            read.discard(name)
    return twice

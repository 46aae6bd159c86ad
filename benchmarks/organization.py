"""What a plan and a roll-out without changes cost in an organization of 5,000 accounts, 200 OUs and 8 regions.

Run it with `make bench`. Counted are the AWS calls that the sandbox saw, by operation, beside wall time and the peak
memory of the command, which runs as its own process. Claimed is: no call is made for an account or a region by itself.
What grows with accounts x regions is the listing of stack instances alone, a hundred a call; accounts come 20 a call,
OUs one a call; and no call writes. The time in AWS is calculated from the calls: they are made one after the other,
each for as long as AWS's rate limits demand (Organizations 5/s, ListStackInstances 10/s), or 50 ms.

Stacks of members are not built here, which a plan never looks into. Their StackSets, instances and operations are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from unittest.mock import patch

from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.stack_sets import instances as stack_set_instances
from aws_org_sandbox.stack_sets.model import Operation, Result, StackSet
from benchmarks.organizations.sized import CENTRAL_ACCOUNT, sized_organization, write_config
from benchmarks.sizes import holds, size
from deployer.organization import Organization

ACCOUNTS, OUS = size((5_000, 200), small=(60, 12))
CPU_SECONDS, MEGABYTES = 30.0, 150
"""Of the command itself. Most of its wall time it waits for the sandbox."""
MORE_CALLS = 25
"""Of a plan or a roll-out without changes, beyond the pages of accounts, OUs and stack instances."""
SECONDS = {"organizations": 1 / 5, "cloudformation:ListStackInstances": 1 / 10}
"""A call's share of AWS's rate limits, of a service or an operation; any other takes LATENCY."""
LATENCY = 0.05
REGIONS = 17
"""Those that the sandbox's central account has enabled."""
READING = ("Describe", "List", "Get", "Head")
COMMAND = """
import pathlib, resource, sys
from deployer.cli.main import run
code = run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
(peak,) = [line.split()[1] for line in pathlib.Path("/proc/self/status").open() if line.startswith("VmHWM")]
print(used.ru_utime + used.ru_stime, int(peak) // 1024, file=sys.stderr)
sys.exit(code)
"""
"""The peak is not `ru_maxrss`: that of a new process begins with the memory of the one that started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One run of a command."""

    exit_code: int
    seconds: float
    cpu_seconds: float
    megabytes: int
    calls: Counter[str]


def main() -> int:
    """Roll out once, then measure commands that only read; fail if a claim does not hold."""
    organization = sized_organization(accounts=ACCOUNTS, ous=OUS)
    with tempfile.TemporaryDirectory() as folder, Sandbox(organization=organization, time_scale=0) as sandbox:
        config = Path(folder)
        write_config(config, organization)
        with _members_without_stacks():
            first = measure(sandbox, config, "rollout", "--org", "--yes")
            sandbox.settle()
        instances = _instances(sandbox)
        _print(f"{ACCOUNTS:,} accounts, {OUS} OUs, 8 regions: {sum(instances.values()):,} stack instances")
        report("first roll-out", first)
        plan, again = measure(sandbox, config, "plan"), measure(sandbox, config, "rollout", "--org", "--yes")
    report("plan", plan)
    report("no-op roll-out", again)
    failures = [*_broken(plan, organization, instances), *_broken(again, organization, instances)]
    for failure in failures:
        _print(f"FAILED: {failure}")
    return 1 if failures or first.exit_code else 0


def measure(sandbox: Sandbox, config: Path, *arguments: str) -> Cost:
    """Run a command of `deployer` as its own process."""
    sandbox.calls.clear()
    begun = time.perf_counter()
    ran = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", COMMAND, *arguments, "--config", str(config)],
        env=os.environ | sandbox.environment(CENTRAL_ACCOUNT),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    if ran.returncode:
        _print(f"{ran.stdout}{ran.stderr}"[-2000:])
    *_, cpu_seconds, megabytes = ran.stderr.split()
    return Cost(
        exit_code=ran.returncode,
        seconds=seconds,
        cpu_seconds=float(cpu_seconds),
        megabytes=int(megabytes),
        calls=Counter(call.name for call in sandbox.calls),
    )


def report(name: str, cost: Cost) -> None:
    """One line for the whole, one for each operation that was called."""
    used = f"{cost.seconds:.1f} s ({cost.cpu_seconds:.1f} s CPU), {cost.megabytes} MB"
    _print(f"\n{name}: {cost.calls.total():,} calls, {used}")
    _print(f"  in AWS about {_in_aws(cost):.0f} s of calls, at its rate limits and {LATENCY * 1000:.0f} ms a call")
    _print(f"  {cost.seconds - cost.cpu_seconds:.0f} s waiting, {_operations(cost)} StackSet operations")
    for operation, count in cost.calls.most_common():
        _print(f"  {count:>6,} {operation}")


def _in_aws(cost: Cost) -> float:
    """Seconds that the calls take one after the other; operations themselves come on top."""
    return sum(
        count * SECONDS.get(call, SECONDS.get(call.partition(":")[0], LATENCY)) for call, count in cost.calls.items()
    )


def _operations(cost: Cost) -> int:
    return sum(
        cost.calls[f"cloudformation:{call}"]
        for call in ("CreateStackInstances", "UpdateStackSet", "UpdateStackInstances", "DeleteStackInstances")
    )


def _pages(expected: dict[str, int]) -> int:
    return sum(count for call, count in expected.items() if not call.endswith("AutoDeploymentTargets"))


@contextmanager
def _members_without_stacks() -> Iterator[None]:
    def perform(stack_set: StackSet, operation: Operation, result: Result) -> None:
        with stack_set.lock:
            instance = stack_set.instances[result.key]
            instance.last_operation_id, result.status = operation.id, "SUCCEEDED"
            instance.status, instance.detailed = "CURRENT", "SUCCEEDED"

    with patch.object(stack_set_instances, "perform", perform):
        yield


def _instances(sandbox: Sandbox) -> dict[str, int]:
    """Instances of each StackSet."""
    client = sandbox.client("cloudformation", account=CENTRAL_ACCOUNT)
    as_delegate = {"CallAs": "DELEGATED_ADMIN"}
    found = {}
    for summary in client.list_stack_sets(Status="ACTIVE", **as_delegate)["Summaries"]:
        name = summary["StackSetName"]
        pages = client.get_paginator("list_stack_instances").paginate(StackSetName=name, **as_delegate)
        found[name] = sum(len(page["Summaries"]) for page in pages)
    return found


def _broken(cost: Cost, organization: Organization, instances: dict[str, int]) -> Iterator[str]:
    if cost.exit_code:
        yield f"exit code {cost.exit_code}"
    expected = {
        "organizations:ListAccounts": ceil(len(organization.accounts) / 20),
        "organizations:ListOrganizationalUnitsForParent": len(organization.ous),
        "cloudformation:ListStackInstances": sum(max(1, ceil(count / 100)) for count in instances.values()),
        "cloudformation:ListStackSetAutoDeploymentTargets": sum(max(1, ceil(OUS / 100)) for _ in instances),
        "cloudformation:ListStackSets": REGIONS + 1,  # of earlier settings here, of other installations everywhere
        "s3:ListBuckets": 1,  # of installations in other regions
    }
    for operation, most in expected.items():
        if cost.calls[operation] > most:
            yield f"{cost.calls[operation]:,} calls of {operation}, at most {most:,} are needed"
    others = {name: count for name, count in cost.calls.items() if name not in expected}
    if (beyond := cost.calls.total() - _pages(expected)) > MORE_CALLS:
        yield f"{beyond} calls beyond pages, at most {MORE_CALLS} are claimed: {json.dumps(others)}"
    if writing := [name for name in others if not name.partition(":")[2].startswith(READING)]:
        yield f"a command that changes nothing made writing calls: {', '.join(writing)}"
    if not holds(cost.cpu_seconds <= CPU_SECONDS and cost.megabytes <= MEGABYTES):
        used = f"{cost.cpu_seconds:.1f} s CPU and {cost.megabytes} MB"
        yield f"{used}, at most {CPU_SECONDS:.0f} s and {MEGABYTES} MB are claimed"


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a benchmark's result


if __name__ == "__main__":
    sys.exit(main())

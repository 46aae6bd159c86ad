"""What plans and roll-outs cost in an organization of 5,000 accounts, 200 OUs and 8 regions.

Run it with `make bench`. Every command runs as its own process, against the sandbox. Claimed is:

- No call is made for an account or a region by itself. What grows with accounts x regions is the listing of stack
  instances alone, a hundred a call; accounts come 20 a call, OUs and enabled regions one a call; a plan writes nothing.
- Reading the organization and the StackSets side by side takes less time than one after the other, with the same calls.
  Both are really run, in real time, with 50 ms a call and with assumed throttles (Organizations 5/s,
  ListStackInstances 10/s, each after a burst of 20).
- A plan file is carried out with no more reading than a plan.
- A resumed roll-out lists the instances of a StackSet a second time only if it changed them in between.
- A plan as Markdown is a comment that GitHub accepts.

Roll-outs run in simulated time (`organizations/simulated_time.py`): a stack takes 30 s, and StackSets as many at once
as the roll-out permits, up to CloudFormation's quota. Stacks of members are not built, which a roll-out never reads;
StackSets, instances and operations are. Stacks of the central account take no time here; they take minutes in AWS.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from math import ceil
from pathlib import Path

from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.stack_sets import store
from benchmarks.organizations.latency import LATENCY
from benchmarks.organizations.limits import limited
from benchmarks.organizations.measured import Cost, measure
from benchmarks.organizations.simulated_time import SimulatedTime
from benchmarks.organizations.sized import FURTHER_REGION, MANAGEMENT_ACCOUNT, REGIONS, sized_organization, write_config
from benchmarks.sizes import SMALL, holds, size
from deployer.organization import Organization

ACCOUNTS, OUS = size((5_000, 200), small=(12, 9))
CPU_SECONDS, MEGABYTES = 30.0, 150
"""Of a plan or a roll-out without changes. Most of its wall time it waits for the sandbox."""
MORE_CALLS = 25
"""Of a plan or a roll-out without changes, beyond those of accounts, OUs, regions and stack instances."""
RATES = {"organizations": 5.0, "cloudformation:ListStackInstances": 10.0}
GAIN = 1.5
"""How many times as long a plan takes if everything is read one after the other."""
COMMENT = 65_536
"""GitHub's limit of a comment, in characters."""
ENABLED_REGIONS = 17
"""Of the central account in the sandbox."""
READING = ("Describe", "List", "Get", "Head")
CHANGES = 2
INTERRUPTED = 130
INTERRUPTED_AFTER = size("60", small="5")
"""Seconds of waiting for operations."""


def main() -> int:
    """Plan, roll the plan out, measure commands that only read, interrupt a change; fail if a claim does not hold."""
    organization = sized_organization(accounts=ACCOUNTS, ous=OUS)
    clock = SimulatedTime()
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(organization=organization, time_scale=0, kept_calls=None) as sandbox,
        clock.of_operations(),
    ):
        config = Path(folder)
        write_config(config, organization)
        failures = [*_first_roll_out(sandbox, config, clock), *_without_changes(sandbox, config, clock, organization)]
        write_config(config, organization, regions=[*REGIONS, FURTHER_REGION])
        failures += _interrupted(sandbox, config, clock)
    for failure in failures:
        _print(f"FAILED: {failure}")
    return 1 if failures else 0


def _first_roll_out(sandbox: Sandbox, config: Path, clock: SimulatedTime) -> Iterator[str]:
    """A plan file of everything, as a comment too, and the roll-out that it is for."""
    file = config / "plan.json"
    plan = measure(sandbox, config, "plan", "--out", str(file), "--format", "markdown", clock=clock)
    report("plan of a first roll-out", plan)
    megabytes = file.stat().st_size / 1e6
    _print(f"  plan file of {megabytes:.1f} MB, {len(plan.printed):,} characters of Markdown")
    if plan.exit_code != CHANGES or len(plan.printed) > COMMENT:
        yield f"exit code {plan.exit_code}, {len(plan.printed):,} characters of Markdown"
    clock.spent.clear()
    ran = measure(sandbox, config, "rollout", "--plan", str(file), "--yes", clock=clock)
    instances = _instances()
    _print(f"\n{ACCOUNTS:,} accounts, {OUS} OUs, 8 regions: {sum(instances.values()):,} stack instances")
    report("first roll-out, of that plan file", ran)
    report_time(clock, ran)
    if ran.exit_code:
        yield f"the first roll-out ended with {ran.exit_code}: {ran.printed[-2000:]}"
    if ran.read_twice:
        yield f"the first roll-out read twice: {', '.join(ran.read_twice)}"


def _without_changes(sandbox: Sandbox, config: Path, clock: SimulatedTime, organization: Organization) -> Iterator[str]:
    """The same commands again; plans in real time, under AWS's limits, side by side and one after the other."""
    instances = _instances()
    with limited(sandbox, rates=RATES):
        plan = measure(sandbox, config, "plan")
        in_turn = plan if SMALL else measure(sandbox, config, "plan", SIDE_BY_SIDE="no")
    report("plan without changes", plan)
    gain = in_turn.seconds / plan.seconds
    limits = f"{LATENCY * 1000:.0f} ms a call and assumed throttles"
    _print(f"  with {limits}: {plan.seconds:.0f} s, {plan.throttled} calls throttled")
    if not SMALL:
        _print(f"  one after the other: {in_turn.seconds:.0f} s, {in_turn.throttled} calls throttled; x {gain:.2f}")
    again = plan if SMALL else measure(sandbox, config, "rollout", "--org", "--yes", clock=clock)
    report("roll-out without changes", again)
    for cost in (plan, in_turn, again):
        yield from _broken(cost, organization, instances)
    if plan.calls != in_turn.calls:
        yield f"side by side takes other calls: {plan.calls - in_turn.calls} more, {in_turn.calls - plan.calls} fewer"
    if not holds(gain >= GAIN):
        yield f"one after the other takes {gain:.2f} times as long, at least {GAIN} are claimed"


def _interrupted(sandbox: Sandbox, config: Path, clock: SimulatedTime) -> Iterator[str]:
    """A further region for every OU, by a roll-out that is interrupted and resumed."""
    before = sum(_instances().values())
    first = measure(sandbox, config, "rollout", "--org", "--yes", clock=clock, INTERRUPTED_AFTER=INTERRUPTED_AFTER)
    report(f"roll-out of a further region, interrupted after {INTERRUPTED_AFTER} s of waiting", first)
    clock.spent.clear()
    resumed = measure(sandbox, config, "rollout", "--resume", "--yes", clock=clock)
    report("the same, resumed", resumed)
    report_time(clock, resumed)
    _print(f"  {sum(_instances().values()) - before:,} stack instances more")
    if first.exit_code != INTERRUPTED or resumed.exit_code:
        yield f"exit codes {first.exit_code} and {resumed.exit_code}: {first.printed[-2000:]}{resumed.printed[-2000:]}"
    if first.read_twice or resumed.read_twice:
        yield f"read twice: {', '.join([*first.read_twice, *resumed.read_twice])}"


def report(name: str, cost: Cost) -> None:
    """One line for the whole, one for each operation of AWS that was called often."""
    used = f"{cost.cpu_seconds:.1f} s CPU, {cost.megabytes} MB"
    _print(f"\n{name}: {cost.calls.total():,} calls, {cost.operations} StackSet operations, {used}")
    often = [(operation, count) for operation, count in cost.calls.most_common() if count >= MORE_CALLS]
    for operation, count in often:
        _print(f"  {count:>6,} {operation}")
    _print(f"  {cost.calls.total() - sum(count for _, count in often):>6,} others")


def report_time(clock: SimulatedTime, cost: Cost) -> None:
    """What simulated time was spent on."""
    spent = clock.spent
    working = spent["calls"] + cost.cpu_seconds
    _print(f"  simulated: {(sum(spent.values()) + cost.cpu_seconds) / 60:.1f} minutes")
    _print(f"  waiting: {spent['operations']:.0f} s for operations, {spent['rate limits']:.0f} s for rate limits")
    _print(f"  working: {working:.0f} s, of which {spent['calls']:.0f} s in calls")


def _pages(expected: dict[str, int]) -> int:
    return sum(count for call, count in expected.items() if not call.endswith("AutoDeploymentTargets"))


def _instances() -> dict[str, int]:
    """Instances of each StackSet."""
    return {one.name: len(one.instances) for one in store.stack_sets(MANAGEMENT_ACCOUNT)}


def _broken(cost: Cost, organization: Organization, instances: dict[str, int]) -> Iterator[str]:
    if cost.exit_code:
        yield f"exit code {cost.exit_code}: {cost.printed[-2000:]}"
    expected = {
        "organizations:ListAccounts": ceil(len(organization.accounts) / 20),
        "organizations:ListOrganizationalUnitsForParent": len(organization.ous),
        "cloudformation:ListStackInstances": sum(max(1, ceil(count / 100)) for count in instances.values()),
        "cloudformation:ListStackSetAutoDeploymentTargets": sum(max(1, ceil(OUS / 100)) for _ in instances),
        "cloudformation:ListStackSets": ENABLED_REGIONS
        + 1,  # of earlier settings here, of other installations everywhere
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

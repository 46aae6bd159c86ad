"""Carries out a plan, in order, and verifies the result.

Every step can be run again: stacks and StackSets are compared before they are changed, and it waits for operations of
an earlier run. So running it again completes a roll-out that was interrupted at any point.

With waves, stacks of the central account come first, together; then the StackSets' instances, wave by wave. Each wave
is planned when it begins, and the next one only begins when all of its instances are in the desired state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from deployer.bundle import Bundle
from deployer.errors import INTERRUPTED_EXIT_CODE, DeployerError
from deployer.planning.engine_switch import phases
from deployer.planning.plan import Plan, StackPlan, StackSetPlan
from deployer.rollout.causes import Failure
from deployer.rollout.cloud import Cloud
from deployer.rollout.locking import LockRecord
from deployer.rollout.operations import IfBusy
from deployer.rollout.progress import Report
from deployer.rollout.result import RolloutResult, blocked_repairs, shortfalls, skipped_now
from deployer.rollout.stack_changes import StackChanges
from deployer.rollout.stack_set_changes import StackSetChanges
from deployer.rollout.steps import Step, run_steps
from deployer.stack_sets import InstanceKey, InstanceOperation
from deployer.stacks import StackDefinition
from deployer.targets import Scope
from deployer.waves import Wave
from deployer.words import counted


class Lock(Protocol):
    """Prevents two roll-outs at the same time; `deployer.rollout.locking` implements it."""

    def take(self, desired: LockRecord) -> bool:
        """False if the bucket for it does not exist yet."""

    def release(self, exit_code: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOptions:
    """How a plan is carried out: in which waves, under which lock, and the handling of conflicting operations."""

    if_busy: IfBusy = "wait"
    waves: tuple[Wave, ...] = ()
    plan_in: Callable[[Scope], Plan] | None = None
    """Plans a wave when it begins; required if there are waves."""
    lock: Lock | None = None
    record: LockRecord | None = None
    """The content of the lock."""
    keeps_unfinished: bool = False
    """Whether the record is of an earlier roll-out, which remains unfinished whatever is done now."""
    remaining_damage: Callable[[StackDefinition], Sequence[str]] = lambda _: ()
    """What differs from the template of a central stack after its manual changes were reverted."""
    closes_record: bool = False
    """Whether success without a change also ends the roll-out of the record, which is resumed."""


class WaveFailedError(DeployerError):
    """A wave ended with instances that are not in the desired state, so the next one was not started."""


def roll_out(
    plan: Plan, bundle: Bundle, cloud: Cloud, report: Report, *, options: ExecutionOptions | None = None
) -> RolloutResult:
    """Carry a plan out. A step that fails in all accounts stops the rest; failures in some accounts do not.

    Raises BusyError, before anything is changed, if another roll-out has the lock.
    """
    options = options or ExecutionOptions()
    run = _Run(plan, bundle, cloud, report, options)
    if options.lock is None or (plan.is_empty and not options.closes_record):
        return run.run()
    exit_code = INTERRUPTED_EXIT_CODE
    run.take_lock()
    try:
        outcome = run.run()
        exit_code = outcome.exit_code or int(options.keeps_unfinished)
    finally:
        options.lock.release(exit_code)
    return outcome


class _Run:
    def __init__(self, plan: Plan, bundle: Bundle, cloud: Cloud, report: Report, options: ExecutionOptions) -> None:
        self._plan = plan
        self._bundle = bundle
        self._cloud = cloud
        self._report = report
        self._options = options
        self._stacks = StackChanges(bundle, cloud, report, options.remaining_damage)
        self._stack_sets = StackSetChanges(cloud, report, if_busy=options.if_busy)
        self._skipped: list[InstanceKey] = []
        """Instances whose accounts were suspended after the plan was made."""
        self._begun: set[str] = set()
        """Accounts whose wave has begun."""

    def take_lock(self) -> None:
        """Before the first change; the very first roll-out creates the bucket before, which is idempotent."""
        lock, record = self._options.lock, self._options.record
        if lock is not None and record is not None:
            lock.take(record)

    def run(self) -> RolloutResult:
        taken = run_steps(self._steps(), self._report)
        failures = tuple(self._verify(stopped=taken.error is not None))
        return RolloutResult(
            done=taken.done,
            not_run=taken.not_run,
            created=self._stack_sets.succeeded["CREATE"],
            updated=self._stack_sets.succeeded["UPDATE"],
            deleted=self._stack_sets.succeeded["DELETE"],
            unchanged=self._plan.unchanged,
            skipped=(*self._plan.skipped, *self._skipped),
            failures=failures,
            error=taken.error,
        )

    def _steps(self) -> Iterator[Step]:
        plan, ordered = self._plan, phases(self._plan)
        yield from self._stack_steps(plan.artifacts)
        if plan.uploads_bundle:
            yield Step(f"upload of {plan.bundle_name}", self._upload)
        if ordered.early:
            yield from self._wave_steps(
                ordered.early, f" before stack {plan.central.key.name}", lambda wave: phases(wave).early
            )
        for companion in ordered.early_companions:
            yield from self._stack_steps(companion)
        yield from self._stack_steps(plan.central)
        remaining = plan.stack_sets if self._options.waves else ordered.stack_sets
        if not all(one.is_empty for one in remaining):
            yield from self._wave_steps(remaining, "", lambda wave: wave.stack_sets)
        for companion in ordered.companions:
            yield from self._stack_steps(companion)

    def _wave_steps(
        self, plans: Sequence[StackSetPlan], when: str, of_wave: Callable[[Plan], Sequence[StackSetPlan]]
    ) -> Iterator[Step]:
        """Those of the StackSets, or without waves, the steps themselves; a wave is planned when it begins."""
        waves = self._options.waves
        if not waves:
            yield from (Step(f"{name}{when}", run) for name, run in self._stack_set_steps(plans))
        for wave in waves:
            name = f"wave {wave.number} of {len(waves)}: {wave.name}{when}"
            yield Step(name, partial(self._wave, wave, of_wave))

    def _stack_set_steps(self, plans: Sequence[StackSetPlan]) -> Iterator[Step]:
        """Removals last, but within a family first: see `planning.families`."""
        family_members = [one for one in plans if one.family is not None]
        for stack_set in family_members:
            yield from self._removal(stack_set, "withdrawal", stack_set.instances.withdraw)
        for stack_set in family_members:
            yield from self._removal(stack_set, "removal", stack_set.instances.delete)
            if stack_set.change == "delete":
                yield Step(
                    f"StackSet {stack_set.definition.name}: deletion", partial(self._stack_sets.delete, stack_set)
                )
        for stack_set in plans:
            if stack_set.family is None:
                yield from self._removal(stack_set, "withdrawal", stack_set.instances.withdraw)
            changes = stack_set.change in {"create", "update"}
            if changes or stack_set.instances.create or stack_set.instances.update:
                yield Step(f"StackSet {stack_set.definition.name}", partial(self._stack_sets.deploy, stack_set))
        for stack_set in reversed(plans):
            if stack_set.family is None:
                yield from self._removal(stack_set, "removal", stack_set.instances.delete)

    def _removal(self, plan: StackSetPlan, word: str, operations: tuple[InstanceOperation, ...]) -> Iterator[Step]:
        if operations:
            name = plan.definition.name
            yield Step(f"StackSet {name}: {word}", partial(self._stack_sets.operate, name, operations))

    def _stack_steps(self, plan: StackPlan) -> Iterator[Step]:
        if plan.change != "unchanged":
            yield Step(f"stack {plan.key.name} in {plan.key.region}", partial(self._stack, plan))

    def _stack(self, plan: StackPlan) -> None:
        self._stacks.run(plan)
        self.take_lock()

    def _upload(self) -> None:
        self._cloud.artifacts.upload(self._bundle.key, self._bundle.data)

    def _wave(self, wave: Wave, of_wave: Callable[[Plan], Sequence[StackSetPlan]]) -> int:
        assert self._options.plan_in is not None
        plans = of_wave(self._options.plan_in(wave.scope))
        self._begun |= wave.accounts
        taken = run_steps(self._stack_set_steps(plans), self._report)
        if taken.error is not None:
            raise taken.error
        if wave.number < len(self._options.waves):
            self._check_health(wave, plans)
        return taken.failed

    def _check_health(self, wave: Wave, plans: Sequence[StackSetPlan]) -> None:
        left = [
            failure
            for one in plans
            if not one.is_empty
            for failure in shortfalls(
                one,
                self._cloud.stack_sets.describe(one.definition.name),
                self._stack_sets.results.get(one.definition.name, {}),
            )
        ]
        if left:
            raise WaveFailedError(
                f"Wave {wave.number} ({wave.name}): {counted(len(left), 'stack instance')} not in sync."
                " The next wave was not started",
                next_step="Remove the cause, then continue with `deployer rollout --resume`.",
            )

    def _verify(self, *, stopped: bool) -> Iterator[Failure]:
        """What is not in the desired state now. A StackSet without changes was read for the plan."""
        yield from (one for one in blocked_repairs(self._plan) if self._was_begun(one.account))
        for plan in self._plan.stack_sets:
            name = plan.definition.name
            if plan.is_empty or (stopped and name not in self._stack_sets.results):
                continue
            try:
                state = self._cloud.stack_sets.describe(name)
            except DeployerError:
                if not stopped:
                    raise
                continue
            self._skipped += skipped_now(plan, state)
            found = shortfalls(plan, state, self._stack_sets.results.get(name, {}))
            yield from (one for one in found if self._was_begun(one.account))

    def _was_begun(self, account: str) -> bool:
        """Accounts of later waves are unchanged, which is no failure."""
        waiting = any(account in wave.accounts for wave in self._options.waves)
        return account in self._begun or not waiting

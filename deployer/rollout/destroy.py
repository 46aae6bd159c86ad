"""Removes an installation in reverse order; keeps the ledger unless its deletion is requested. Idempotent.

AWS skips suspended accounts: their stack instances are removed from the StackSets and their stacks are kept. Instances
in an account that left the organization are reported, and their StackSet stays until they are gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from deployer.errors import DeployerError
from deployer.planning.families import DesiredStackSet, with_retired
from deployer.planning.instances import InstancePlan, instances_of, plan_instances
from deployer.planning.other_installations import FoundInstallation
from deployer.planning.states import ActualState, DesiredState, StackKey
from deployer.planning.suspended import releases
from deployer.rollout.causes import Failure
from deployer.rollout.cloud import Cloud
from deployer.rollout.operations import OperationRunner
from deployer.rollout.progress import Report, StackProgress
from deployer.rollout.result import RolloutResult
from deployer.rollout.status import OUT_OF_REACH
from deployer.rollout.steps import Step, run_steps
from deployer.stack_sets import Instance, InstanceOperation, NotInStackSetError, StackSetState
from deployer.stacks import StackEvent
from deployer.targets import Coverage, Scope
from deployer.words import counted


class Bucket(Protocol):
    """The artifacts bucket, which its stack retains."""

    def exists(self) -> bool: ...

    def remove(self) -> None: ...


class Table(Protocol):
    """The ledger's table, which its stack retains."""

    def exists(self) -> bool: ...

    def remove(self) -> None:
        """Lift its deletion protection and delete it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSetRemoval:
    """A StackSet to delete, with all its instances."""

    name: str
    instances: InstancePlan
    releases: tuple[InstanceOperation, ...] = ()
    """Operations that remove the instances of suspended accounts from it, without their stacks."""
    afterwards: str = ""
    """What then applies in each account and region, if AWS has a default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Everything to delete, in order."""

    companions: tuple[StackKey, ...]
    stack_sets: tuple[StackSetRemoval, ...]
    stacks: tuple[StackKey, ...]
    bucket: bool
    ledger: bool
    """Whether the ledger is deleted too."""
    keeps_ledger: bool
    others: tuple[FoundInstallation, ...] = ()
    """Other installations in the organization, which stay."""

    @property
    def is_empty(self) -> bool:
        return not (self.companions or self.stack_sets or self.stacks or self.bucket or self.ledger)


class LeftOverError(DeployerError):
    """Instances that could not be deleted keep their StackSet."""


def plan_removal(
    desired: DesiredState, actual: ActualState, *, bucket: bool, ledger: bool, delete_ledger: bool
) -> Removal:
    """What exists of an installation, to be removed. `bucket` and `ledger`: whether they exist."""
    nothing = Coverage(organization=desired.organization, ous={}, accounts={})
    everywhere = Scope.whole(desired.organization)
    own = [StackKey(stack.name, stack.region) for stack in (desired.central, desired.artifacts)]
    companions = dict.fromkeys(
        [*(StackKey(one.name, one.region) for one in desired.companions), *desired.former_companions]
    )

    def removal(stack_set: DesiredStackSet) -> StackSetRemoval:
        state = actual.stack_sets[stack_set.definition.name]
        instances = plan_instances(nothing, everywhere, state, rewritten=False)
        return StackSetRemoval(
            name=stack_set.definition.name,
            instances=instances,
            releases=releases(desired.organization, state),
            afterwards=stack_set.family.afterwards if stack_set.family else "",
        )

    removals = (
        removal(one)
        for one in reversed(with_retired(desired.stack_sets, desired.families, actual.stack_sets, desired.organization))
        if one.definition.name in actual.stack_sets
    )
    return Removal(
        companions=tuple(key for key in reversed(companions) if key in actual.stacks),
        stack_sets=tuple(removals),
        stacks=tuple(key for key in own if key in actual.stacks),
        bucket=bucket,
        ledger=ledger and delete_ledger,
        keeps_ledger=ledger and not delete_ledger,
    )


def destroy(plan: Removal, cloud: Cloud, report: Report, *, bucket: Bucket, ledger: Table) -> RolloutResult:
    """Carry a removal out."""
    return _Run(plan, cloud, report, bucket=bucket, ledger=ledger).run()


class _Run:
    def __init__(self, plan: Removal, cloud: Cloud, report: Report, *, bucket: Bucket, ledger: Table) -> None:
        self._plan = plan
        self._cloud = cloud
        self._report = report
        self._bucket = bucket
        self._ledger = ledger
        self._runner = OperationRunner(cloud.stack_sets, report=report, clock=cloud.clock)
        self._deleted: Counter[str] = Counter()
        self._released = 0
        self._failures: list[Failure] = []

    def run(self) -> RolloutResult:
        taken = run_steps(self._steps(), self._report)
        return RolloutResult(
            done=taken.done,
            not_run=taken.not_run,
            deleted=self._deleted.total(),
            released=self._released,
            failures=tuple(self._failures),
            error=taken.error,
        )

    def _steps(self) -> Iterator[Step]:
        for key in self._plan.companions:
            yield Step(f"stack {key.name} in {key.region}", partial(self._stack, key))
        for stack_set in self._plan.stack_sets:
            yield Step(f"StackSet {stack_set.name}", partial(self._stack_set, stack_set))
        for key in self._plan.stacks:
            yield Step(f"stack {key.name} in {key.region}", partial(self._stack, key))
        if self._plan.bucket:
            yield Step("artifacts bucket", self._bucket.remove)
        if self._plan.ledger:
            yield Step("ledger", self._ledger.remove)

    def _stack(self, key: StackKey) -> None:
        def on_event(event: StackEvent) -> None:
            self._report(StackProgress(event=event))

        self._cloud.stacks.delete(key.name, region=key.region, on_event=on_event)

    def _stack_set(self, removal: StackSetRemoval) -> None:
        name = removal.name
        self._runner.wait_until_free(name)
        for operation in removal.releases:  # first, while the StackSet still knows their OUs
            self._operate(name, operation)
        for operation in removal.instances.delete:
            self._operate(name, operation)
        had_any = removal.releases or removal.instances.delete or removal.instances.stranded
        left = self._remaining(name) if had_any else []
        if left:
            self._failures += left
            raise LeftOverError(
                f"StackSet {name} was not deleted: {counted(len(left), 'stack instance')} could not be deleted",
                next_step="Remove the cause, then run `deployer destroy` again to continue.",
            )
        self._runner.delete(name)

    def _operate(self, name: str, operation: InstanceOperation) -> None:
        try:
            finished = self._runner.run_on_instances(name, operation)
        except NotInStackSetError:
            if not operation.retain_stacks:
                raise
            return  # the verification finds what is not released (assumption A20)
        succeeded = finished.counts.succeeded if finished else 0
        if operation.retain_stacks:
            self._released += succeeded
        else:
            self._deleted[name] += succeeded

    def _remaining(self, name: str) -> list[Failure]:
        state = self._cloud.stack_sets.describe(name)
        return [] if state is None else list(self._explained(name, state))

    def _explained(self, name: str, state: StackSetState) -> Iterator[Failure]:
        results = self._runner.results.get(name, {})
        for instance in state.instances:
            result = results.get(instance.key)
            reason = (result.reason if result else "") or instance.reason or OUT_OF_REACH
            yield Failure(stack_set=name, account=instance.account, region=instance.region, reason=reason)


def retained_instances(plan: Removal) -> tuple[tuple[str, Instance], ...]:
    """Instances of suspended accounts whose stacks are kept, with the StackSets that they are removed from."""
    return tuple((one.name, instance) for one in plan.stack_sets for instance in one.instances.skipped)


def removed_instances(plan: Removal) -> int:
    """The number of stack instances to delete."""
    return sum(len(instances_of(one.instances.delete)) for one in plan.stack_sets)

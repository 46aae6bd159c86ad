"""Changes one StackSet and its instances as planned, and counts the instances that succeeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from deployer.errors import DeployerError
from deployer.planning.instances import instances_of
from deployer.planning.plan import StackSetPlan
from deployer.rollout.advice import advice
from deployer.rollout.causes import shortened
from deployer.rollout.cloud import Cloud
from deployer.rollout.operations import Finished, IfBusy, OperationRunner, Results
from deployer.rollout.progress import Report
from deployer.stack_sets import InstanceKey, InstanceOperation, StackSetDefinition

_UNSUCCESSFUL = {"FAILED", "CANCELLED"}

Ended = tuple[frozenset[InstanceKey], Finished]
"""The instances that an operation was for, and how it ended."""


class OperationFailedError(DeployerError):
    """An operation changed none of its instances, so what depends on it is not tried."""


class StackSetChanges:
    """Carries out the changes of StackSets."""

    def __init__(self, cloud: Cloud, report: Report, *, if_busy: IfBusy) -> None:
        self._cloud = cloud
        self._runner = OperationRunner(cloud.stack_sets, report=report, clock=cloud.clock, if_busy=if_busy)
        self.succeeded: Counter[str] = Counter()
        """Instances by action."""

    @property
    def results(self) -> Mapping[str, Results]:
        """The last result of each instance, by StackSet."""
        return self._runner.results

    def deploy(self, plan: StackSetPlan) -> int:
        """The StackSet itself, then what is missing, then what is outdated."""
        failed, create = 0, list(plan.instances.create)
        if plan.change == "create":
            self._cloud.stack_sets.create(plan.definition)
        elif plan.change == "update":
            if plan.creates_first:
                first, *create = create
                failed = self._create_first(plan, first)
            else:
                failed = self._update(plan)
        failed += self.operate(plan.definition.name, create)
        return failed + self._refresh(plan)

    def delete(self, plan: StackSetPlan) -> None:
        """If an instance could not be deleted, the StackSet stays; the verification reports it."""
        state = self._cloud.stack_sets.describe(plan.definition.name)
        if state is not None and not state.instances:
            self._runner.delete(plan.definition.name)

    def _create_first(self, plan: StackSetPlan, creation: InstanceOperation) -> int:
        """Change the StackSet with one new instance; if that one fails, the others are created anyway."""
        self._runner.run_on_instances(plan.definition.name, creation)
        counts = self._change(plan, creation).counts
        self.succeeded["CREATE"] += counts.succeeded
        return counts.failed + counts.cancelled

    def _update(self, plan: StackSetPlan) -> int:
        """The first group of instances brings the new template, which makes all others OUTDATED."""
        if not plan.only:
            updated = plan.instances.desired - instances_of(plan.instances.create)
            return self._updated(plan, [(updated, self._change(plan, None))])
        first, rest = plan.only[0], plan.only[1:]
        changed = (frozenset(first.instances), self._change(plan, first))
        return self._updated(plan, [changed, *self._refreshed(plan, rest)])

    def _change(self, plan: StackSetPlan, only: InstanceOperation | None) -> Finished:
        return self._runner.run(
            plan.definition.name,
            lambda: self._cloud.stack_sets.update(plan.definition, only=only),
            action="UPDATE",
            instances=len(only.instances) if only else plan.rewritten,
        )

    def _refresh(self, plan: StackSetPlan) -> int:
        return self._updated(plan, list(self._refreshed(plan, plan.instances.update)))

    def _refreshed(self, plan: StackSetPlan, operations: Iterable[InstanceOperation]) -> Iterator[Ended]:
        yield from ((frozenset(one.instances), self._run_refresh(plan.definition, one)) for one in operations)

    def _run_refresh(self, definition: StackSetDefinition, operation: InstanceOperation) -> Finished:
        return self._runner.run(
            definition.name,
            partial(self._cloud.stack_sets.refresh, definition, operation),
            action="UPDATE",
            instances=len(operation.instances),
        )

    def operate(self, name: str, operations: Sequence[InstanceOperation]) -> int:
        """Creations, or deletions; what an operation does beside the instances that it is for is not counted."""
        ran = ((frozenset(one.instances), self._runner.run_on_instances(name, one)) for one in operations)
        found = [(intended, ended) for intended, ended in ran if ended is not None]
        for intended, ended in found:
            self.succeeded[operations[0].action] += ended.succeeded(intended)
        return _checked(name, [ended for _, ended in found])

    def _updated(self, plan: StackSetPlan, found: Sequence[Ended]) -> int:
        """Instances that the plan updates; an update of all has results of suspended accounts too, as SUCCEEDED."""
        self.succeeded["UPDATE"] += sum(ended.succeeded(intended) for intended, ended in found)
        return _checked(plan.definition.name, [ended for _, ended in found])


def _checked(name: str, finished: Sequence[Finished]) -> int:
    """How many instances failed or were cancelled. Stops if an operation changed nothing at all.

    An operation's own status is not sufficient: it is SUCCEEDED as long as failures stay within the tolerance.
    """
    failed = [result for one in finished for result in one.results.values() if result.status in _UNSUCCESSFUL]
    if any(one.counts.succeeded for one in finished):
        return len(failed)
    unsuccessful = [one.operation for one in finished if one.operation.status != "SUCCEEDED"]
    if not unsuccessful and not failed:
        return 0  # nothing to do, as in an OU without accounts
    operation = (unsuccessful or [finished[-1].operation])[0]
    causing = [one for one in failed if one.status == "FAILED"]
    reason = next((shortened(one.reason) for one in causing), operation.reason)
    step = f"{advice(reason, {one.region for one in causing})} " if causing and reason else ""
    raise OperationFailedError(
        f"StackSet {name}: {operation.action} failed in every account: {reason or operation.status}",
        next_step=f"{step}Run the same command again to continue."
        if step
        else "Remove the cause, then run the same command again to continue.",
    )

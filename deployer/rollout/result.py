"""The result of a roll-out: what was done, what failed in which account and why, and what was not tried. Pure.

Success is every desired instance CURRENT and every undesired one deleted, as read afterwards; what operations
reported only explains failures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deployer.errors import DeployerError
from deployer.planning.instances import instances_of
from deployer.planning.plan import Plan, StackSetPlan
from deployer.rollout.causes import Failure
from deployer.stack_sets import InstanceKey, InstanceResult, StackSetState


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutResult:
    """The end of a roll-out. `error` is what stopped it, if something did."""

    done: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    skipped: tuple[InstanceKey, ...] = ()
    """Instances that AWS skipped because their accounts are suspended: no failure."""
    released: int = 0
    """Instances of suspended accounts that were removed from their StackSets, their stacks kept."""
    failures: tuple[Failure, ...] = ()
    error: DeployerError | None = field(default=None, compare=False)

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        return 1 if self.failures else 0


def shortfalls(
    plan: StackSetPlan, state: StackSetState | None, results: Mapping[InstanceKey, InstanceResult]
) -> Iterator[Failure]:
    """Desired instances that are missing or not CURRENT, and undesired ones that still exist.

    Those that AWS skipped are neither: their accounts were suspended after the plan was made.
    """
    existing = {one.key: one for one in state.instances} if state else {}

    def failure(key: InstanceKey, fallback: str) -> Failure:
        result, instance = results.get(key), existing.get(key)
        reason = (result and result.reason) or (instance and instance.reason) or fallback
        return Failure(
            stack_set=plan.definition.name,
            account=key.account,
            region=key.region,
            reason=reason,
            is_inoperable=key in plan.instances.desired and instance is not None and instance.is_inoperable,
        )

    for key in sorted(plan.instances.desired):
        if key not in existing:
            yield failure(key, "the stack instance does not exist")
        elif not existing[key].is_current and not existing[key].is_skipped:
            yield failure(key, f"the stack instance is {existing[key].status}")
    for key in sorted(instances_of(plan.instances.delete) & existing.keys()):
        if not existing[key].is_skipped:
            yield failure(key, "the stack instance still exists")


def blocked_repairs(plan: Plan) -> Iterator[Failure]:
    """Damage that the roll-out did not repair, because somebody added something that it does not remove."""
    for one in plan.stack_sets:
        for key in sorted(one.instances.blocked):
            reason = "; ".join(one.damaged[key].texts)
            yield Failure(stack_set=one.definition.name, account=key.account, region=key.region, reason=reason)
    for stack in plan.companions:
        if stack.is_blocked and stack.damage is not None:
            reason = "; ".join(stack.damage.texts)
            yield Failure(
                stack_set=stack.key.name, account=plan.management_account, region=stack.key.region, reason=reason
            )
    for stack in (plan.artifacts, plan.central):
        found = plan.inspection.of(stack.key.name) if plan.inspection and stack.is_blocked else {}
        for key, damage in found.items():
            reason = "; ".join(one.text for one in damage.additions)
            yield Failure(stack_set=stack.key.name, account=key.account, region=key.region, reason=reason)


def skipped_now(plan: StackSetPlan, state: StackSetState | None) -> Iterator[InstanceKey]:
    """Instances of the plan that AWS skipped because their accounts were suspended after it was made."""
    concerned = plan.instances.desired | instances_of(plan.instances.delete)
    yield from (one.key for one in (state.instances if state else ()) if one.is_skipped and one.key in concerned)

"""Actual state compared with the config files: coverage by OU and region, and differences. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from deployer.organization import Organization
from deployer.planning.plan import Plan
from deployer.planning.states import ActualState, DesiredState, OperationInProgress
from deployer.planning.suspended import skipped_by_aws
from deployer.rollout.causes import Failure
from deployer.stack_sets import Instance, InstanceKey
from deployer.targets import Scope
from deployer.words import account_path
from handler.inspection import Damage

State = Literal["current", "damaged", "outdated", "failed", "missing", "unexpected", "skipped"]
OUT_OF_REACH = "AWS can no longer reach the account"
STATES: tuple[State, ...] = ("current", "damaged", "outdated", "failed", "missing", "unexpected", "skipped")
IN_SYNC: tuple[State, ...] = ("current", "skipped")
UNCOUNTED: tuple[State, ...] = ("unexpected", "skipped")
"""States of instances that a roll-out does not change."""


class MatrixCell(NamedTuple):
    """A cell of the matrix."""

    stack_set: str
    ou: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatus:
    """One stack instance, existing or desired."""

    stack_set: str
    account: str
    region: str
    state: State
    reason: str = ""
    is_out_of_reach: bool = False
    """Whether it is undesired, and of an account that AWS no longer reaches: no roll-out deletes it."""
    is_inoperable: bool = False
    """Whether it is desired, and AWS excludes it from every update: a roll-out alone does not repair it."""

    @property
    def failure(self) -> Failure:
        """The same as a failure of a roll-out has it, with the next step."""
        return Failure(stack_set=self.stack_set, account=self.account, region=self.region, reason=self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """A stack or StackSet; `state` is AWS's status, or `missing`; `differs` from the config files' template."""

    name: str
    region: str
    state: str
    differs: bool
    replaced_code: tuple[str, ...] = ()
    """Functions whose code was replaced without CloudFormation; the stack differs then."""
    damage: tuple[str, ...] = ()
    """How its resources were changed without CloudFormation; the stack differs then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The whole status. A StackSet that exists has the state `ACTIVE`."""

    stacks: tuple[StackStatus, ...]
    instances: tuple[InstanceStatus, ...]
    scope: Scope
    is_deep: bool = False
    """Whether the resources in the accounts were read too, the central one included."""
    unread: Mapping[InstanceKey, str] = field(default_factory=dict)
    """Accounts and regions whose resources could not be read, and why."""
    blocked: tuple[tuple[InstanceKey, Damage], ...] = ()
    """Damage that no roll-out repairs until something is removed that somebody added, by account and region."""
    repairs: int = 0
    """Damaged stack instances and companion stacks that a roll-out with `--deep` repairs."""
    url: str | None = None
    """The handler's function URL, if it has one."""
    under_way: tuple[OperationInProgress, ...] = ()
    """Operations of StackSets that are in progress: what they do may not be in this status yet."""

    @property
    def is_in_sync(self) -> bool:
        """Whether a roll-out would change nothing."""
        stacks = all(not stack.differs and stack.state != "missing" for stack in self.stacks)
        return stacks and not self.unread and all(one.state in IN_SYNC or one.is_out_of_reach for one in self.instances)


def status_of(desired: DesiredState, actual: ActualState, plan: Plan) -> Status:
    """Compare; the plan contains which stacks and StackSets differ."""
    stacks = [
        StackStatus(
            name=stack.key.name,
            region=stack.key.region,
            state=actual.stacks[stack.key].status if stack.key in actual.stacks else "missing",
            differs=stack.change != "unchanged" or stack.is_blocked,
            replaced_code=stack.restored_functions,
            damage=stack.damage.texts if stack.damage else (),
        )
        for stack in plan.stacks
    ]
    stack_sets = [
        StackStatus(
            name=one.definition.name,
            region=desired.central.region,
            state="ACTIVE" if one.definition.name in actual.stack_sets else "missing",
            differs=one.change != "unchanged",
        )
        for one in plan.stack_sets
    ]
    return Status(
        stacks=(*stacks, *stack_sets),
        instances=tuple(_instances(actual, plan, desired)),
        scope=desired.scope,
        is_deep=plan.inspection is not None,
        unread=plan.inspection.unread if plan.inspection else {},
        blocked=plan.blocked,
        repairs=plan.repairs,
        url=plan.current_url,
        under_way=plan.under_way,
    )


def _instances(actual: ActualState, plan: Plan, desired: DesiredState) -> Iterator[InstanceStatus]:
    for stack_set in plan.stack_sets:
        name = stack_set.definition.name
        found = actual.stack_sets.get(name)
        existing = {one.key: one for one in found.instances} if found else {}
        scope = desired.scope_of(name)
        in_scope = {key for key in existing if scope.has(desired.organization, key)}
        stranded = {one.key for one in stack_set.instances.stranded}
        skipped = {one.key for one in stack_set.instances.skipped}
        for key in sorted(in_scope | stack_set.instances.desired):
            if key in skipped:
                reason = skipped_by_aws(desired.organization, [key.account])
                yield InstanceStatus(
                    stack_set=name, account=key.account, region=key.region, state="skipped", reason=reason
                )
                continue
            if key in stack_set.instances.repaired | stack_set.instances.blocked:
                reason = "; ".join(stack_set.damaged[key].texts)
                yield InstanceStatus(
                    stack_set=name, account=key.account, region=key.region, state="damaged", reason=reason
                )
                continue
            state, reason = _state_of(existing.get(key), is_desired=key in stack_set.instances.desired)
            yield InstanceStatus(
                stack_set=name,
                account=key.account,
                region=key.region,
                state=state,
                reason=OUT_OF_REACH if key in stranded else reason,
                is_out_of_reach=key in stranded,
                is_inoperable=key in existing and key in stack_set.instances.desired and existing[key].is_inoperable,
            )


def _state_of(instance: Instance | None, *, is_desired: bool) -> tuple[State, str]:
    if instance is None:
        return "missing", ""
    if not is_desired:
        return "unexpected", instance.reason
    if instance.is_current:
        return "current", ""
    if instance.is_inoperable or instance.detailed_status in {"FAILED", "FAILED_IMPORT"}:
        return "failed", instance.reason
    return "outdated", instance.reason


def matrix(status: Status, organization: Organization) -> dict[MatrixCell, Counter[State]]:
    """Counts of instances by StackSet, OU path and region, in that order."""
    cells: dict[MatrixCell, Counter[State]] = defaultdict(Counter)
    for one in status.instances:
        cells[MatrixCell(one.stack_set, account_path(organization, one.account), one.region)][one.state] += 1
    return dict(sorted(cells.items()))

"""Which stacks an inspection reads: those that a roll-out would leave unchanged. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployer.planning.damage import OLD_ROLES
from deployer.planning.instances import instances_of
from deployer.planning.plan import Plan, StackSetPlan
from deployer.planning.states import ActualState
from deployer.stack_sets import InstanceKey
from handler.inspection import Inspected

_CANDIDATES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to read, what cannot be read yet and why, and accounts outside of it with the auditor role."""

    inspected: tuple[Inspected, ...]
    central: tuple[Inspected, ...]
    """The central stacks, which are read with the caller's own credentials."""
    unread: Mapping[InstanceKey, str]
    others: tuple[str, ...]


def select(plan: Plan, actual: ActualState, *, access: str, management_account: str, central_account: str) -> Selection:
    """Desired instances that are CURRENT and unchanged, and unchanged companion stacks of the management account.

    `access` is the StackSet that has the auditor role. A roll-out changes the others anyway. An account whose roles it
    changes cannot be read before.
    """
    unchanged = [
        one
        for stack_set in plan.stack_sets
        if stack_set.definition.name in actual.stack_sets
        for one in _unchanged(stack_set, actual, access=access)
    ]
    unchanged += _companions(plan, access=access, account=management_account)
    readable = {one.account for one in unchanged if one.has_roles}
    others = (
        []
        if access not in actual.stack_sets
        else [
            one.account for one in actual.stack_sets[access].instances if one.is_current and one.account not in readable
        ]
    )
    return Selection(
        inspected=tuple(one for one in unchanged if one.account in readable),
        central=tuple(_central(plan, actual, account=central_account)),
        unread={InstanceKey(one.account, one.region): OLD_ROLES for one in unchanged if one.account not in readable},
        others=tuple(others[:_CANDIDATES]),
    )


def _central(plan: Plan, actual: ActualState, *, account: str) -> Iterator[Inspected]:
    """Compared with the template that they were deployed from; one that failed is deployed again anyway."""
    for one in (plan.artifacts, plan.central):
        state = actual.stacks.get(one.key)
        if state is not None and state.is_complete:
            yield Inspected(stack_set=one.key.name, body=state.body, account=account, region=one.key.region)


def _unchanged(plan: StackSetPlan, actual: ActualState, *, access: str) -> Iterator[Inspected]:
    if plan.change != "unchanged":
        return
    name = plan.definition.name
    recreated = instances_of(plan.instances.withdraw)
    for one in sorted(actual.stack_sets[name].instances, key=lambda one: one.key):
        if one.is_current and one.key in plan.instances.desired and one.key not in recreated:
            yield Inspected(
                stack_set=name,
                body=plan.definition.body,
                account=one.account,
                region=one.region,
                stack_id=one.stack_id,
                has_roles=name == access,
            )


def _companions(plan: Plan, *, access: str, account: str) -> Iterator[Inspected]:
    for one in plan.companions:
        if one.change == "unchanged" and one.definition is not None:
            yield Inspected(
                stack_set=one.key.name,
                body=one.definition.body,
                account=account,
                region=one.key.region,
                has_roles=one.key.name == access,
            )

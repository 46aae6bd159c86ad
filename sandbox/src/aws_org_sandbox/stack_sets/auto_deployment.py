"""Auto-deployment: StackSets react to accounts that join, leave or move between their target OUs.

Operation preferences and account filters do not apply, and neither do parameter overrides. An account that stays
below the same target, or is only suspended, triggers nothing.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Iterator
from graphlib import TopologicalSorter

from aws_org_sandbox import background, seams
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.organization import Account, Organization
from aws_org_sandbox.organizations import membership
from aws_org_sandbox.organizations.membership import Change
from aws_org_sandbox.stack_sets import operations, store
from aws_org_sandbox.stack_sets.access import has_trusted_access
from aws_org_sandbox.stack_sets.model import Action, Instance, Operation, Result, StackSet
from aws_org_sandbox.stack_sets.targets import nearest

REACTION_SECONDS = 5.0
"""From the change to the operation, in AWS's time."""


_changes: deque[Change] = deque()
"""Those without a reaction so far, in their order: background threads run in none."""
_lock = threading.Lock()


def react(change: Change) -> None:
    """Start the operations that a change of the organization requires, after a delay, as in AWS."""
    if change.before is None or change.after is None or change.before.parent_id != change.after.parent_id:
        _changes.append(change)
        background.submit(_follow_next, delay=REACTION_SECONDS)


if react not in membership.listeners:
    membership.listeners.append(react)


@seams.on_reset
def forget() -> None:
    """Drop every change."""
    _changes.clear()


def _follow_next() -> None:
    with _lock:
        if _changes:
            _follow(_changes.popleft())


def _follow(change: Change) -> None:
    management = change.organization.management_account_id
    account = change.after or change.before
    assert account is not None
    if not has_trusted_access(management):
        return
    begun: dict[tuple[str, Action], Operation] = {}
    for stack_set in _in_order(management):
        desired = covering(stack_set, change.organization, change.after) if change.after else {}
        for action, operation in _operations(stack_set, account, desired):
            dependencies = (begun.get((arn, action)) for arn in stack_set.auto_deployment.depends_on)
            operation.waits_for = tuple(other for other in dependencies if other is not None)
            begun[stack_set.arn, action] = operation
            _begin(stack_set, operation, desired)


def covering(stack_set: StackSet, organization: Organization, account: Account) -> dict[str, str]:
    """The regions that a StackSet deploys to in an account, each with the nearest target OU that includes it."""
    chain = organization.chain(account.parent_id)
    regions = {region for ou in chain for region in stack_set.targets.get(ou, ())}
    found = {}
    for region in sorted(regions):
        ous = [ou for ou, targeted in list(stack_set.targets.items()) if region in targeted]
        found[region] = nearest(ou_ids=ous, chain=chain) or account.parent_id
    return found


def _in_order(management_account: str) -> Iterator[StackSet]:
    """StackSets with auto-deployment, each after its dependencies."""
    by_arn = {item.arn: item for item in store.stack_sets(management_account) if item.auto_deployment.enabled}
    graph = {
        arn: [other for other in item.auto_deployment.depends_on if other in by_arn] for arn, item in by_arn.items()
    }
    return (by_arn[arn] for arn in TopologicalSorter(graph).static_order())


def _operations(stack_set: StackSet, account: Account, desired: dict[str, str]) -> Iterator[tuple[Action, Operation]]:
    """Deletions, then creations. Regions that stay covered keep their stacks (assumption A5)."""
    with stack_set.lock:
        held = {
            instance.region: instance for instance in stack_set.instances.values() if instance.account == account.id
        }
        for region in held.keys() & desired.keys():
            held[region].organizational_unit_id = desired[region]
    replaced = held.keys() if is_altered(Behaviour.MOVES_REPLACE_STACKS) else held.keys() - desired.keys()
    leaving = {region: held[region].organizational_unit_id for region in sorted(replaced)}
    coming = {region: ou for region, ou in desired.items() if region not in held or region in replaced}
    if leaving:
        yield "DELETE", _operation(stack_set, "DELETE", account, leaving)
    if coming:
        yield "CREATE", _operation(stack_set, "CREATE", account, coming)


def _operation(stack_set: StackSet, action: Action, account: Account, regions: dict[str, str]) -> Operation:
    results = (Result(account=account.id, region=region, organizational_unit_id=ou) for region, ou in regions.items())
    return Operation(
        id=str(uuid.uuid4()),
        action=action,
        results={result.key: result for result in results},
        regions=tuple(regions),
        targets={"OrganizationalUnitIds": sorted(set(regions.values()))},
        retain_stacks=action == "DELETE" and stack_set.auto_deployment.retain_stacks,
    )


def _begin(stack_set: StackSet, operation: Operation, desired: dict[str, str]) -> None:
    def accept() -> None:
        for account, region in operation.results:
            if operation.action == "CREATE":
                fresh = Instance(account=account, region=region, organizational_unit_id=desired[region])
                stack_set.instances.setdefault((account, region), fresh)

    operations.begin(stack_set, operation, accept=accept)

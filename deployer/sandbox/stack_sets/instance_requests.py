"""CreateStackInstances, UpdateStackInstances and DeleteStackInstances: from deployment targets to an operation."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from deployer.organization import Organization
from deployer.sandbox import seams
from deployer.sandbox.behaviours import Behaviour, is_altered
from deployer.sandbox.calls import Call, Refused
from deployer.sandbox.organizations import membership
from deployer.sandbox.regions import known_regions
from deployer.sandbox.stack_sets import operations, store
from deployer.sandbox.stack_sets.access import operated
from deployer.sandbox.stack_sets.model import Action, Instance, Operation, Result, StackSet
from deployer.sandbox.stack_sets.preferences import parse_preferences
from deployer.sandbox.stack_sets.targets import Targets, parse_targets, resolve
from deployer.sandbox.stack_sets.templates import overrides_of

MOST_INSTANCES = 100_000
"""Of one StackSet: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


@seams.answers("cloudformation", "CreateStackInstances")
def create_stack_instances(call: Call) -> Mapping[str, Any]:
    """Deploy to every account that is meant, those included that have an instance; its OUs are targets from then on.

    Auto-deployment knows no account filters, so an OU becomes a target as a whole, however few of its accounts are
    meant here (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html;
    assumption A3).
    """
    operated(call)
    stack_set = store.required(call)
    regions = _regions(call)
    targets = parse_targets(call.parameters, "CREATE")
    accounts = _resolved(targets, membership.snapshot(stack_set.management_account))
    wanted = [
        Instance(account=account, region=region, organizational_unit_id=ou)
        for region in regions
        for account, ou in sorted(accounts.items())
    ]
    if len(stack_set.instances.keys() | {instance.key for instance in wanted}) > MOST_INSTANCES:
        raise Refused("LimitExceededException", f"A StackSet has at most {MOST_INSTANCES} stack instances.")

    def accept() -> None:
        for instance in wanted:
            stack_set.instances.setdefault(instance.key, instance)
        if not targets.is_whole and is_altered(Behaviour.FILTERED_CREATION_REGISTERS_NOTHING):
            return
        for ou in targets.ous:
            stack_set.add_target(ou, regions)

    operation = new_operation(call, stack_set, "CREATE", covered=wanted)
    return {"OperationId": operations.begin(stack_set, operation, accept=accept).id}


@seams.answers("cloudformation", "UpdateStackInstances")
def update_stack_instances(call: Call) -> Mapping[str, Any]:
    """Give instances that are there other parameter overrides."""
    operated(call)
    stack_set = store.required(call)
    covered = _instances_of(stack_set, parse_targets(call.parameters, "UPDATE"), _regions(call))
    active = [instance for instance in covered if instance.status != "INOPERABLE"]
    operation = new_operation(call, stack_set, "UPDATE", covered=active)
    return {"OperationId": operations.begin(stack_set, operation, accept=lambda: None).id}


@seams.answers("cloudformation", "DeleteStackInstances")
def delete_stack_instances(call: Call) -> Mapping[str, Any]:
    """Remove instances and, unless retained, their stacks; OUs that are meant as a whole stop being targets there.

    Those that are meant in part stay targets (assumption A3), and so do whole ones in other regions (assumption A4).
    """
    operated(call)
    stack_set = store.required(call)
    regions = _regions(call)
    targets = parse_targets(call.parameters, "DELETE")
    covered = _instances_of(stack_set, targets, regions)

    def accept() -> None:
        for ou in targets.ous if targets.is_whole else ():
            all_ = is_altered(Behaviour.DELETION_ENDS_ALL_REGIONS)
            stack_set.remove_target(ou, tuple(stack_set.targets.get(ou, ())) if all_ else regions)

    operation = new_operation(call, stack_set, "DELETE", covered=covered)
    return {"OperationId": operations.begin(stack_set, operation, accept=accept).id}


def targeted_instances(call: Call, stack_set: StackSet) -> list[Instance]:
    """The instances that an update means: all where it names no targets, and never those that are INOPERABLE."""
    if call.parameters.get("DeploymentTargets") or call.parameters.get("Accounts"):
        found = _instances_of(stack_set, parse_targets(call.parameters, "UPDATE"), _regions(call))
    else:
        found = list(stack_set.instances.values())
    return [instance for instance in found if instance.status != "INOPERABLE"]


def new_operation(call: Call, stack_set: StackSet, action: Action, *, covered: Iterable[Instance]) -> Operation:
    """An operation over instances, in the order of the regions asked for."""
    instances = sorted(covered, key=lambda instance: instance.key)
    regions = tuple(call.parameters.get("Regions") or sorted({instance.region for instance in instances}))
    return Operation(
        id=str(call.parameters.get("OperationId") or uuid.uuid4()),
        action=action,
        results={instance.key: _pending(instance) for instance in instances},
        regions=regions,
        preferences=parse_preferences(call.parameters, regions=regions),
        request=f"{call.operation} {json.dumps(call.parameters, sort_keys=True, default=str)}",
        targets=call.parameters.get("DeploymentTargets"),
        retain_stacks=bool(call.parameters.get("RetainStacks")),
        overrides=overrides_of(call, declared=stack_set.parameters),
    )


def _pending(instance: Instance) -> Result:
    return Result(
        account=instance.account,
        region=instance.region,
        organizational_unit_id=instance.organizational_unit_id,
    )


def _instances_of(stack_set: StackSet, targets: Targets, regions: tuple[str, ...]) -> list[Instance]:
    """The instances there are in the accounts that are meant; refuses an OU that the StackSet is not in at all."""
    organization = membership.snapshot(stack_set.management_account)
    accounts = _resolved(targets, organization)
    held = {ou for account, _ in list(stack_set.instances) for ou in _chain(organization, account)}
    for ou in targets.ous:
        if ou not in held and ou not in stack_set.targets:
            raise Refused("ValidationError", f"Organizational unit {ou} not found in StackSet")
    return [
        instance
        for instance in list(stack_set.instances.values())
        if instance.account in accounts and instance.region in regions
    ]


def _resolved(targets: Targets, organization: Organization) -> dict[str, str]:
    if is_altered(Behaviour.NESTED_OUS_REFUSED):
        for ou in targets.ous:
            if above := set(organization.chain(ou)[:-1]) & set(targets.ous):
                raise Refused("ValidationError", f"Organizational unit {ou} is within {', '.join(sorted(above))}")
    return resolve(targets, organization)


def _chain(organization: Any, account: str) -> tuple[str, ...]:
    return organization.account_chain(account) if account in organization.accounts else ()


def _regions(call: Call) -> tuple[str, ...]:
    regions = tuple(str(region) for region in call.parameters.get("Regions") or ())
    if not regions:
        raise Refused("ValidationError", "Regions must have at least one region.")
    if unknown := [region for region in regions if region not in known_regions()]:
        raise Refused("ValidationError", f"Region(s) {unknown} are not supported")
    return regions

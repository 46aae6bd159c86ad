"""CreateStackInstances, UpdateStackInstances and DeleteStackInstances: from deployment targets to an operation."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from aws_org_sandbox import seams
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.organizations import membership
from aws_org_sandbox.regions import known_regions
from aws_org_sandbox.stack_sets import operations, store
from aws_org_sandbox.stack_sets.access import operated
from aws_org_sandbox.stack_sets.model import Action, Instance, Key, Operation, Result, StackSet
from aws_org_sandbox.stack_sets.preferences import parse_preferences
from aws_org_sandbox.stack_sets.targets import Targets, check_intersection, parse_targets, resolve
from aws_org_sandbox.stack_sets.templates import overrides_of

MAX_INSTANCES = 100_000
"""Of one StackSet: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


@seams.answers("cloudformation", "CreateStackInstances")
def create_stack_instances(call: Call) -> Mapping[str, Any]:
    """Deploy to every targeted account, including those with an instance; its OUs are targets from then on.

    Auto-deployment has no account filters, so an OU becomes a target as a whole, even if only some of its accounts are
    targeted (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html;
    assumption A3).
    """
    operated(call)
    stack_set = store.required(call)
    regions = _regions(call)
    targets = parse_targets(call.parameters, "CREATE")
    accounts = _accounts(stack_set, targets)
    desired = [
        Instance(account=account, region=region, organizational_unit_id=ou)
        for region in regions
        for account, ou in sorted(accounts.items())
    ]
    if is_altered(Behaviour.EXISTING_INSTANCES_REFUSED) and any(one.key in stack_set.instances for one in desired):
        raise Refused("ValidationError", f"There are stack instances of StackSet {stack_set.name} already.")
    if len(stack_set.instances.keys() | {instance.key for instance in desired}) > MAX_INSTANCES:
        raise Refused("LimitExceededException", f"A StackSet has at most {MAX_INSTANCES} stack instances.")

    def accept() -> None:
        for instance in desired:
            stack_set.instances.setdefault(instance.key, instance)
        if not targets.is_whole and is_altered(Behaviour.FILTERED_CREATION_REGISTERS_NOTHING):
            return
        for ou in targets.ous:
            stack_set.add_target(ou, regions)

    operation = new_operation(call, stack_set, "CREATE", covered=desired)
    return {"OperationId": operations.begin(stack_set, operation, accept=accept).id}


@seams.answers("cloudformation", "UpdateStackInstances")
def update_stack_instances(call: Call) -> Mapping[str, Any]:
    """Change the parameter overrides of existing instances; refuses an account and region that has none."""
    operated(call)
    stack_set = store.required(call)
    if known := already_begun(call, stack_set):
        return {"OperationId": known.id}
    covered = _updated(stack_set, parse_targets(call.parameters, "UPDATE"), _regions(call))
    active = [instance for instance in covered if instance.status != "INOPERABLE"]
    operation = new_operation(call, stack_set, "UPDATE", covered=active)
    return {"OperationId": operations.begin(stack_set, operation, accept=lambda: None).id}


@seams.answers("cloudformation", "DeleteStackInstances")
def delete_stack_instances(call: Call) -> Mapping[str, Any]:
    """Remove instances and, unless retained, their stacks; OUs targeted as a whole stop being targets.

    OUs targeted in part stay targets (assumption A3), and so do whole ones in other regions (assumption A4).
    """
    operated(call)
    stack_set = store.required(call)
    if known := already_begun(call, stack_set):
        return {"OperationId": known.id}
    regions = _regions(call)
    targets = parse_targets(call.parameters, "DELETE")
    covered = _deleted(stack_set, targets, regions, releases=bool(call.parameters.get("RetainStacks")))

    def accept() -> None:
        for ou in targets.ous if targets.is_whole else ():
            all_ = is_altered(Behaviour.DELETION_ENDS_ALL_REGIONS)
            stack_set.remove_target(ou, tuple(stack_set.targets.get(ou, ())) if all_ else regions)

    operation = new_operation(call, stack_set, "DELETE", covered=covered)
    return {"OperationId": operations.begin(stack_set, operation, accept=accept).id}


def targeted_instances(call: Call, stack_set: StackSet) -> list[Instance]:
    """The instances of an update: all if it names no targets, and never those that are INOPERABLE."""
    if call.parameters.get("DeploymentTargets") or call.parameters.get("Accounts"):
        found = _updated(stack_set, parse_targets(call.parameters, "UPDATE"), _regions(call))
    else:
        found = list(stack_set.instances.values())
    return [instance for instance in found if instance.status != "INOPERABLE"]


def new_operation(call: Call, stack_set: StackSet, action: Action, *, covered: Iterable[Instance]) -> Operation:
    """An operation on instances, in the requested order of regions."""
    instances = sorted(covered, key=lambda instance: instance.key)
    regions = tuple(call.parameters.get("Regions") or sorted({instance.region for instance in instances}))
    return Operation(
        id=str(call.parameters.get("OperationId") or uuid.uuid4()),
        action=action,
        results={instance.key: _pending(instance) for instance in instances},
        regions=regions,
        preferences=parse_preferences(call.parameters, regions=regions),
        request=_request(call),
        targets=call.parameters.get("DeploymentTargets"),
        retain_stacks=bool(call.parameters.get("RetainStacks")),
        overrides=overrides_of(call, declared=stack_set.parameters),
    )


def already_begun(call: Call, stack_set: StackSet) -> Operation | None:
    """The operation that the same request started before, even if its instances have changed since."""
    operation_id = call.parameters.get("OperationId")
    return operations.repeated(stack_set, str(operation_id), _request(call)) if operation_id else None


def _request(call: Call) -> str:
    return f"{call.operation} {json.dumps(call.parameters, sort_keys=True, default=str)}"


def _pending(instance: Instance) -> Result:
    return Result(
        account=instance.account,
        region=instance.region,
        organizational_unit_id=instance.organizational_unit_id,
    )


def _updated(stack_set: StackSet, targets: Targets, regions: tuple[str, ...]) -> list[Instance]:
    """The instances of the targeted accounts, which need one in every named region.

    AWS refuses to update a missing instance, and starts nothing: aws-cloudformation/cloudformation-coverage-roadmap
    #1978 for accounts, hashicorp/terraform-provider-aws #27877 and #33785 for OUs.
    """
    keys = _keys(stack_set, targets, regions)
    if missing := [key for key in keys if key not in stack_set.instances]:
        account, region = missing[0]
        message = f"Stack instance for account {account} and region {region} not found in StackSet {stack_set.name}"
        raise Refused("StackInstanceNotFoundException", message, status=404)
    return [stack_set.instances[key] for key in keys]


def _deleted(stack_set: StackSet, targets: Targets, regions: tuple[str, ...], *, releases: bool) -> list[Instance]:
    """The instances of the targeted accounts; not every account of an OU needs one (assumption A22).

    AWS does not document its behavior for a named account without one.
    """
    keys = _keys(stack_set, targets, regions, releases=releases)
    missing = [key for key in keys if key not in stack_set.instances]
    if missing and targets.filter == "INTERSECTION":
        account, region = missing[0]
        raise Refused(
            "ValidationError",
            f"There is no stack instance in account {account} and region {region} of StackSet {stack_set.name}, and the"
            " sandbox does not know what AWS answers then.",
        )
    return [stack_set.instances[key] for key in keys if key in stack_set.instances]


def _keys(stack_set: StackSet, targets: Targets, regions: tuple[str, ...], *, releases: bool = False) -> list[Key]:
    """Targeted accounts and regions; refuses an OU that no instance was deployed through.

    DeleteStackInstances refuses it as well ("Organizational unit not found in StackSet"):
    https://docs.aws.amazon.com/vpc/latest/reachability/multi-account-troubleshooting.html
    """
    accounts = _accounts(stack_set, targets, releases=releases)
    with stack_set.lock:
        known = {*stack_set.targets, *(one.organizational_unit_id for one in stack_set.instances.values())}
    for ou in targets.ous:
        if ou not in known:
            raise Refused("ValidationError", f"Organizational unit {ou} not found in StackSet")
    return [(account, region) for account in sorted(accounts) for region in regions]


def _accounts(stack_set: StackSet, targets: Targets, *, releases: bool = False) -> dict[str, str]:
    """The targeted accounts, each with its OU; refuses account filters that AWS does not document.

    An instance is deleted through the OU that it reports, even if its account has left that OU (assumption A20).
    """
    organization = membership.snapshot(stack_set.management_account)
    accounts = resolve(targets, organization)
    if targets.filter == "INTERSECTION":
        if releases:
            reported = {one.account: one.organizational_unit_id for one in list(stack_set.instances.values())}
            accounts |= {id_: ou for id_, ou in reported.items() if id_ in targets.accounts and ou in targets.ous}
        check_intersection(targets, accounts, organization)
    return accounts


def _regions(call: Call) -> tuple[str, ...]:
    regions = tuple(str(region) for region in call.parameters.get("Regions") or ())
    if not regions:
        raise Refused("ValidationError", "Regions must have at least one region.")
    if unknown := [region for region in regions if region not in known_regions()]:
        raise Refused("ValidationError", f"Region(s) {unknown} are not supported")
    return regions

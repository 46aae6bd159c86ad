"""CreateStackSet, UpdateStackSet, DeleteStackSet and StopStackSetOperation, checked as AWS checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_org_sandbox import seams
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.cloudformation.requests import stack_tags
from aws_org_sandbox.regions import is_enabled
from aws_org_sandbox.stack_sets import operations, store
from aws_org_sandbox.stack_sets.access import operated
from aws_org_sandbox.stack_sets.instance_requests import already_begun, new_operation, targeted_instances
from aws_org_sandbox.stack_sets.model import AutoDeployment, StackSet
from aws_org_sandbox.stack_sets.templates import parameters_of, template_of

MAX_STACK_SETS = 1000
"""In one administrator account: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
MAX_DEPENDENCIES = 10
MAX_TAGS = 50

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


@seams.answers("cloudformation", "CreateStackSet")
def create_stack_set(call: Call) -> Mapping[str, Any]:
    """A StackSet without instances; a repeated request with the same token returns the same one."""
    name = str(call.parameters["StackSetName"])
    if not _NAME.fullmatch(name):
        raise _invalid(f"Value '{name}' at 'stackSetName' failed to satisfy constraint: [a-zA-Z][-a-zA-Z0-9]*")
    if call.parameters.get("PermissionModel") != "SERVICE_MANAGED":
        raise _invalid("The sandbox has StackSets of the SERVICE_MANAGED permission model only.")
    management = operated(call)
    if not is_enabled(management, call.region):
        raise _invalid(f"Region {call.region} is not enabled in the management account {management}.")
    known = store.find(management, call.region, name)
    token = call.parameters.get("ClientRequestToken")
    if known is not None:
        if token and known.token == token:
            return {"StackSetId": known.id}
        raise Refused("NameAlreadyExistsException", f"StackSet {name} already exists", status=409)
    if sum(1 for _ in store.stack_sets(management, call.region)) >= MAX_STACK_SETS:
        raise Refused("LimitExceededException", f"No more than {MAX_STACK_SETS} StackSets in an administrator account")
    template = template_of(call)
    stack_set = StackSet(
        name=name,
        region=call.region,
        management_account=management,
        template_body=template.body,
        parameters=parameters_of(call, template, previous={}),
        tags=_tags(call) or {},
        capabilities=tuple(call.parameters.get("Capabilities") or ()),
        description=call.parameters.get("Description"),
        auto_deployment=_auto_deployment(call, management, previous=None),
        managed_execution=_managed_execution(call, previous=False),
        token=token,
    )
    store.add(stack_set)
    return {"StackSetId": stack_set.id}


@seams.answers("cloudformation", "UpdateStackSet")
def update_stack_set(call: Call) -> Mapping[str, Any]:
    """Change the StackSet at once, and its instances by an operation; those not updated stay behind as OUTDATED."""
    operated(call)
    stack_set = store.required(call)
    if known := already_begun(call, stack_set):
        return {"OperationId": known.id}
    _check_scope(call)
    if call.parameters.get("PermissionModel") not in {None, "SERVICE_MANAGED"}:
        raise _invalid("The permission model of a StackSet with stack instances cannot be modified.")
    template = template_of(call, previous=stack_set.template_body)
    parameters = parameters_of(call, template, previous=stack_set.parameters)
    auto_deployment = _auto_deployment(call, stack_set.management_account, previous=stack_set.auto_deployment)
    if stack_set.arn in auto_deployment.depends_on:
        raise _invalid("A StackSet cannot depend on itself.")
    tags = _tags(call)

    def accept() -> None:
        stack_set.template_body, stack_set.parameters = template.body, parameters
        stack_set.tags = stack_set.tags if tags is None else tags
        stack_set.auto_deployment = auto_deployment
        stack_set.description = call.parameters.get("Description", stack_set.description)
        stack_set.capabilities = tuple(call.parameters.get("Capabilities") or ())
        stack_set.managed_execution = _managed_execution(call, previous=stack_set.managed_execution)
        if any(call.parameters.get(member) for member in ("TemplateBody", "TemplateURL", "Parameters")):
            _outdate(stack_set)

    operation = new_operation(call, stack_set, "UPDATE", covered=targeted_instances(call, stack_set))
    return {"OperationId": operations.begin(stack_set, operation, accept=accept).id}


@seams.answers("cloudformation", "DeleteStackSet")
def delete_stack_set(call: Call) -> Mapping[str, Any]:
    """Delete an empty StackSet; a missing one is no error, as AWS documents for a deleted one."""
    management = operated(call)
    stack_set = store.find(management, call.region, str(call.parameters["StackSetName"]))
    if stack_set is None:
        return {}
    with stack_set.lock:
        if any(stack_set.unfinished):
            raise Refused("OperationInProgressException", f"An operation on {stack_set.arn} is in progress", status=409)
        if stack_set.instances:
            raise Refused("StackSetNotEmptyException", f"StackSet {stack_set.name} is not empty", status=409)
        stack_set.status = "DELETED"
    return {}


@seams.answers("cloudformation", "StopStackSetOperation")
def stop_stack_set_operation(call: Call) -> Mapping[str, Any]:
    """Cancel the stacks that an operation has not started."""
    operated(call)
    stack_set = store.required(call)
    operations.stop(stack_set, operations.required(stack_set, str(call.parameters["OperationId"])))
    return {}


def _outdate(stack_set: StackSet) -> None:
    """A template or parameters, even unchanged, make every instance OUTDATED until an operation updates it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackSet.html
    """
    for instance in stack_set.instances.values():
        if instance.status == "CURRENT":
            instance.status = "OUTDATED"


def _check_scope(call: Call) -> None:
    """AWS: AutoDeployment excludes DeploymentTargets and Regions, and those two require each other."""
    targets, regions = call.parameters.get("DeploymentTargets"), call.parameters.get("Regions")
    if call.parameters.get("AutoDeployment") and (targets or regions):
        raise _invalid("AutoDeployment cannot be specified together with DeploymentTargets or Regions.")
    if bool(targets) != bool(regions):
        raise _invalid("DeploymentTargets and Regions must be specified together.")


def _managed_execution(call: Call, *, previous: bool) -> bool:
    desired = call.parameters.get("ManagedExecution")
    return previous if desired is None else bool(desired.get("Active"))


def _tags(call: Call) -> dict[str, str] | None:
    """The tags of a request, which replace the existing ones; None if it has none."""
    if "Tags" not in call.parameters:
        return None
    tags = stack_tags(call.parameters["Tags"])
    if len(tags) > MAX_TAGS:
        raise _invalid(f"A StackSet has at most {MAX_TAGS} tags.")
    return tags


def _auto_deployment(call: Call, management_account: str, *, previous: AutoDeployment | None) -> AutoDeployment:
    """The requested setting; if the request omits it, the current one stays (assumption A15)."""
    desired = call.parameters.get("AutoDeployment")
    if desired is None:
        if previous is None:
            raise _invalid("AutoDeployment must be specified for StackSets with SERVICE_MANAGED permission model")
        if call.parameters.get("Regions") and is_altered(Behaviour.LIMITED_UPDATE_ENDS_AUTO_DEPLOYMENT):
            return replace(previous, enabled=False)
        return previous
    enabled, retain = desired.get("Enabled"), desired.get("RetainStacksOnAccountRemoval")
    if enabled and retain is None:
        raise _invalid("RetainStacksOnAccountRemoval must be specified when auto-deployment is enabled")
    if not enabled and retain is not None:
        raise _invalid("RetainStacksOnAccountRemoval can be specified only when auto-deployment is enabled")
    return AutoDeployment(
        enabled=bool(enabled),
        retain_stacks=bool(retain),
        depends_on=_dependencies(tuple(desired.get("DependsOn") or ()), management_account),
    )


def _dependencies(arns: tuple[str, ...], management_account: str) -> tuple[str, ...]:
    known = {stack_set.arn for stack_set in store.stack_sets(management_account)}
    if len(arns) > MAX_DEPENDENCIES:
        raise _invalid(f"A StackSet depends on at most {MAX_DEPENDENCIES} others.")
    if unknown := [arn for arn in arns if arn not in known]:
        raise _invalid(f"AutoDeployment.DependsOn names StackSets that do not exist: {', '.join(unknown)}")
    return arns


def _invalid(message: str) -> Refused:
    return Refused("ValidationError", message)

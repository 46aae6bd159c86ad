"""Calls that read StackSets: descriptions, instances, operations, results, targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from aws_org_sandbox import pages, seams
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.organizations import membership
from aws_org_sandbox.resources.resource import tag_list
from aws_org_sandbox.stack_sets import operations, store
from aws_org_sandbox.stack_sets.access import administered
from aws_org_sandbox.stack_sets.drift import detection_details, last_completed
from aws_org_sandbox.stack_sets.model import RESULT_STATUSES, Instance, Operation, Result, StackSet
from aws_org_sandbox.stack_sets.preferences import describe_preferences
from aws_org_sandbox.stack_sets.progress import regional_status_details, status_details

Item = TypeVar("Item")

PAGE = 100


@seams.answers("cloudformation", "DescribeStackSet")
def describe_stack_set(call: Call) -> Mapping[str, Any]:
    """A StackSet with its template, and the OUs and regions that it is in."""
    stack_set = store.required(call)
    checked = last_completed(stack_set)
    return {
        "StackSet": {
            **_summary(stack_set),
            "TemplateBody": stack_set.template_body,
            "Parameters": _parameters(stack_set.parameters),
            "Tags": tag_list(stack_set.tags),
            "Capabilities": list(stack_set.capabilities),
            "StackSetARN": stack_set.arn,
            **({"StackSetDriftDetectionDetails": detection_details(checked)} if checked else {}),
            "OrganizationalUnitIds": list(stack_set.targets),
            "Regions": sorted({region for _, region in stack_set.instances}),
        }
    }


@seams.answers("cloudformation", "ListStackSets")
def list_stack_sets(call: Call) -> Mapping[str, Any]:
    """The StackSets that the caller sees: none for SELF outside of the management account."""
    management = administered(call)
    if management is None:
        return {"Summaries": []}
    active = list(store.stack_sets(management, call.region))
    every = [*active, *store.deleted_stack_sets(management, call.region)]
    desired = call.parameters.get("Status")
    return _page(call, [item for item in every if desired in {None, item.status}], _summary)


@seams.answers("cloudformation", "DescribeStackInstance")
def describe_stack_instance(call: Call) -> Mapping[str, Any]:
    """One instance; refuses an account and region that has none."""
    stack_set = store.required(call)
    key = (call.parameters["StackInstanceAccount"], call.parameters["StackInstanceRegion"])
    instance = stack_set.instances.get(key)
    if instance is None:
        message = f"Stack instance for account {key[0]} and region {key[1]} not found in StackSet {stack_set.name}"
        raise Refused("StackInstanceNotFoundException", message, status=404)
    described = _instance(stack_set, instance)
    return {"StackInstance": {**described, "ParameterOverrides": _parameters(instance.overrides)}}


@seams.answers("cloudformation", "ListStackInstances")
def list_stack_instances(call: Call) -> Mapping[str, Any]:
    """The instances of a StackSet, filtered by account, region or status on request."""
    stack_set = store.required(call)
    account, region = call.parameters.get("StackInstanceAccount"), call.parameters.get("StackInstanceRegion")
    filters = {item["Name"]: item["Values"] for item in call.parameters.get("Filters") or ()}
    detailed, operation = filters.get("DETAILED_STATUS"), filters.get("LAST_OPERATION_ID")
    drift = filters.get("DRIFT_STATUS")
    with stack_set.lock:
        found = [
            key
            for key, instance in stack_set.instances.items()
            if account in {None, instance.account}
            and region in {None, instance.region}
            and (detailed is None or instance.detailed == detailed)
            and (operation is None or instance.last_operation_id == operation)
            and (drift is None or instance.drift_status == drift)
        ]
        return _page(call, sorted(found), lambda key: _instance(stack_set, stack_set.instances[key]))


@seams.answers("cloudformation", "DescribeStackSetOperation")
def describe_stack_set_operation(call: Call) -> Mapping[str, Any]:
    """An operation, with its parameters."""
    stack_set = store.required(call)
    operation = operations.required(stack_set, str(call.parameters["OperationId"]))
    described = {**_operation(operation), "StackSetId": stack_set.id, "DeploymentTargets": operation.targets}
    described["RegionalStatusDetails"] = regional_status_details(operation)
    if operation.action == "DETECT_DRIFT":
        described["StackSetDriftDetectionDetails"] = detection_details(operation)
    if operation.action == "DELETE":
        described["RetainStacks"] = operation.retain_stacks
    return {"StackSetOperation": described}


@seams.answers("cloudformation", "ListStackSetOperations")
def list_stack_set_operations(call: Call) -> Mapping[str, Any]:
    """Operations, the newest first."""
    stack_set = store.required(call)
    return _page(call, stack_set.operations[::-1], _operation)


@seams.answers("cloudformation", "ListStackSetOperationResults")
def list_stack_set_operation_results(call: Call) -> Mapping[str, Any]:
    """The results of an operation in each account and region so far."""
    stack_set = store.required(call)
    operation = operations.required(stack_set, str(call.parameters["OperationId"]))
    filters = {item["Name"]: item["Values"] for item in call.parameters.get("Filters") or ()}
    desired = filters.get("OPERATION_RESULT_STATUS")
    if desired is not None and desired not in RESULT_STATUSES:
        raise Refused("ValidationError", f"{desired} is not a status of operation results.")
    with stack_set.lock:
        results = [item for item in operation.results.values() if desired in {None, item.status}]
        return _page(call, results, _result)


@seams.answers("cloudformation", "ListStackSetAutoDeploymentTargets")
def list_stack_set_auto_deployment_targets(call: Call) -> Mapping[str, Any]:
    """The OUs of auto-deployment, with their regions."""
    stack_set = store.required(call)
    return _page(
        call,
        sorted(stack_set.targets.items()),
        lambda target: {"OrganizationalUnitId": target[0], "Regions": list(target[1])},
    )


def _summary(stack_set: StackSet) -> dict[str, Any]:
    auto, checked = stack_set.auto_deployment, last_completed(stack_set)
    deployment: dict[str, Any] = {"Enabled": auto.enabled}
    if auto.enabled:
        deployment |= {"RetainStacksOnAccountRemoval": auto.retain_stacks, "DependsOn": list(auto.depends_on)}
    return {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "Status": stack_set.status,
        "Description": stack_set.description,
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": deployment,
        "ManagedExecution": {"Active": stack_set.managed_execution},
        "DriftStatus": detection_details(checked)["DriftStatus"] if checked else "NOT_CHECKED",
        "LastDriftCheckTimestamp": checked.ended if checked else None,
    }


def _instance(stack_set: StackSet, instance: Instance) -> dict[str, Any]:
    return {
        "StackSetId": stack_set.id,
        "Account": instance.account,
        "Region": instance.region,
        "StackId": instance.stack_id,
        "Status": instance.status,
        "StatusReason": instance.reason,
        "StackInstanceStatus": {"DetailedStatus": instance.detailed},
        "OrganizationalUnitId": _reported_ou(stack_set, instance),
        "DriftStatus": instance.drift_status,
        "LastDriftCheckTimestamp": instance.drift_checked,
        "LastOperationId": instance.last_operation_id,
    }


def _reported_ou(stack_set: StackSet, instance: Instance) -> str:
    """The OU that the instance was deployed by (assumption A2)."""
    if is_altered(Behaviour.OWN_OUS_REPORTED):
        return membership.snapshot(stack_set.management_account).accounts[instance.account].parent_id
    return instance.organizational_unit_id


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "OperationId": operation.id,
        "Action": operation.action,
        "Status": operation.status,
        "StatusReason": operation.reason,
        "CreationTimestamp": operation.created,
        "EndTimestamp": operation.ended,
        "OperationPreferences": describe_preferences(operation.preferences),
        "StatusDetails": status_details(operation),
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "Account": result.account,
        "Region": result.region,
        "Status": result.status,
        "StatusReason": result.reason,
        "OrganizationalUnitId": result.organizational_unit_id,
    }


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def _page(call: Call, items: Sequence[Item], described: Callable[[Item], dict[str, Any]]) -> Mapping[str, Any]:
    """Only the items on the page are described, because lists can have tens of thousands."""
    found, token = pages.page(items, call, limit=PAGE, bad_token="ValidationError")  # noqa: S106 - an error code
    return pages.with_token({"Summaries": [described(item) for item in found]}, token)

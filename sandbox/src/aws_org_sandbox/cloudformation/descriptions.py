"""Calls that read stacks and templates: Describe…, List…, GetTemplate and ValidateTemplate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_org_sandbox.calls import Call
from aws_org_sandbox.cloudformation.engine import check_resources
from aws_org_sandbox.cloudformation.requests import INVALID, find, invalid, template_of
from aws_org_sandbox.cloudformation.stacks import Stack, StackEvent, StackResource, stacks_in
from aws_org_sandbox.cloudformation.template import Template, TemplateError
from aws_org_sandbox.pages import page, with_token
from aws_org_sandbox.resources.resource import tag_list
from aws_org_sandbox.seams import answers

Answer = Mapping[str, Any]

PAGE = 100
"""Items on a page of ListStackResources and DescribeStackEvents; AWS pages by 1 MB or by 100."""


@answers("cloudformation", "DescribeStacks")
def describe_stacks(call: Call) -> Answer:
    """One stack, by name or id, or all except deleted ones."""
    if call.parameters.get("StackName"):
        return {"Stacks": [_stack(find(call))]}
    alive = [_stack(stack) for stack in stacks_in(call.account, call.region) if stack.deleted is None]
    items, token = page(alive, call, limit=PAGE, bad_token=INVALID)
    return with_token({"Stacks": items}, token)


@answers("cloudformation", "ListStacks")
def list_stacks(call: Call) -> Answer:
    """All stacks, the deleted ones included, by status."""
    statuses = set(call.parameters.get("StackStatusFilter") or ())
    found = [
        _summary(stack) for stack in stacks_in(call.account, call.region) if not statuses or stack.status in statuses
    ]
    items, token = page(found[::-1], call, limit=PAGE, bad_token=INVALID)
    return with_token({"StackSummaries": items}, token)


@answers("cloudformation", "DescribeStackEvents")
def describe_stack_events(call: Call) -> Answer:
    """A stack's events, the latest first."""
    stack = find(call)
    found = [_event(stack, event) for event in reversed(list(stack.events))]
    items, token = page(found, call, limit=PAGE, bad_token=INVALID)
    return with_token({"StackEvents": items}, token)


@answers("cloudformation", "DescribeStackResources")
def describe_stack_resources(call: Call) -> Answer:
    """A stack's resources, or the stack that a physical resource belongs to."""
    physical = call.parameters.get("PhysicalResourceId")
    by_resource = physical and not call.parameters.get("StackName")
    stack = _owner(call, str(physical)) if by_resource else find(call)
    desired = call.parameters.get("LogicalResourceId")
    found = [item for id_, item in dict(stack.resources).items() if desired in {None, id_}]
    return {"StackResources": [{**_resource(item), **_identity(stack), "Timestamp": item.changed} for item in found]}


@answers("cloudformation", "DescribeStackResource")
def describe_stack_resource(call: Call) -> Answer:
    """One resource of a stack."""
    stack, logical_id = find(call), str(call.parameters["LogicalResourceId"])
    item = stack.resources.get(logical_id)
    if item is None:
        raise invalid(f"Resource {logical_id} does not exist for stack {stack.name}")
    return {"StackResourceDetail": {**_resource(item), **_identity(stack), "LastUpdatedTimestamp": item.changed}}


@answers("cloudformation", "ListStackResources")
def list_stack_resources(call: Call) -> Answer:
    """A summary of a stack's resources."""
    stack = find(call)
    found = [{**_resource(item), "LastUpdatedTimestamp": item.changed} for item in dict(stack.resources).values()]
    items, token = page(found, call, limit=PAGE, bad_token=INVALID)
    return with_token({"StackResourceSummaries": items}, token)


@answers("cloudformation", "GetTemplate")
def get_template(call: Call) -> Answer:
    """The original template; without macros the processed one is the same."""
    stack = find(call)
    if stack.template is None:
        raise invalid(f"Template for stack {stack.name} is not available")
    return {"TemplateBody": stack.template.body, "StagesAvailable": ["Original", "Processed"]}


@answers("cloudformation", "ValidateTemplate")
def validate_template(call: Call) -> Answer:
    """Whether a template is well-formed, and its parameters and capabilities."""
    template = _checked(call)
    parameters = [_parameter(name, item) for name, item in template.parameters.items()]
    return {"Parameters": parameters, **_capabilities(template)}


@answers("cloudformation", "GetTemplateSummary")
def get_template_summary(call: Call) -> Answer:
    """The contents of a template, or of a stack's template."""
    if call.parameters.get("StackName"):
        stack = find(call)
        if stack.template is None:
            raise invalid("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.")
        template = stack.template
    else:
        template = _checked(call)
    parameters = [
        {**_parameter(name, item), "ParameterType": item.get("Type", "String")}
        for name, item in template.parameters.items()
    ]
    return {"Parameters": parameters, "ResourceTypes": sorted(template.types), **_capabilities(template)}


def _checked(call: Call) -> Template:
    try:
        template = template_of(call)
        check_resources(template, region=call.region)
    except TemplateError as error:
        raise invalid(str(error)) from error
    return template


def _capabilities(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = {"Description": template.description} if template.description else {}
    if template.capabilities:
        roles = sorted(type_ for type_ in template.types if type_.startswith("AWS::IAM::"))
        found["Capabilities"] = sorted(template.capabilities)
        found["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{', '.join(roles)}]"
    return found


def _parameter(name: str, item: Mapping[str, Any]) -> dict[str, Any]:
    found = {"ParameterKey": name, "NoEcho": str(item.get("NoEcho", False)).lower() == "true"}
    renamed = {"Default": "DefaultValue", "Description": "Description"}
    return found | {renamed[key]: str(item[key]) for key in renamed if key in item}


def _owner(call: Call, physical_id: str) -> Stack:
    for stack in stacks_in(call.account, call.region):
        if stack.deleted is None and any(item.physical_id == physical_id for item in list(stack.resources.values())):
            return stack
    raise invalid(f"Stack for {physical_id} does not exist")


def _identity(stack: Stack) -> dict[str, Any]:
    return {"StackId": stack.id, "StackName": stack.name}


def _stack(stack: Stack) -> dict[str, Any]:
    found = {
        **_identity(stack),
        "Capabilities": list(stack.capabilities),
        "CreationTime": stack.created,
        "Description": stack.description,
        "DeletionTime": stack.deleted,
        "DisableRollback": stack.disable_rollback,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "EnableTerminationProtection": stack.termination_protection,
        "LastUpdatedTime": stack.updated,
        "Outputs": _outputs(stack),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
        "RoleARN": stack.role_arn,
        "StackStatus": stack.status,
        "StackStatusReason": stack.status_reason,
        "Tags": tag_list(stack.tags),
    }
    return _without_none(found)


def _outputs(stack: Stack) -> list[dict[str, Any]]:
    declared = stack.template.outputs if stack.template else {}
    return [
        _without_none({"OutputKey": key, "OutputValue": value, "Description": declared.get(key, {}).get("Description")})
        for key, value in stack.outputs.items()
    ]


def _summary(stack: Stack) -> dict[str, Any]:
    return _without_none(
        {
            **_identity(stack),
            "CreationTime": stack.created,
            "DeletionTime": stack.deleted,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
            "LastUpdatedTime": stack.updated,
            "StackStatus": stack.status,
            "StackStatusReason": stack.status_reason,
            "TemplateDescription": stack.description,
        }
    )


def _resource(item: StackResource) -> dict[str, Any]:
    return _without_none(
        {
            "LogicalResourceId": item.definition.logical_id,
            "PhysicalResourceId": item.physical_id,
            "ResourceType": item.type,
            "ResourceStatus": item.status,
            "ResourceStatusReason": item.reason,
            "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        }
    )


def _event(stack: Stack, event: StackEvent) -> dict[str, Any]:
    return _without_none(
        {
            **_identity(stack),
            "EventId": event.id,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceProperties": event.properties,
            "ResourceStatus": event.status,
            "ResourceStatusReason": event.reason,
            "ResourceType": event.type,
            "Timestamp": event.at,
        }
    )


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}

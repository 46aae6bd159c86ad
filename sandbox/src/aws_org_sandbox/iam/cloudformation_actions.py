"""The needs of CloudFormation's calls: the stack, by name or id, or the StackSet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from aws_org_sandbox.calls import Call
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.iam.actions import ANY, Need, Needs, each, need
from aws_org_sandbox.organizations import membership

_STACK_SET_ID = "00000000-0000-0000-0000-000000000000"
"""Placeholder for the id of a StackSet; policies have a `*` there."""


Finder = Callable[[Call], str | None]

_finders: list[Finder] = []


def resolves_stack_of_change_set(function: Finder) -> Finder:
    """Use the decorated function to find the stack's id for a change set; None if it does not exist."""
    _finders.append(function)
    return function


def _stack(call: Call) -> Iterable[Need]:
    """A stack's ARN has an id after its name; policies have a `*` there. A change set's ARN represents its stack."""
    name = str(call.parameters.get("StackName") or "")
    stacks = (find(call) for find in _finders)
    if (stack_id := next(filter(None, stacks), None)) is not None:
        return [need(call, stack_id)]
    if not name:
        return [need(call, ANY)]
    arn = name if name.startswith("arn:") else f"arn:{{partition}}:cloudformation:{{region}}:{{account}}:stack/{name}/*"
    return [need(call, arn)]


def _events(call: Call) -> Iterable[Need]:
    """For events of a change set, the resource is the change set, not its stack."""
    change_set = str(call.parameters.get("ChangeSetName") or "")
    return [need(call, change_set)] if change_set.startswith("arn:") else _stack(call)


def _anything(call: Call) -> Iterable[Need]:
    return [need(call, ANY)]


def _stack_set(call: Call) -> Iterable[Need]:
    """A delegated administrator may manage a StackSet that belongs to the management account."""
    owner = membership.management_account_of(call.account) or call.account
    name = call.parameters.get("StackSetName", ANY)
    resource = f"arn:{PARTITION}:cloudformation:{call.region}:{owner}:stackset/{name}:{_STACK_SET_ID}"
    yield Need(action=f"cloudformation:{call.operation}", resource=resource, account=call.account)


NEEDS: Mapping[tuple[str, str], Needs] = {
    **each(_stack, "cloudformation", "CreateChangeSet", "CreateStack", "DeleteChangeSet", "DeleteStack",
           "DescribeChangeSet", "DescribeStackEvents", "DescribeStackResource", "DescribeStackResources",
           "DescribeStacks", "ExecuteChangeSet", "GetTemplate", "ListChangeSets", "ListStackResources", "UpdateStack",
           "UpdateTerminationProtection"),
    ("cloudformation", "DescribeEvents"): _events,
    **each(_anything, "cloudformation", "CreateStackSet", "DescribeOrganizationsAccess", "GetTemplateSummary",
           "ListStackSets", "ListStacks", "ValidateTemplate"),
    **each(_stack_set, "cloudformation", "CreateStackInstances", "DeleteStackInstances", "DeleteStackSet",
           "DescribeStackInstance", "DescribeStackSet", "DescribeStackSetOperation", "ListStackInstances",
           "DetectStackSetDrift", "ListStackInstanceResourceDrifts",
           "ListStackSetAutoDeploymentTargets", "ListStackSetOperationResults", "ListStackSetOperations",
           "StopStackSetOperation", "UpdateStackInstances", "UpdateStackSet"),
}  # fmt: skip

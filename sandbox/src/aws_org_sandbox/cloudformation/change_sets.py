"""Change sets: the changes of an update or a new stack, described before they are executed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from aws_org_sandbox import background
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.cloudformation import early_validation, engine, imports, reverting
from aws_org_sandbox.cloudformation.changes import Change, changes, is_unchanged
from aws_org_sandbox.cloudformation.early_validation import EarlyValidationFailed, Finding
from aws_org_sandbox.cloudformation.engine import DesiredStack
from aws_org_sandbox.cloudformation.operations import as_actor, check_updatable
from aws_org_sandbox.cloudformation.requests import (
    INVALID,
    deploying_credentials,
    desired_stack,
    find,
    invalid,
    stack_name,
)
from aws_org_sandbox.cloudformation.stacks import PARTITION, Stack, Stacks, now, stacks_in
from aws_org_sandbox.cloudformation.template import TemplateError
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.iam.cloudformation_actions import resolves_stack_of_change_set
from aws_org_sandbox.pages import page, with_token
from aws_org_sandbox.resources.resource import tag_list
from aws_org_sandbox.seams import answers

Answer = Mapping[str, Any]

EMPTY = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass(kw_only=True)
class ChangeSet:
    """One change set; `status` is that of its creation, `execution` tracks whether it can be executed."""

    id: str
    name: str
    kind: str
    stack: Stack
    desired: DesiredStack
    created: datetime
    description: str | None
    imports_existing: bool
    role_arn: str | None
    mode: str | None = None
    """The deployment mode: REVERT_DRIFT makes it drift-aware."""
    drift: reverting.Drift = field(default_factory=dict)
    status: str = "CREATE_PENDING"
    reason: str | None = None
    execution: str = "UNAVAILABLE"
    changes: list[Change] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    """The findings of early validation, which only DescribeEvents returns."""
    operation_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@resolves_stack_of_change_set
def _stack_id(call: Call) -> str | None:
    change_set = stacks_in(call.account, call.region).change_sets.get(str(call.parameters.get("ChangeSetName")))
    return None if change_set is None else str(change_set.stack.id)


@answers("cloudformation", "CreateChangeSet")
def create_change_set(call: Call) -> Answer:
    """Start to create a change set; a new stack is in review until its change set is executed."""
    stacks, kind = stacks_in(call.account, call.region), str(call.parameters.get("ChangeSetType") or "UPDATE")
    name = str(call.parameters["ChangeSetName"])
    with stacks.lock:
        stack = _stack_for(call, stacks, kind)
        desired = desired_stack(call, previous=stack if kind == "UPDATE" else None)
        credentials = deploying_credentials(call, stack)
        if stack is None:
            stack = stacks.add(account=call.account, region=call.region, name=stack_name(call))
            stack.set_status("REVIEW_IN_PROGRESS", "User Initiated")
        if any(item.name == name for item in _of(stacks, stack)):
            raise Refused("AlreadyExistsException", f"ChangeSet {name} already exists")
        change_set = ChangeSet(
            id=f"arn:{PARTITION}:cloudformation:{call.region}:{call.account}:changeSet/{name}/{uuid.uuid4()}",
            name=name,
            kind=kind,
            stack=stack,
            desired=desired,
            created=now(),
            description=call.parameters.get("Description"),
            imports_existing=bool(call.parameters.get("ImportExistingResources")),
            role_arn=call.parameters.get("RoleARN"),
            mode=_mode(call, kind),
        )
        stacks.change_sets[change_set.id] = change_set
    background.submit(as_actor, credentials, lambda: _compute_changes(change_set))
    return {"Id": change_set.id, "StackId": stack.id}


def _compute_changes(change_set: ChangeSet) -> None:
    change_set.status = "CREATE_IN_PROGRESS"
    try:
        _find_changes(change_set)
    except (EarlyValidationFailed, TemplateError, imports.ImportRefused) as error:
        change_set.findings = error.findings if isinstance(error, EarlyValidationFailed) else ()
        change_set.status, change_set.reason = "FAILED", str(error)
        return
    except ClientError as error:  # a resource that the deployer may not read
        change_set.status, change_set.reason = "FAILED", str(error)
        return
    if not change_set.changes and is_unchanged(change_set.stack, change_set.desired):
        change_set.status, change_set.reason = "FAILED", EMPTY
        return
    change_set.status, change_set.execution = "CREATE_COMPLETE", "AVAILABLE"


def _find_changes(change_set: ChangeSet) -> None:
    stack, desired = change_set.stack, change_set.desired
    early_validation.validate_properties(stack, desired)
    found = changes(stack, desired)
    imported = imports.find_existing(stack, desired) if change_set.imports_existing else frozenset()
    change_set.desired = replace(desired, imports=imported)
    early_validation.validate_names(stack, change_set.desired, imports_existing=change_set.imports_existing)
    if imported:
        found = [replace(item, action="Import") if item.logical_id in imported else item for item in found]
    if change_set.mode:
        change_set.drift = reverting.drift_of(stack, desired)
        found = reverting.with_drift(found, stack, change_set.drift)
    change_set.changes = found


def _mode(call: Call, kind: str) -> str | None:
    """The deployment mode; the documentation describes it for existing stacks only."""
    mode = call.parameters.get("DeploymentMode")
    if mode and kind != "UPDATE":
        raise invalid(f"DeploymentMode {mode} of a change set of type {kind} is not supported by the sandbox")
    return str(mode) if mode else None


@answers("cloudformation", "DescribeChangeSet")
def describe_change_set(call: Call) -> Answer:
    """A change set and its changes."""
    change_set = _find(call)
    found = [change.to_api() for change in change_set.changes]
    items, token = page(found, call, limit=100, bad_token=INVALID)
    desired = change_set.desired
    described = {
        **_summary(change_set),
        "Capabilities": list(desired.capabilities),
        "Changes": items,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in desired.parameters.items()],
        "Tags": tag_list(desired.tags),
    }
    if change_set.mode:
        described |= {
            "DeploymentMode": change_set.mode,
            "StackDriftStatus": "DRIFTED" if change_set.drift else "IN_SYNC",
        }
    return with_token(described, token)


@answers("cloudformation", "DescribeEvents")
def describe_events(call: Call) -> Answer:
    """The findings of early validation in a change set; excludes events of stacks."""
    if not call.parameters.get("ChangeSetName"):
        if call.parameters.get("StackName") or call.parameters.get("OperationId"):
            raise invalid("DescribeEvents of anything but a change set is not supported by the sandbox")
        raise invalid("One of ChangeSetName, OperationId or StackName must be specified")
    change_set = _find(call)
    events = [_event(change_set, finding) for finding in change_set.findings]
    items, token = page(events, call, limit=100, bad_token=INVALID)
    return with_token({"OperationEvents": items}, token)


@answers("cloudformation", "ExecuteChangeSet")
def execute_change_set(call: Call) -> Answer:
    """Execute a change set. All other change sets of the stack become invalid."""
    change_set = _find(call)
    stack, stacks = change_set.stack, stacks_in(call.account, call.region)
    credentials = deploying_credentials(call, stack)
    with stacks.lock:
        if change_set.execution != "AVAILABLE":
            raise Refused(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of [{change_set.status}]",
            )
        if change_set.kind == "UPDATE":
            check_updatable(stack)
        for other in _of(stacks, stack):
            other.execution = "OBSOLETE"
        change_set.execution = "EXECUTE_IN_PROGRESS"
        stack.role_arn = change_set.role_arn or stack.role_arn
        stack.disable_rollback = bool(call.parameters.get("DisableRollback"))
        verb = "CREATE" if change_set.kind == "CREATE" else "UPDATE"
        stack.set_status(f"{verb}_IN_PROGRESS", "User Initiated")
    _submit(change_set, credentials)
    return {}


def _submit(change_set: ChangeSet, credentials: Credentials) -> None:
    def work() -> None:
        run = engine.create if change_set.kind == "CREATE" else engine.update
        reverting.begin_with(change_set.stack, change_set.drift)
        run(change_set.stack, change_set.desired)
        done = change_set.stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
        change_set.execution = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"

    background.submit(as_actor, credentials, work)


@answers("cloudformation", "DeleteChangeSet")
def delete_change_set(call: Call) -> Answer:
    """Delete a change set; the stack in review remains, as in AWS."""
    stacks = stacks_in(call.account, call.region)
    change_set = _find(call)
    if change_set.execution == "EXECUTE_IN_PROGRESS":
        raise Refused("InvalidChangeSetStatus", f"ChangeSet [{change_set.id}] is being executed")
    del stacks.change_sets[change_set.id]
    return {}


@answers("cloudformation", "ListChangeSets")
def list_change_sets(call: Call) -> Answer:
    """The change sets of a stack."""
    stack = find(call)
    found = [_summary(item) for item in _of(stacks_in(call.account, call.region), stack)]
    items, token = page(found, call, limit=100, bad_token=INVALID)
    return with_token({"Summaries": items}, token)


def _stack_for(call: Call, stacks: Stacks, kind: str) -> Stack | None:
    """The stack that a change set is for; None if the change set creates it."""
    stack = stacks.find(str(call.parameters["StackName"]))
    if kind == "UPDATE":
        stack = find(call)
        if stack.status == "REVIEW_IN_PROGRESS":
            raise invalid(f"Stack [{stack.name}] is in REVIEW_IN_PROGRESS: use ChangeSetType CREATE")
        check_updatable(stack)
        return stack
    if kind != "CREATE":
        raise invalid(f"ChangeSetType {kind} is not supported by the sandbox")
    if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
        raise invalid(
            f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
            f"[{call.parameters['ChangeSetName']}]."
        )
    return stack


def _find(call: Call) -> ChangeSet:
    """A change set by its ARN, or by its name and its stack's."""
    stacks, desired = stacks_in(call.account, call.region), str(call.parameters["ChangeSetName"])
    if desired in stacks.change_sets:
        found: ChangeSet = stacks.change_sets[desired]
        return found
    if desired.startswith("arn:"):
        raise Refused("ChangeSetNotFound", f"ChangeSet [{desired}] does not exist", status=404)
    if not call.parameters.get("StackName"):
        raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    for item in _of(stacks, find(call)):
        if item.name == desired:
            return item
    raise Refused("ChangeSetNotFound", f"ChangeSet [{desired}] does not exist", status=404)


def _of(stacks: Stacks, stack: Stack) -> list[ChangeSet]:
    return [item for item in list(stacks.change_sets.values()) if item.stack is stack]


def _event(change_set: ChangeSet, finding: Finding) -> dict[str, Any]:
    definition = finding.definition
    return {
        "EventId": f"{definition.logical_id}-{finding.validation}-{change_set.operation_id}",
        "StackId": change_set.stack.id,
        "OperationId": change_set.operation_id,
        "OperationType": "CREATE_CHANGESET",
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": definition.logical_id,
        "PhysicalResourceId": finding.physical_id,
        "ResourceType": definition.type,
        "Timestamp": change_set.created,
        "ValidationFailureMode": "FAIL",
        "ValidationName": finding.validation,
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": finding.reason,
        "ValidationPath": finding.path,
    }


def _summary(change_set: ChangeSet) -> dict[str, Any]:
    found = {
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "CreationTime": change_set.created,
        "Description": change_set.description,
        "ExecutionStatus": change_set.execution,
        "ImportExistingResources": change_set.imports_existing,
        "StackId": change_set.stack.id,
        "StackName": change_set.stack.name,
        "Status": change_set.status,
        "StatusReason": change_set.reason,
    }
    return {key: value for key, value in found.items() if value is not None}

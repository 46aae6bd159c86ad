"""Synchronous deployment and deletion of stacks, for StackSets.

`operations` and `change_sets` implement the API: asynchronous operations, termination protection and change sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_org_sandbox.cloudformation import engine
from aws_org_sandbox.cloudformation.changes import is_unchanged
from aws_org_sandbox.cloudformation.engine import DesiredStack
from aws_org_sandbox.cloudformation.intrinsics import parameter_values
from aws_org_sandbox.cloudformation.service_role import execution_credentials
from aws_org_sandbox.cloudformation.stacks import Stack, StackEvent, stacks_in
from aws_org_sandbox.cloudformation.template import TemplateError, parse
from aws_org_sandbox.resources.clients import acting_as

if TYPE_CHECKING:
    from aws_org_sandbox.credentials import Credentials

DEPLOYABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})


class StackFailed(Exception):  # noqa: N818 - names a result; StackSets turn it into an instance's status
    """A stack that did not reach its desired state. `reason` names the failing resource as in StatusReason."""

    def __init__(self, reason: str, events: tuple[StackEvent, ...] = (), *, stack_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.events = events
        self.stack_id = stack_id


def deploy_stack(  # noqa: PLR0913 - as many as CreateStack has
    *,
    account: str,
    region: str,
    name: str,
    template_body: str,
    parameters: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    credentials: Credentials | None = None,
) -> str:
    """Create or update the stack, wait until it is done, and return its id; raises StackFailed.

    Without `credentials`, the account's StackSets role deploys. A stack that remains from a failed creation is deleted
    first; a stack that is already in the desired state is not changed.
    """
    try:
        desired = _desired_stack(template_body, parameters or {}, tags or {}, region=region)
    except TemplateError as error:
        raise StackFailed(str(error)) from error
    stacks = stacks_in(account, region)
    with acting_as(credentials or execution_credentials(account)):
        with stacks.lock:
            stack = stacks.find(name)
            if stack is not None and stack.status in {
                "ROLLBACK_COMPLETE",
                "ROLLBACK_FAILED",
                "CREATE_FAILED",
                "DELETE_FAILED",
            }:
                _delete(stack)
                stack = None
            if stack is None:
                stack = stacks.add(account=account, region=region, name=name)
                stack.set_status("CREATE_IN_PROGRESS", "User Initiated")
            elif stack.status not in DEPLOYABLE:
                raise StackFailed(_busy(stack), stack_id=stack.id)
            elif is_unchanged(stack, desired):
                return stack.id
            else:
                _check_update(stack, desired)
                stack.set_status("UPDATE_IN_PROGRESS", "User Initiated")
        first = len(stack.events) - 1
        (engine.create if stack.status == "CREATE_IN_PROGRESS" else engine.update)(stack, desired)
    if stack.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise _failure(stack, first)
    return stack.id


def delete_stack(*, account: str, region: str, name: str, credentials: Credentials | None = None) -> None:
    """Delete a stack, by name or id, and wait until it is gone; a missing stack is no error. Raises StackFailed."""
    stack = stacks_in(account, region).find(name)
    if stack is None or stack.deleted is not None:
        return
    if stack.is_busy:
        raise StackFailed(_busy(stack), stack_id=stack.id)
    with acting_as(credentials or execution_credentials(account)):
        _delete(stack)


def find_stack(*, account: str, region: str, name: str) -> Stack | None:
    """The stack with a name or id."""
    return stacks_in(account, region).find(name)


def _delete(stack: Stack) -> None:
    stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
    first = len(stack.events) - 1
    engine.delete(stack)
    if stack.status != "DELETE_COMPLETE":
        raise _failure(stack, first)


def _desired_stack(body: str, parameters: Mapping[str, str], tags: Mapping[str, str], *, region: str) -> DesiredStack:
    template = parse(body)
    engine.check_resources(template, region=region)
    return DesiredStack(template=template, parameters=parameter_values(template.parameters, parameters), tags=tags)


def _check_update(stack: Stack, desired: DesiredStack) -> None:
    try:
        engine.check_update(stack, desired.template)
    except TemplateError as error:
        raise StackFailed(str(error), stack_id=stack.id) from error


def _failure(stack: Stack, first: int) -> StackFailed:
    events = tuple(stack.events[first:])
    failed = next((event for event in events if event.status.endswith("_FAILED") and event.reason), None)
    if failed is None or failed.logical_id == stack.name:
        return StackFailed(stack.status_reason or stack.status, events, stack_id=stack.id)
    reason = f"ResourceLogicalId:{failed.logical_id}, ResourceType:{failed.type}, ResourceStatusReason:{failed.reason}."
    return StackFailed(reason, events, stack_id=stack.id)


def _busy(stack: Stack) -> str:
    return f"Stack:{stack.id} is in {stack.status} state and can not be updated."

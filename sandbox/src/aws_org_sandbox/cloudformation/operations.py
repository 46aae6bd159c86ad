"""CreateStack, UpdateStack, DeleteStack and termination protection. Calls return at once; work runs in background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_org_sandbox import background
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.cloudformation import engine
from aws_org_sandbox.cloudformation.changes import is_unchanged
from aws_org_sandbox.cloudformation.deployment import DEPLOYABLE
from aws_org_sandbox.cloudformation.requests import (
    deploying_credentials,
    desired_stack,
    find,
    invalid,
    stack_name,
)
from aws_org_sandbox.cloudformation.stacks import Stack, stacks_in
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.resources.clients import acting_as
from aws_org_sandbox.seams import answers

Answer = Mapping[str, Any]


@answers("cloudformation", "CreateStack")
def create_stack(call: Call) -> Answer:
    """Create a stack; refused if a stack of this name exists, in any state."""
    name, desired = stack_name(call), desired_stack(call)
    credentials = deploying_credentials(call)
    stacks = stacks_in(call.account, call.region)
    with stacks.lock:
        if stacks.find(name) is not None:
            raise Refused("AlreadyExistsException", f"Stack [{name}] already exists")
        stack = stacks.add(account=call.account, region=call.region, name=name)
        stack.termination_protection = bool(call.parameters.get("EnableTerminationProtection"))
        stack.disable_rollback = bool(call.parameters.get("DisableRollback")) or _on_failure(call) == "DO_NOTHING"
        stack.role_arn = call.parameters.get("RoleARN")
        stack.set_status("CREATE_IN_PROGRESS", "User Initiated")

    def work() -> None:
        engine.create(stack, desired)
        if stack.status == "ROLLBACK_COMPLETE" and _on_failure(call) == "DELETE":
            stack.set_status("DELETE_IN_PROGRESS")
            engine.delete(stack)

    background.submit(as_actor, credentials, work)
    return {"StackId": stack.id}


@answers("cloudformation", "UpdateStack")
def update_stack(call: Call) -> Answer:
    """Update a stack; refused if nothing would change."""
    stack = find(call)
    desired = desired_stack(call, previous=stack)
    credentials = deploying_credentials(call, stack)
    with stacks_in(call.account, call.region).lock:
        check_updatable(stack)
        if is_unchanged(stack, desired):
            raise invalid("No updates are to be performed.")
        stack.role_arn = call.parameters.get("RoleARN") or stack.role_arn
        stack.disable_rollback = bool(call.parameters.get("DisableRollback"))
        stack.set_status("UPDATE_IN_PROGRESS", "User Initiated")
    background.submit(as_actor, credentials, lambda: engine.update(stack, desired))
    return {"StackId": stack.id}


@answers("cloudformation", "DeleteStack")
def delete_stack(call: Call) -> Answer:
    """Delete a stack; succeeds if it does not exist."""
    stacks = stacks_in(call.account, call.region)
    with stacks.lock:
        stack = stacks.find(str(call.parameters["StackName"]))
        if stack is None or stack.deleted is not None:
            return {}
        if stack.termination_protection:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.is_busy:
            raise invalid(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
        retain = frozenset(call.parameters.get("RetainResources") or ())
        if retain and stack.status != "DELETE_FAILED":
            raise invalid(
                f"Invalid operation on stack [{stack.id}]. RetainResources is only for stacks in DELETE_FAILED."
            )
        credentials = deploying_credentials(call, stack)
        stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
    background.submit(as_actor, credentials, lambda: engine.delete(stack, retain=retain))
    return {}


@answers("cloudformation", "UpdateTerminationProtection")
def update_termination_protection(call: Call) -> Answer:
    """Turn termination protection on or off."""
    stack = find(call)
    stack.termination_protection = bool(call.parameters["EnableTerminationProtection"])
    return {"StackId": stack.id}


def as_actor(credentials: Credentials, work: Callable[[], None]) -> None:
    """Run a stack operation with its credentials, which were determined when the call was received."""
    with acting_as(credentials):
        work()


def check_updatable(stack: Stack) -> None:
    """Refuse a stack that is busy, or that can only be deleted."""
    if stack.status not in DEPLOYABLE:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def _on_failure(call: Call) -> str:
    return str(call.parameters.get("OnFailure") or "ROLLBACK")

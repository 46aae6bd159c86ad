"""Deploys or deletes one stack instance, and sets its status."""

from __future__ import annotations

from datetime import UTC, datetime

from moto.organizations.exceptions import AccountNotFoundException

from aws_org_sandbox import cloudformation
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.organization import ACTIVE
from aws_org_sandbox.organizations import membership
from aws_org_sandbox.organizations.accounts import backend_of
from aws_org_sandbox.regions import is_enabled
from aws_org_sandbox.stack_sets.model import Instance, Operation, Result, StackSet


def perform(stack_set: StackSet, operation: Operation, result: Result) -> None:
    """Run the operation in one account and region and record the result; never raises."""
    with stack_set.lock:
        instance = stack_set.instances.get(result.key)
        if instance is None:  # removed by an operation that ran before this one
            result.status = "SUCCEEDED"
            return
        instance.last_operation_id = operation.id
        if _is_skipped(stack_set, operation, instance):
            _skip(instance, result)
            return
        result.status = "RUNNING"
        if operation.action != "DETECT_DRIFT":
            instance.detailed = "RUNNING"
    if operation.action == "DETECT_DRIFT":
        _detect_drift(stack_set, operation, instance, result)
        return
    try:
        _act(stack_set, operation, instance)
    except cloudformation.StackFailed as failure:
        _fail(stack_set, operation, instance, result, reason=failure.reason)
        return
    with stack_set.lock:
        result.status = "SUCCEEDED"
        if operation.action == "DELETE":
            stack_set.instances.pop(instance.key, None)
        else:
            instance.status, instance.detailed, instance.reason = "CURRENT", "SUCCEEDED", None


def cancel(stack_set: StackSet, operation: Operation, result: Result, reason: str) -> None:
    """Record that the operation was cancelled before it reached this account and region."""
    result.status, result.reason = "CANCELLED", reason
    instance = stack_set.instances.get(result.key)
    if instance is not None and operation.action != "DETECT_DRIFT":
        instance.detailed, instance.reason, instance.last_operation_id = "CANCELLED", reason, operation.id
        if operation.action != "DELETE":
            instance.status = "OUTDATED"


def _detect_drift(stack_set: StackSet, operation: Operation, instance: Instance, result: Result) -> None:
    """Compare the stack with its template; neither a finding nor a failure changes the instance's status."""
    try:
        _check_reachable(stack_set, operation, instance)
        drifts = cloudformation.detect_drift(
            account=instance.account, region=instance.region, name=stack_set.stack_name(instance)
        )
    except cloudformation.StackFailed as failure:
        result.status, result.reason = "FAILED", failure.reason
        return
    with stack_set.lock:
        operation.drifts[instance.key] = drifts
        instance.drift_status = "DRIFTED" if any(drift.is_drifted for drift in drifts) else "IN_SYNC"
        instance.drift_checked = datetime.now(UTC)
        result.status = "SUCCEEDED"


def _act(stack_set: StackSet, operation: Operation, instance: Instance) -> None:
    if operation.action == "DELETE":
        if not operation.retain_stacks:
            _check_reachable(stack_set, operation, instance)
            name = stack_set.stack_name(instance)
            cloudformation.delete_stack(account=instance.account, region=instance.region, name=name)
        return
    _check_reachable(stack_set, operation, instance)
    for account in (instance.account, stack_set.management_account):
        if not is_enabled(account, instance.region):
            raise cloudformation.StackFailed(
                f"Region {instance.region} is not enabled in account {account}: it has to be opted in first."
            )
    _check_stack_exists(stack_set, instance)
    if operation.overrides is not None:
        instance.overrides = dict(operation.overrides)
    instance.stack_id = cloudformation.deploy_stack(
        account=instance.account,
        region=instance.region,
        name=stack_set.stack_name(instance),
        template_body=stack_set.template_body,
        parameters={**stack_set.parameters, **instance.overrides},
        tags=stack_set.tags,
    )


def _check_reachable(stack_set: StackSet, operation: Operation, instance: Instance) -> None:
    """Fail in an account that has left the organization: StackSets have no role there any more.

    Only auto-deployment still removes stacks there, which AWS documents for accounts that leave
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html).
    """
    if membership.management_account_of(instance.account) == stack_set.management_account:
        return
    if operation.action != "DELETE" or operation.request is not None:
        raise cloudformation.StackFailed(
            f"Account {instance.account} should have '{cloudformation.role_name(instance.account)}' role with trust "
            "relationship to Role 'AWSServiceRoleForCloudFormationStackSetsOrgMember'."
        )


def _check_stack_exists(stack_set: StackSet, instance: Instance) -> None:
    """Fail for a deployed stack that was deleted without StackSets, which do not notice, as on AWS.

    AWS does not document that an operation creates the stack again, so nobody can rely on it: the instance has to be
    deleted, with RetainStacks or without, and created.
    """
    if instance.stack_id is None:
        return
    stack = cloudformation.find_stack(account=instance.account, region=instance.region, name=instance.stack_id)
    if stack is None or stack.deleted is not None:
        raise cloudformation.StackFailed(f"Stack [{stack_set.stack_name(instance)}] does not exist")


def _fail(stack_set: StackSet, operation: Operation, instance: Instance, result: Result, *, reason: str) -> None:
    """A failed deletion makes the instance INOPERABLE, which excludes it from updates; other failures, OUTDATED."""
    if is_altered(Behaviour.UNSPECIFIC_REASONS):
        reason = "The stack could not be deployed"
    with stack_set.lock:
        result.status, result.reason = "FAILED", reason
        instance.reason = reason
        if operation.action == "DELETE":
            instance.status, instance.detailed = "INOPERABLE", "INOPERABLE"
        else:
            instance.status, instance.detailed = "OUTDATED", "FAILED"


def _is_skipped(stack_set: StackSet, operation: Operation, instance: Instance) -> bool:
    """Instances in suspended accounts are skipped, unless the operation needs no work in the account."""
    may_go = not is_altered(Behaviour.SUSPENDED_INSTANCES_STAY)
    if may_go and operation.action == "DELETE" and (operation.retain_stacks or instance.stack_id is None):
        return False
    try:
        account = backend_of(stack_set.management_account).get_account_by_id(instance.account)
    except AccountNotFoundException:
        return False
    return bool(account.state != ACTIVE)


def _skip(instance: Instance, result: Result) -> None:
    """A skipped instance does not count as a failure; AWS documents no separate result status (assumption A17)."""
    reason = f"Account {instance.account} is suspended."
    result.status = "FAILED" if is_altered(Behaviour.SUSPENDED_ACCOUNTS_FAIL) else "SUCCEEDED"
    result.reason = reason
    instance.detailed, instance.reason = "SKIPPED_SUSPENDED_ACCOUNT", reason

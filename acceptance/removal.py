"""Removes each kind of resource, even if it was not created, is incomplete, or its removal was interrupted before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from botocore.exceptions import ClientError

from acceptance.access import Access, Side
from acceptance.errors import LeftoversError
from acceptance.journal import Resource
from deployer.aws.errors import code_of
from deployer.clock import Clock
from deployer.polling import polls

LIMIT = 900.0
"""Seconds for the removal of one resource."""

_NOT_FOUND = {
    "404", "ChildNotFoundException", "NoSuchBucket", "NoSuchKey", "OrganizationalUnitNotFoundException",
    "ParentNotFoundException", "RepositoryNotFoundException", "ResourceNotFound", "ResourceNotFoundException",
    "StackSetNotFoundException",
}  # fmt: skip
_BUSY = {"OperationInProgressException", "ResourceInUseException", "StaleRequestException"}


def remove(resource: Resource, access: Access, clock: Clock) -> None:
    """Remove a resource and wait until it no longer exists; a missing resource is no error."""
    try:
        REMOVERS[resource.kind](resource, access, clock)
    except ClientError as error:
        if code_of(error) not in _NOT_FOUND:
            raise LeftoversError(f"{resource} could not be removed: {error}") from error


def _client(resource: Resource, access: Access, service: str) -> Any:
    return access.client(cast("Side", resource.side), service, resource.region)


def _stack(resource: Resource, access: Access, clock: Clock) -> None:
    """A stack whose creation is in progress is waited for: CloudFormation may refuse to delete it until then."""
    client, deletions = _client(resource, access, "cloudformation"), 0
    for _ in polls(clock, limit=LIMIT):
        status = _stack_status(client, resource.name)
        if status is None:
            return
        if status == "DELETE_FAILED" and deletions:
            break
        if not status.endswith("_IN_PROGRESS"):
            client.delete_stack(StackName=resource.name)
            deletions += 1
    raise LeftoversError(f"{resource} is not deleted", next_step="Read its events in CloudFormation.")


def _stack_status(client: Any, name: str) -> str | None:
    """The status of a stack; None when there is none of this name."""
    try:
        return str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if code_of(error) == "ValidationError":
            return None
        raise


def _stack_set(resource: Resource, access: Access, clock: Clock) -> None:
    """All instances, each by the OU that it is listed with, then the StackSet."""
    client, name = _client(resource, access, "cloudformation"), resource.name
    call_as = {"CallAs": resource.details["call_as"]}
    targets = client.list_stack_set_auto_deployment_targets(StackSetName=name, **call_as)["Summaries"]
    for one in targets:
        whole = {"OrganizationalUnitIds": [one["OrganizationalUnitId"]], "AccountFilterType": "NONE"}
        _delete_instances(client, name, whole, one["Regions"], call_as, clock)
    for one in client.list_stack_instances(StackSetName=name, **call_as)["Summaries"]:
        target = {
            "OrganizationalUnitIds": [one["OrganizationalUnitId"]],
            "Accounts": [one["Account"]],
            "AccountFilterType": "INTERSECTION",
        }
        retained = one["Account"] == resource.details.get("suspended")
        _delete_instances(client, name, target, [one["Region"]], call_as, clock, retained=retained)
    _repeat(lambda: client.delete_stack_set(StackSetName=name, **call_as), clock)


def _delete_instances(  # noqa: PLR0913, PLR0917 - one call
    client: Any,
    name: str,
    targets: Mapping[str, Any],
    regions: list[str],
    call_as: Mapping[str, str],
    clock: Clock,
    *,
    retained: bool = False,
) -> None:
    def start() -> str | None:
        try:
            answer = client.delete_stack_instances(
                StackSetName=name, DeploymentTargets=targets, Regions=regions, RetainStacks=retained, **call_as
            )
        except ClientError as error:
            if code_of(error) in {"ValidationError", "StackInstanceNotFoundException"}:  # nothing of it is left
                return None
            raise
        return str(answer["OperationId"])

    operation = _repeat(start, clock)
    for _ in polls(clock, limit=LIMIT) if operation else ():
        found = client.describe_stack_set_operation(StackSetName=name, OperationId=operation, **call_as)
        if found["StackSetOperation"]["Status"] not in {"RUNNING", "QUEUED", "STOPPING"}:
            return


def _repeat(call: Callable[[], Any], clock: Clock) -> Any:
    """Make a call again while something else is in progress."""
    for _ in polls(clock, limit=LIMIT):
        try:
            return call()
        except ClientError as error:
            if code_of(error) not in _BUSY:
                raise
    return call()


def _table(resource: Resource, access: Access, clock: Clock) -> None:
    client = _client(resource, access, "dynamodb")
    _repeat(lambda: client.delete_table(TableName=resource.name), clock)


def _repository(resource: Resource, access: Access, clock: Clock) -> None:
    del clock
    _client(resource, access, "ecr").delete_repository(repositoryName=resource.name, force=True)


def _alarm(resource: Resource, access: Access, clock: Clock) -> None:
    del clock
    _client(resource, access, "cloudwatch").delete_alarms(AlarmNames=[resource.name])


def _object(resource: Resource, access: Access, clock: Clock) -> None:
    del clock
    _client(resource, access, "s3").delete_object(Bucket=resource.details["bucket"], Key=resource.name)


def _ou(resource: Resource, access: Access, clock: Clock) -> None:
    """An OU by its name and parent, because its id is unknown before it is created."""
    del clock
    client = _client(resource, access, "organizations")
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=resource.details["parent"])
    for page in pages:
        for one in page["OrganizationalUnits"]:
            if one["Name"] == resource.name:
                client.delete_organizational_unit(OrganizationalUnitId=one["Id"])


def _move(resource: Resource, access: Access, clock: Clock) -> None:
    """Move an account back to its former parent."""
    del clock
    client, home = _client(resource, access, "organizations"), resource.details["home"]
    parent = client.list_parents(ChildId=resource.name)["Parents"][0]["Id"]
    if parent != home:
        client.move_account(AccountId=resource.name, SourceParentId=parent, DestinationParentId=home)


def _installation(resource: Resource, access: Access, clock: Clock) -> None:
    """An installation of `deployer`, deleted with `deployer destroy`."""
    del access
    from acceptance.commands import destroy  # noqa: PLC0415 - loads all of deployer

    destroy(Path(resource.details["config"]), profile=resource.details.get("profile") or None, clock=clock)


REMOVERS: Mapping[str, Callable[[Resource, Access, Clock], None]] = {
    "alarm": _alarm,
    "installation": _installation,
    "moved account": _move,
    "object": _object,
    "OU": _ou,
    "repository": _repository,
    "stack": _stack,
    "StackSet": _stack_set,
    "table": _table,
}

"""Change sets of one stack: created, read and executed, each once however often the call is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypedDict
from uuid import uuid4

from botocore.exceptions import ClientError

from deployer.aws.change_set_failures import explain
from deployer.aws.errors import code_of
from deployer.aws.template_source import TemplateSource
from deployer.aws.throttling import retry_throttled
from deployer.clock import Clock
from deployer.errors import DeployerError
from deployer.polling import polls
from deployer.stacks import CAPABILITIES, ResourceChange, StackDefinition

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        DescribeChangeSetInputTypeDef,
        ResourceChangeTypeDef,
    )

Kind = Literal["CREATE", "UPDATE"]

SECONDS = 15 * 60
"""Change sets of a few dozen resources take seconds."""

_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


class _Mode(TypedDict, total=False):
    DeploymentMode: Literal["REVERT_DRIFT"]


class StackFailedError(DeployerError):
    """A stack did not reach its desired state; the message has the failing resource's own reason."""


def create(  # noqa: PLR0913 - most by keyword
    client: CloudFormationClient,
    definition: StackDefinition,
    *,
    kind: Kind,
    template: TemplateSource,
    reverts: bool = False,
    clock: Clock,
) -> str | None:
    """The ARN of a change set that is ready, or None when it has no changes.

    `reverts`: it is drift-aware, so that it brings resources back to the template that were changed otherwise.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
    """
    change_set = _created(client, definition, kind, template, reverts=reverts)
    for _ in polls(clock, limit=SECONDS):
        answer = retry_throttled(client.describe_change_set, clock=clock, ChangeSetName=change_set)
        if answer["Status"] == "CREATE_COMPLETE":
            return change_set
        if answer["Status"] == "FAILED":
            reason = answer.get("StatusReason", "")
            is_empty = any(text in reason for text in _NO_CHANGES)
            explanation = None if is_empty else explain(client, change_set, reason=reason)
            client.delete_change_set(ChangeSetName=change_set)
            if explanation is None:
                return None
            raise StackFailedError(
                f"Stack {definition.name} in {definition.region}: CloudFormation refused the change set:"
                f" {explanation.reason}",
                next_step=explanation.next_step,
            )
    raise StackFailedError(
        f"Stack {definition.name} in {definition.region}: its change set is not ready"
        f" after {SECONDS // 60} minutes. Nothing was changed",
        next_step="Check the stack's change sets in CloudFormation, then run the same command again.",
    )


def _created(
    client: CloudFormationClient, definition: StackDefinition, kind: Kind, template: TemplateSource, *, reverts: bool
) -> str:
    """The name is unique: if it exists already, a response was lost and botocore called again."""
    name = f"deployer-{uuid4().hex}"
    mode: _Mode = {"DeploymentMode": "REVERT_DRIFT"} if reverts else {}
    try:
        return client.create_change_set(
            StackName=definition.name,
            ChangeSetName=name,
            ChangeSetType=kind,
            **template,
            Capabilities=CAPABILITIES,
            ImportExistingResources=kind == "CREATE",
            **mode,
        )["Id"]
    except ClientError as error:
        if code_of(error) != "AlreadyExistsException":
            raise
        return client.describe_change_set(StackName=definition.name, ChangeSetName=name)["ChangeSetId"]


def execute(client: CloudFormationClient, change_set: str) -> None:
    """Execute it; does nothing if an earlier attempt of the same call has already started it."""
    try:
        client.execute_change_set(ChangeSetName=change_set)
    except ClientError as error:
        if code_of(error) != "InvalidChangeSetStatus":
            raise
        status = client.describe_change_set(ChangeSetName=change_set)["ExecutionStatus"]
        if not status.startswith("EXECUTE_"):
            raise


def changes(client: CloudFormationClient, change_set: str) -> Iterator[ResourceChange]:
    """The change of each resource that changes."""
    request: DescribeChangeSetInputTypeDef = {"ChangeSetName": change_set}
    while True:
        answer = client.describe_change_set(**request)
        for change in answer["Changes"]:
            resource = change.get("ResourceChange", {})
            action = resource.get("Action", "Modify")
            if action == "SyncWithActual":  # of a drift-aware change set: only CloudFormation's own data change
                continue
            yield ResourceChange(
                action=action,
                logical_id=resource.get("LogicalResourceId", ""),
                type=resource.get("ResourceType", ""),
                replacement=resource.get("Replacement", "False"),
                details=tuple(_properties(resource)),
            )
        if "NextToken" not in answer:
            return
        request["NextToken"] = answer["NextToken"]


def _properties(resource: ResourceChangeTypeDef) -> list[str]:
    targets = (detail.get("Target", {}) for detail in resource.get("Details", []))
    return sorted({target.get("Name") or target.get("Attribute", "") for target in targets} - {""})

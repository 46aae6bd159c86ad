"""Stacks of the caller's account: change sets, and waiting for their operations. Implements `deployer.stacks.Stacks`.

Every create and update uses a change set, which imports resources that were kept when the stack was deleted
(the ledger), by ImportExistingResources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from deployer.aws import change_sets
from deployer.aws.change_sets import Kind, StackFailedError
from deployer.aws.errors import message_of, translated
from deployer.aws.session import Session
from deployer.aws.template_source import template_source
from deployer.aws.throttling import retry_throttled
from deployer.clock import Clock
from deployer.polling import polls
from deployer.stacks import (
    STACK_TYPE,
    STUCK,
    UNUSABLE,
    OnStackEvent,
    ResourceChange,
    StackDefinition,
    StackEvent,
    StackState,
    is_in_progress,
)
from handler.json_values import JsonValue

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef


class CloudFormationStacks:
    """Stacks through CloudFormation's API; `store` keeps a template that is too large to send, and returns its URL."""

    def __init__(self, session: Session, *, store: Callable[[str], str], clock: Clock) -> None:
        self._session = session
        self._store = store
        self._clock = clock

    def describe(self, name: str, *, region: str) -> StackState | None:
        """The stack, or None if it does not exist; one that only has a change set does not."""
        client = self._client(region)
        with translated(region):
            stack = _describe(client, name)
            if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
                return None
            template: JsonValue = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        return StackState(
            name=name,
            region=region,
            status=stack["StackStatus"],
            body=template if isinstance(template, str) else json.dumps(template),
            reason=stack.get("StackStatusReason", ""),
            outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        )

    def preview(self, definition: StackDefinition) -> tuple[ResourceChange, ...]:
        """The changes of an update; its change set is deleted again."""
        client = self._client(definition.region)
        with translated(definition.region):
            change_set = self._change_set(client, definition, "UPDATE")
            if change_set is None:
                return ()
            try:
                return tuple(change_sets.changes(client, change_set))
            finally:
                client.delete_change_set(ChangeSetName=change_set)

    def apply(self, definition: StackDefinition, on_event: OnStackEvent, *, reverts: bool = False) -> None:
        """Create or update, and wait until it ends; `reverts`: by a drift-aware change set."""
        client = self._client(definition.region)
        with translated(definition.region):
            stack = self._settled(client, definition.name, on_event)
            if stack == STUCK:
                raise _stuck_error(definition)
            if stack in UNUSABLE:
                self._delete(client, definition.name, on_event)
                stack = None
            kind: Kind = "CREATE" if stack in {None, "REVIEW_IN_PROGRESS"} else "UPDATE"
            change_set = self._change_set(client, definition, kind, reverts=reverts and kind == "UPDATE")
            if change_set is None:
                return
            seen = _event_ids(client, definition.name)
            change_sets.execute(client, change_set)
            self._finish(client, definition.name, seen, on_event)

    def delete(self, name: str, *, region: str, on_event: OnStackEvent) -> None:
        """Delete, and wait until it ends; does nothing if the stack does not exist."""
        client = self._client(region)
        with translated(region):
            if self._settled(client, name, on_event) is not None:
                self._delete(client, name, on_event)

    def _client(self, region: str) -> CloudFormationClient:
        return self._session.client("cloudformation", region=region)

    def _settled(self, client: CloudFormationClient, name: str, on_event: OnStackEvent) -> str | None:
        """The stack's status once no operation is in progress; waits for what an earlier run started."""
        stack = _describe(client, name)
        if stack is None:
            return None
        status = stack["StackStatus"]
        if not is_in_progress(status):
            return str(status)
        seen = _event_ids(client, name)
        for _ in polls(self._clock):
            now = retry_throttled(_describe, clock=self._clock, client=client, name=stack["StackId"])
            for event in retry_throttled(
                _new_events, clock=self._clock, client=client, name=stack["StackId"], seen=seen
            ):
                on_event(_event(name, event))
            if now is None or now["StackStatus"] == "DELETE_COMPLETE":
                return None
            if not is_in_progress(now["StackStatus"]):
                return str(now["StackStatus"])
        raise AssertionError("polls() does not end")

    def _change_set(
        self, client: CloudFormationClient, definition: StackDefinition, kind: Kind, *, reverts: bool = False
    ) -> str | None:
        template = template_source(definition.body, store=self._store)
        return change_sets.create(client, definition, kind=kind, template=template, reverts=reverts, clock=self._clock)

    def _delete(self, client: CloudFormationClient, name: str, on_event: OnStackEvent) -> None:
        stack_id = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        seen = _event_ids(client, name)
        client.delete_stack(StackName=stack_id)
        self._finish(client, stack_id, seen, on_event, deleting=True)

    def _finish(
        self,
        client: CloudFormationClient,
        name: str,
        seen: set[str],
        on_event: OnStackEvent,
        *,
        deleting: bool = False,
    ) -> None:
        """Report every event until the operation ends; raises StackFailedError unless it succeeded.

        Its status is read before its events, so that what happened until then is among them.
        """
        causes: list[StackEvent] = []
        for _ in polls(self._clock):
            stack = retry_throttled(_describe, clock=self._clock, client=client, name=name)
            for raw in retry_throttled(_new_events, clock=self._clock, client=client, name=name, seen=seen):
                event = _event(name, raw)
                causes += [event] if event.is_cause else []
                on_event(event)
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            if status.endswith("_IN_PROGRESS"):
                continue
            expected = {"DELETE_COMPLETE"} if deleting else {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
            if status in expected:
                return
            raise _failure(name, status, causes, region=client.meta.region_name)


def _describe(client: CloudFormationClient, name: str) -> StackTypeDef | None:
    try:
        return client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in message_of(error):
            return None
        raise


def _event_ids(client: CloudFormationClient, name: str) -> set[str]:
    """Events that exist already; the newest page holds all that could be reported again."""
    return {event["EventId"] for event in client.describe_stack_events(StackName=name)["StackEvents"]}


def _new_events(client: CloudFormationClient, name: str, seen: set[str]) -> list[StackEventTypeDef]:
    """Events since the last poll, the oldest first. A page of 100 is far more than occurs between two polls."""
    try:
        events = client.describe_stack_events(StackName=name)["StackEvents"]
    except ClientError as error:
        if "does not exist" in message_of(error):
            return []
        raise
    new = [event for event in events if event["EventId"] not in seen]
    seen.update(event["EventId"] for event in new)
    return new[::-1]


def _event(stack: str, event: StackEventTypeDef) -> StackEvent:
    return StackEvent(
        stack=stack.split("/")[1] if stack.startswith("arn:") else stack,
        logical_id=event.get("LogicalResourceId", ""),
        type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
    )


def _failure(name: str, status: str, causes: list[StackEvent], *, region: str) -> StackFailedError:
    """The first cause, and resources that a rollback could not delete, which is a separate cause."""
    stack = name.split("/")[1] if name.startswith("arn:") else name
    kept = [event for event in causes if event.status == "DELETE_FAILED" and event.type != STACK_TYPE]
    shown = [_reason(event) for event in causes[:1]]
    if kept and kept[0] is not causes[0]:
        shown.append(f"CloudFormation could not delete {_reason(kept[0])}")
    is_denied = any(_DENIED.search(event.reason) for event in kept)
    return StackFailedError(
        f"Stack {stack} ended as {status}" + (f": {'. '.join(shown)}" if shown else ""),
        next_step=_DELETE_WITH_MORE.format(stack=stack, region=region) if is_denied else None,
    )


def _reason(event: StackEvent) -> str:
    return f"{event.logical_id} ({event.type}): {event.reason or event.status}"


_DENIED = re.compile(r"not authorized|access ?denied|unauthorized", re.IGNORECASE)
_DELETE_WITH_MORE = (
    "CloudFormation deletes with its caller's permissions, and yours do not allow this. With those of `deployer policy"
    " destroy`, run `aws cloudformation delete-stack --stack-name {stack} --region {region}`, then the same command"
    " again."
)
"""Rollback and deletion: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html"""


def _stuck_error(definition: StackDefinition) -> StackFailedError:
    arguments = f"--stack-name {definition.name} --region {definition.region}"
    return StackFailedError(
        f"Stack {definition.name} in {definition.region} is {STUCK}, in which AWS accepts no update",
        next_step=f"Run `aws cloudformation continue-update-rollback {arguments}`, then the same command again.",
    )

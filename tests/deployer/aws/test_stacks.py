"""Stacks that change between two polls: all their events are reported, however quickly they end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from deployer.aws import change_sets
from deployer.aws.change_sets import StackFailedError
from deployer.aws.session import Session
from deployer.aws.stacks import CloudFormationStacks
from deployer.stacks import StackEvent
from tests.clocks import timeless

STACK_ID = "arn:aws:cloudformation:eu-west-1:200000000001:stack/deployer-central/1"


class SwiftStack:
    """A stack whose deletion ends between a read of its events and the next read of its status."""

    def __init__(self, end: str, *, reason: str = "not empty") -> None:
        self.end = end
        self.reason = reason
        self.meta = SimpleNamespace(region_name="eu-west-1")
        self.status = "CREATE_COMPLETE"
        self.events: list[dict[str, str]] = []

    def client(self, _service: str, **_: str) -> SwiftStack:
        return self

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if self.status == "DELETE_IN_PROGRESS":
            self.status = self.end
            self.events.insert(0, _event("1", "Bucket", "DELETE_FAILED", self.reason))
            self.events.insert(0, _event("2", "deployer-central", self.end))
        return {"Stacks": [{"StackId": STACK_ID, "StackStatus": self.status}]}

    def describe_stack_events(self, **_: str) -> dict[str, Any]:
        return {"StackEvents": list(self.events)}

    def delete_stack(self, **_: str) -> None:
        self.status = "DELETE_IN_PROGRESS"


def _event(number: str, logical_id: str, status: str, reason: str = "") -> dict[str, str]:
    return {
        "EventId": number,
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::S3::Bucket",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def _delete(stack: SwiftStack) -> list[StackEvent]:
    reported: list[StackEvent] = []
    stacks = CloudFormationStacks(cast("Session", stack), store=lambda body: body, clock=timeless())
    stacks.delete("deployer-central", region="eu-west-1", on_event=reported.append)
    return reported


def test_the_last_events_of_a_stack_are_reported() -> None:
    assert [event.status for event in _delete(SwiftStack("DELETE_COMPLETE"))] == ["DELETE_FAILED", "DELETE_COMPLETE"]


def test_the_cause_of_a_failure_is_reported_even_if_the_stack_ends_at_once() -> None:
    with pytest.raises(StackFailedError, match=r"Bucket .*: not empty") as caught:
        _delete(SwiftStack("DELETE_FAILED"))
    assert caught.value.next_step is None


def test_a_deletion_that_is_denied_names_the_policy_that_allows_it() -> None:
    denied = "User: x is not authorized to perform: s3:DeleteBucketPolicy on resource: y"
    with pytest.raises(StackFailedError, match="s3:DeleteBucketPolicy") as caught:
        _delete(SwiftStack("DELETE_FAILED", reason=denied))
    step = caught.value.next_step or ""
    assert "`deployer policy destroy`" in step
    assert "delete-stack --stack-name deployer-central --region eu-west-1`" in step


def test_a_resource_of_which_only_cloudformations_data_change_is_no_change() -> None:
    pages = iter([
        {"Changes": [{"ResourceChange": {"Action": "SyncWithActual", "LogicalResourceId": "Bus"}}], "NextToken": "2"},
        {"Changes": [{"ResourceChange": {"Action": "Remove", "LogicalResourceId": "Rule"}}]},
    ])  # fmt: skip
    client: Any = SimpleNamespace(describe_change_set=lambda **_: next(pages))
    assert [(one.action, one.logical_id) for one in change_sets.changes(client, "1")] == [("Remove", "Rule")]

"""The reason why a change set failed, from its events; errors while reading those never hide the known reason."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from deployer.aws import change_sets
from deployer.aws.change_set_failures import explain
from deployer.aws.change_sets import StackFailedError
from deployer.stacks import StackDefinition
from tests.clocks import timeless

ARN = "arn:aws:cloudformation:eu-west-1:200000000001:changeSet/deployer-1/2"
REASON = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
TAKEN = "Resource of type 'AWS::IAM::Role' with identifier 'deployer-handler' already exists."


def validation(logical_id: str, reason: str = TAKEN, *, mode: str = "FAIL") -> dict[str, str]:
    return {
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::IAM::Role",
        "ValidationFailureMode": mode,
        "ValidationStatusReason": reason,
    }


HOOK = {
    "EventType": "HOOK_INVOCATION_ERROR",
    "HookType": "Org::Guard::Roles",
    "HookFailureMode": "FAIL",
    "HookStatusReason": "roles need a boundary",
}
PROPERTY = {"EventType": "STACK_EVENT", "OperationStatus": "FAILED"}


class FailedChangeSet:
    """A change set that failed; `events` are its pages, or what reading them raises."""

    def __init__(self, *events: list[dict[str, str]] | Exception, reason: str = REASON) -> None:
        self.events = list(events)
        self.reason = reason
        self.asked: list[str] = []

    def create_change_set(self, **_: Any) -> dict[str, str]:
        return {"Id": ARN}

    def describe_change_set(self, **_: Any) -> dict[str, str]:
        return {"Status": "FAILED", "StatusReason": self.reason}

    def describe_events(self, *, ChangeSetName: str, Filters: Any, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert (ChangeSetName, Filters) == (ARN, {"FailedEvents": True})
        self.asked.append("describe_events")
        number = int(NextToken)
        page = self.events[number]
        if isinstance(page, Exception):
            raise page
        more = {"NextToken": str(number + 1)} if number + 1 < len(self.events) else {}
        return {"OperationEvents": page, **more}

    def delete_change_set(self, **_: Any) -> None:
        self.asked.append("delete_change_set")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([[validation("A")]], f"A (AWS::IAM::Role): {TAKEN}", id="a name that is in use"),
        pytest.param([[validation("A", "x")], [validation("B", "y")]], "A (AWS::IAM::Role): x; B (AWS::IAM::Role): y",
                     id="two pages of events"),
        pytest.param([[HOOK]], "Org::Guard::Roles: roles need a boundary", id="a hook of the organization"),
        pytest.param([[validation("A", "x", mode="WARN"), validation("B", "y")]], "B (AWS::IAM::Role): y",
                     id="a warning besides the failure"),
        pytest.param([[validation("A", "x", mode="WARN")]], "A (AWS::IAM::Role): x", id="only a warning"),
        pytest.param([[validation("A", "x"), validation("A", "x")]], "A (AWS::IAM::Role): x", id="the same twice"),
        pytest.param([[validation(f"R{number}", "x") for number in range(7)]],
                     "; ".join([*(f"R{number} (AWS::IAM::Role): x" for number in range(5)), "and 2 more"]),
                     id="more reasons than are shown"),
        pytest.param([[PROPERTY]], REASON, id="an event without a reason"),
        pytest.param([[]], REASON, id="no event"),
    ],
)  # fmt: skip
def test_events_give_the_reason_that_the_change_set_lacks(events: list[list[dict[str, str]]], expected: str) -> None:
    explanation = explain(cast("Any", FailedChangeSet(*events)), ARN, reason=REASON)
    assert (explanation.reason, explanation.next_step) == (expected, None)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeEvents"), "AccessDenied"),
        (ClientError({"Error": {"Code": "InvalidAction", "Message": "?"}}, "DescribeEvents"), "InvalidAction"),
        (EndpointConnectionError(endpoint_url="https://cloudformation"), "https://cloudformation"),
    ],
    ids=["denied", "not supported in the region", "a lost connection"],
)
def test_the_known_reason_is_kept_if_the_events_cannot_be_read(error: Exception, problem: str) -> None:
    explanation = explain(cast("Any", FailedChangeSet(error)), ARN, reason=REASON)
    assert explanation.reason.startswith(REASON)
    assert problem in explanation.reason
    assert "cloudformation:DescribeEvents" in (explanation.next_step or "")


def create(change_set: FailedChangeSet) -> str | None:
    definition = StackDefinition(name="deployer-central", region="eu-west-1", body="{}")
    return change_sets.create(cast("Any", change_set), definition, kind="CREATE", template={}, clock=timeless())


def test_events_are_read_before_the_change_set_is_deleted() -> None:
    change_set = FailedChangeSet([validation("A")])
    with pytest.raises(StackFailedError, match=r"deployer-central in eu-west-1: .* A \(AWS::IAM::Role\): Resource of"):
        create(change_set)
    assert change_set.asked == ["describe_events", "delete_change_set"]


def test_a_change_set_without_changes_has_no_events_to_read() -> None:
    change_set = FailedChangeSet(reason="The submitted information didn't contain changes. Submit different …")
    assert create(change_set) is None
    assert change_set.asked == ["delete_change_set"]

"""Why a change set failed: since November 2025 its own reason names a validation, and no resource.

The events of the change set name the resources. They are read by the change set's ARN, which is the only way that
needs no other parameter, before it is deleted.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deployer.aws.errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import DescribeEventsInputTypeDef, OperationEventTypeDef

SHOWN = 5
"""Resources that a message names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a change set failed, and the next step if AWS denies reading the reason."""

    reason: str
    next_step: str | None = None


def explain(client: CloudFormationClient, change_set: str, *, reason: str) -> Explanation:
    """Name resource, type and reason of each failure; the change set's own `reason` when there are no events to read.

    An error while reading the events never hides that reason.
    """
    try:
        found = list(dict.fromkeys(_failures(client, change_set)))
    except (BotoCoreError, ClientError) as error:
        problem = code_of(error) if isinstance(error, ClientError) else str(error)
        return Explanation(
            f"{reason} (cloudformation:DescribeEvents, which names the resources, failed: {problem})",
            next_step="Allow cloudformation:DescribeEvents on change sets, then run the same command again.",
        )
    if not found:
        return Explanation(reason)
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return Explanation("; ".join([*found[:SHOWN], *more]))


def _failures(client: CloudFormationClient, change_set: str) -> Iterator[str]:
    """`LogicalId (Type): reason`, including warnings if nothing else failed."""
    events = [event for event in _events(client, change_set) if _reason(event)]
    failing = [event for event in events if _mode(event) != "WARN"]
    for event in failing or events:
        subject = f"{event.get('LogicalResourceId') or event.get('HookType') or 'the template'}"
        type_ = f" ({event['ResourceType']})" if event.get("ResourceType") else ""
        yield f"{subject}{type_}: {_reason(event)}"


def _events(client: CloudFormationClient, change_set: str) -> Iterator[OperationEventTypeDef]:
    request: DescribeEventsInputTypeDef = {"ChangeSetName": change_set, "Filters": {"FailedEvents": True}}
    while True:
        answer = client.describe_events(**request)
        yield from answer.get("OperationEvents", ())
        if not answer.get("NextToken"):
            return
        request["NextToken"] = answer["NextToken"]


def _reason(event: OperationEventTypeDef) -> str:
    reasons = (event.get("ValidationStatusReason"), event.get("HookStatusReason"), event.get("ResourceStatusReason"))
    return next((reason.strip() for reason in reasons if reason), "")


def _mode(event: OperationEventTypeDef) -> str:
    return str(event.get("ValidationFailureMode") or event.get("HookFailureMode") or "FAIL")

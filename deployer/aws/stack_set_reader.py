"""Reads StackSets with service-managed permissions: state, instances, operations and their results.

CallAs is decided once, here, and passed with every call that accepts it, including calls that read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from sys import intern
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.aws.throttling import retry_throttled
from deployer.clock import Clock
from deployer.stack_sets import (
    Instance,
    InstanceCounts,
    InstanceKey,
    InstanceResult,
    Operation,
    ResultStatus,
    StackSetState,
)
from handler.json_values import JsonValue

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

CallAs = Literal["SELF", "DELEGATED_ADMIN"]

_UNDER_WAY = {"RUNNING", "STOPPING", "QUEUED"}


class StackSetReader:
    """StackSets through CloudFormation's API, in the region that the client is for."""

    def __init__(self, client: CloudFormationClient, *, call_as: CallAs, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._call_as: CallAs = call_as

    def names(self) -> tuple[str, ...]:
        """Names of all StackSets, of any tool."""
        return tuple(self.descriptions())

    def descriptions(self) -> dict[str, str]:
        """Descriptions of all StackSets by name, of any tool; a hundred a call."""
        with translated():
            pages = self._client.get_paginator("list_stack_sets").paginate(
                Status="ACTIVE", PaginationConfig={"PageSize": 100}, CallAs=self._call_as
            )
            return {one["StackSetName"]: one.get("Description", "") for page in pages for one in page["Summaries"]}

    def describe(self, name: str) -> StackSetState | None:
        """The actual state of a StackSet; None if it does not exist."""
        with translated():
            try:
                found = self._client.describe_stack_set(StackSetName=name, CallAs=self._call_as)["StackSet"]
            except ClientError as error:
                if code_of(error) == "StackSetNotFoundException":
                    return None
                raise
            if found["Status"] == "DELETED":
                return None
            auto = found.get("AutoDeployment", {})
            return StackSetState(
                name=name,
                arn=found["StackSetARN"],
                body=found["TemplateBody"],
                description=found.get("Description", ""),
                auto_deployment=auto.get("Enabled", False),
                retain_on_removal=auto.get("RetainStacksOnAccountRemoval", False),
                depends_on=tuple(sorted(_name(arn) for arn in auto.get("DependsOn", []))),
                auto_deployment_targets=self._auto_deployment_targets(name),
                instances=tuple(self._instances(name)),
                in_progress=self.operations_in_progress(name),
            )

    def template(self, name: str) -> str | None:
        """The template of a StackSet; None if it does not exist."""
        with translated():
            try:
                answer = self._client.describe_stack_set(StackSetName=name, CallAs=self._call_as)
            except ClientError as error:
                if code_of(error) == "StackSetNotFoundException":
                    return None
                raise
            return answer["StackSet"]["TemplateBody"]

    def instance_keys(self, name: str) -> frozenset[InstanceKey]:
        """Account and region of each stack instance; empty if the StackSet does not exist."""
        with translated():
            try:
                found = list(self._pages(self._client.list_stack_instances, name))
            except ClientError as error:
                if code_of(error) == "StackSetNotFoundException":
                    return frozenset()
                raise
        return frozenset(InstanceKey(one["Account"], one["Region"]) for one in found)

    def _auto_deployment_targets(self, name: str) -> dict[str, frozenset[str]]:
        pages = self._pages(self._client.list_stack_set_auto_deployment_targets, name)
        return {one["OrganizationalUnitId"]: frozenset(one["Regions"]) for one in pages}

    def _instances(self, name: str) -> list[Instance]:
        """There may be 100,000: equal strings are kept once."""
        return [
            Instance(
                account=intern(one["Account"]),
                region=intern(one["Region"]),
                ou_id=intern(one.get("OrganizationalUnitId", "")),
                status=one["Status"],
                detailed_status=intern(one.get("StackInstanceStatus", {}).get("DetailedStatus", "")),
                reason=one.get("StatusReason", ""),
                stack_id=one.get("StackId", ""),
            )
            for one in self._pages(self._client.list_stack_instances, name)
        ]

    def operation(self, name: str, operation_id: str) -> Operation:
        """The current state of one operation."""
        with translated():
            answer = retry_throttled(
                self._client.describe_stack_set_operation,
                clock=self._clock,
                StackSetName=name,
                OperationId=operation_id,
                CallAs=self._call_as,
            )
        return _operation(answer["StackSetOperation"])

    def results(
        self, name: str, operation_id: str, *, status: ResultStatus | None = None
    ) -> tuple[InstanceResult, ...]:
        """The result of an operation for each instance, so far; only those of one status if it is given."""
        filters = {"Filters": [{"Name": "OPERATION_RESULT_STATUS", "Values": status}]} if status else {}
        with translated():
            pages = self._pages(
                self._client.list_stack_set_operation_results, name, OperationId=operation_id, **filters
            )
            return tuple(
                InstanceResult(
                    account=intern(one["Account"]),
                    region=intern(one["Region"]),
                    status=one["Status"],
                    reason=one.get("StatusReason", ""),
                )
                for one in pages
            )

    def operations_in_progress(self, name: str) -> tuple[Operation, ...]:
        """Operations in progress; they are among the newest, which are listed first."""
        with translated():
            answer = retry_throttled(
                self._client.list_stack_set_operations,
                clock=self._clock,
                StackSetName=name,
                MaxResults=20,
                CallAs=self._call_as,
            )
        return tuple(_operation(one) for one in answer["Summaries"] if one["Status"] in _UNDER_WAY)

    def _pages(self, call: Callable[..., Mapping[str, JsonValue]], name: str, **options: object) -> Iterator[JsonValue]:
        """Summaries of all pages, as large as AWS makes them."""
        while True:
            answer = retry_throttled(
                call, clock=self._clock, StackSetName=name, MaxResults=100, **options, CallAs=self._call_as
            )
            yield from answer["Summaries"]
            if not answer.get("NextToken"):
                return
            options["NextToken"] = answer["NextToken"]


def stack_set_reader(session: Session, *, call_as: CallAs, clock: Clock) -> StackSetReader:
    """StackSets in the session's region, as its principal."""
    return StackSetReader(session.client("cloudformation"), call_as=call_as, clock=clock)


def _operation(found: Mapping[str, JsonValue]) -> Operation:
    return Operation(
        id=found["OperationId"],
        action=found["Action"],
        status=found["Status"],
        reason=found.get("StatusReason", ""),
        started=found.get("CreationTimestamp"),
        retain_stacks=bool(found.get("RetainStacks")),
        counts=_counts(found.get("StatusDetails", {}), "StackInstancesDeployment"),
        regions={
            region: counts
            for region, details in found.get("RegionalStatusDetails", {}).items()
            if (counts := _counts(details, "RegionalStackInstancesDeployment")) is not None
        },
    )


def _counts(details: Mapping[str, JsonValue], stage: str) -> InstanceCounts | None:
    """The counts of a stage; None from an SDK without stages, and of an action for which AWS counts nothing.

    Totals are absent until AWS has resolved the operation's targets.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationStatusDetails.html
    """
    found = details.get("Stages", {}).get(stage, {})
    if found.get("Status", "NOT_APPLICABLE") == "NOT_APPLICABLE":
        return None
    completed = found.get("CompletedStackInstancesCount", 0)
    return InstanceCounts(
        total=details.get("TotalStackInstancesCount", completed + found.get("PendingStackInstancesCount", 0)),
        completed=completed,
        succeeded=found.get("SucceededStackInstancesCount", 0),
        failed=found.get("FailedStackInstancesCount", 0),
        cancelled=found.get("CancelledStackInstancesCount", 0),
    )


def _name(arn: str) -> str:
    """`…:stackset/deployer-access:4f1c…` is deployer-access."""
    return arn.rsplit("/", 1)[-1].split(":", maxsplit=1)[0]

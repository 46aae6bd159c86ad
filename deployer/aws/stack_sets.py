"""StackSets with service-managed permissions. Implements `deployer.stack_sets.StackSets`.

Whom the caller acts for (CallAs) is decided once, here, and goes with every call that takes it, reading ones included.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import uuid4

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.errors import BusyError
from deployer.polling import Sleep
from deployer.stack_sets import (
    INLINE_TEMPLATE_BYTES,
    DeploymentTargets,
    Instance,
    InstanceOperation,
    InstanceResult,
    Operation,
    OperationPreferences,
    StackSetDefinition,
    StackSetState,
)
from deployer.stacks import CAPABILITIES

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

CallAs = Literal["SELF", "DELEGATED_ADMIN"]
Result = TypeVar("Result")

STALE_ATTEMPTS = 6
_UNDER_WAY = {"RUNNING", "STOPPING", "QUEUED"}


class CloudFormationStackSets:
    """StackSets through CloudFormation's API, in the region that the client is for.

    `store` puts a template that is too large to send into a bucket and gives its URL.
    """

    def __init__(
        self,
        client: CloudFormationClient,
        *,
        call_as: CallAs,
        store: Callable[[str], str],
        preferences: OperationPreferences,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._client = client
        self._call_as: dict[str, Any] = {"CallAs": call_as}
        self._store = store
        self._preferences = preferences
        self._sleep = sleep

    # Looking
    def describe(self, name: str) -> StackSetState | None:
        """All that is known of a StackSet; None when there is none."""
        with translated():
            try:
                found: Any = self._client.describe_stack_set(StackSetName=name, **self._call_as)["StackSet"]
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

    def _auto_deployment_targets(self, name: str) -> dict[str, frozenset[str]]:
        pages = self._pages(self._client.list_stack_set_auto_deployment_targets, name)
        return {one["OrganizationalUnitId"]: frozenset(one["Regions"]) for one in pages}

    def _instances(self, name: str) -> list[Instance]:
        return [
            Instance(
                account=one["Account"],
                region=one["Region"],
                ou_id=one.get("OrganizationalUnitId", ""),
                status=one["Status"],
                detailed_status=one.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
                reason=one.get("StatusReason", ""),
                stack_id=one.get("StackId", ""),
            )
            for one in self._pages(self._client.list_stack_instances, name)
        ]

    def operation(self, name: str, operation_id: str) -> Operation:
        """One operation as it is now."""
        with translated():
            answer = self._client.describe_stack_set_operation(
                StackSetName=name, OperationId=operation_id, **self._call_as
            )
        return _operation(answer["StackSetOperation"])

    def results(self, name: str, operation_id: str) -> tuple[InstanceResult, ...]:
        """What an operation did to each instance, so far."""
        with translated():
            pages = self._pages(self._client.list_stack_set_operation_results, name, OperationId=operation_id)
        return tuple(
            InstanceResult(
                account=one["Account"], region=one["Region"], status=one["Status"], reason=one.get("StatusReason", "")
            )
            for one in pages
        )

    def operations_in_progress(self, name: str) -> tuple[Operation, ...]:
        """Operations that are not over; they are among the newest, which come first."""
        with translated():
            answer = self._client.list_stack_set_operations(StackSetName=name, MaxResults=20, **self._call_as)
        return tuple(_operation(one) for one in answer["Summaries"] if one["Status"] in _UNDER_WAY)

    def _pages(self, call: Callable[..., Any], name: str, **options: Any) -> list[Any]:
        """Summaries of all pages, as large as AWS makes them."""
        found: list[Any] = []
        while True:
            answer = call(StackSetName=name, MaxResults=100, **options, **self._call_as)
            found += answer["Summaries"]
            if not answer.get("NextToken"):
                return found
            options["NextToken"] = answer["NextToken"]

    # Changing
    def create(self, definition: StackSetDefinition) -> str:
        """Create a StackSet without instances; gives its ARN."""
        with translated():
            self._client.create_stack_set(
                StackSetName=definition.name,
                PermissionModel="SERVICE_MANAGED",
                ClientRequestToken=uuid4().hex,
                **self._properties(definition),
                **self._call_as,
            )
        state = self.describe(definition.name)
        assert state is not None
        return state.arn

    def update(self, definition: StackSetDefinition, *, only: InstanceOperation | None) -> str:
        """Change the StackSet and all its instances, or `only` those; gives the operation's id."""
        options = self._properties(definition)
        if only is not None:  # then AWS takes no AutoDeployment, and leaves what there is
            del options["AutoDeployment"]
            options |= {"DeploymentTargets": _targets(only.targets), "Regions": list(only.regions)}
        return self._started(definition.name, self._client.update_stack_set, **options)

    def operate(self, name: str, operation: InstanceOperation) -> str:
        """Start an operation on instances; gives its id."""
        calls: dict[str, Callable[..., Any]] = {
            "CREATE": self._client.create_stack_instances,
            "UPDATE": self._client.update_stack_instances,
            "DELETE": self._client.delete_stack_instances,
        }
        retain = {"RetainStacks": False} if operation.action == "DELETE" else {}
        return self._started(
            name,
            calls[operation.action],
            DeploymentTargets=_targets(operation.targets),
            Regions=list(operation.regions),
            **retain,
        )

    def delete(self, name: str) -> None:
        """Delete a StackSet that has no instances; one that is gone is fine."""
        with translated():
            try:
                self._client.delete_stack_set(StackSetName=name, **self._call_as)
            except ClientError as error:
                if code_of(error) == "OperationInProgressException":
                    raise _busy(name) from error
                if code_of(error) != "StackSetNotFoundException":
                    raise

    def _properties(self, definition: StackSetDefinition) -> dict[str, Any]:
        body = definition.body
        inline = len(body.encode()) <= INLINE_TEMPLATE_BYTES
        depends_on = [self._arn(name) for name in definition.depends_on]
        return {
            "Description": definition.description,
            **({"TemplateBody": body} if inline else {"TemplateURL": self._store(body)}),
            "Capabilities": list(CAPABILITIES),
            "AutoDeployment": {
                "Enabled": True,
                "RetainStacksOnAccountRemoval": False,
                **({"DependsOn": depends_on} if depends_on else {}),
            },
        }

    def _arn(self, name: str) -> str:
        answer = self._client.describe_stack_set(StackSetName=name, **self._call_as)
        return answer["StackSet"]["StackSetARN"]

    def _started(self, name: str, call: Callable[..., Any], **options: Any) -> str:
        """Start an operation under an id of ours, so that a call whose answer was lost can be repeated."""
        operation_id = str(uuid4())
        options |= {"StackSetName": name, "OperationId": operation_id, **self._call_as}
        options["OperationPreferences"] = {
            "RegionConcurrencyType": "PARALLEL",
            "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
            "MaxConcurrentPercentage": self._preferences.max_concurrent_percentage,
            "FailureTolerancePercentage": self._preferences.failure_tolerance_percentage,
        }
        for attempt in range(STALE_ATTEMPTS):
            with translated():
                try:
                    return str(call(**options)["OperationId"])
                except ClientError as error:
                    code = code_of(error)
                    if code == "OperationIdAlreadyExistsException":
                        return operation_id
                    if code == "OperationInProgressException":
                        raise _busy(name) from error
                    if code != "StaleRequestException" or attempt == STALE_ATTEMPTS - 1:
                        raise
            self._sleep(0.5 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")


def _targets(targets: DeploymentTargets) -> dict[str, Any]:
    accounts = {"Accounts": list(targets.accounts)} if targets.accounts else {}
    return {
        "OrganizationalUnitIds": list(targets.ou_ids),
        "AccountFilterType": targets.account_filter,
        **accounts,
    }


def _operation(found: Any) -> Operation:
    return Operation(
        id=found["OperationId"],
        action=found["Action"],
        status=found["Status"],
        reason=found.get("StatusReason", ""),
        started=found.get("CreationTimestamp"),
    )


def _name(arn: str) -> str:
    """`…:stackset/deployer-access:4f1c…` is deployer-access."""
    return arn.rsplit("/", 1)[-1].split(":", maxsplit=1)[0]


def _busy(name: str) -> BusyError:
    return BusyError(
        f"StackSet {name}: another operation is under way", next_step="Run the command again once it is over."
    )

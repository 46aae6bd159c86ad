"""Changes StackSets with service-managed permissions. Implements `deployer.stack_sets.StackSets`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, message_of, translated
from deployer.aws.prefetching import PrefetchingStackSetReader
from deployer.aws.session import Session
from deployer.aws.stack_set_reader import CallAs
from deployer.aws.template_source import TemplateSource, template_source
from deployer.clock import Clock
from deployer.errors import BusyError, ServiceError
from deployer.operation_preferences import OperationPreferences
from deployer.polling import polls
from deployer.rollout.operation_ids import operation_id as make_operation_id
from deployer.stack_sets import DeploymentTargets, InstanceOperation, NotInStackSetError, StackSetDefinition
from deployer.stacks import CAPABILITIES, Capability
from handler.json_values import JsonValue

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        AutoDeploymentTypeDef,
        DeploymentTargetsTypeDef,
        StackSetOperationPreferencesTypeDef,
    )

STALE_ATTEMPTS = 6
_NOT_IN_STACK_SET = "not found in StackSet"
"""`ValidationError: Organizational unit … not found in StackSet`, as public reports quote it."""
_NEW_SECONDS = 60
"""The longest wait for a StackSet that is read right after its creation."""


Call = Callable[..., Mapping[str, JsonValue]]
"""A call that starts an operation and returns its id."""


class _Properties(TemplateSource):
    """Parameters that a creation and an update share."""

    Description: str
    Capabilities: Sequence[Capability]
    AutoDeployment: AutoDeploymentTypeDef


class CloudFormationStackSets(PrefetchingStackSetReader):
    """StackSets through CloudFormation's API, in the region that the client is for.

    `store` puts a template that is too large to send into a bucket and returns its URL. `caller` is the ARN that
    operations' ids are to name.
    """

    def __init__(  # noqa: PLR0913 - all by keyword, and each from elsewhere
        self,
        client: CloudFormationClient,
        *,
        call_as: CallAs,
        store: Callable[[str], str],
        preferences: OperationPreferences,
        caller: str,
        clock: Clock,
    ) -> None:
        super().__init__(client, call_as=call_as, clock=clock)
        self._caller = caller
        self._store = store
        self._preferences = preferences
        self._created: set[str] = set()
        """StackSets that reads may not find yet."""

    @classmethod
    def connect(  # noqa: PLR0913 - all by keyword, and each from elsewhere
        cls,
        session: Session,
        *,
        region: str,
        call_as: CallAs,
        store: Callable[[str], str],
        preferences: OperationPreferences,
        clock: Clock,
    ) -> Self:
        """StackSets in a region, as the principal of a session, whom operations' ids name."""
        return cls(
            session.client("cloudformation", region=region),
            call_as=call_as,
            store=store,
            preferences=preferences,
            caller=session.identity.arn,
            clock=clock,
        )

    def create(self, definition: StackSetDefinition) -> str:
        """Create a StackSet without instances; returns its ARN."""
        with translated():
            self._client.create_stack_set(
                StackSetName=definition.name,
                PermissionModel="SERVICE_MANAGED",
                ClientRequestToken=uuid4().hex,
                **self._properties(definition),
                CallAs=self._call_as,
            )
        self._created.add(definition.name)
        with translated():
            return self._arn(definition.name)

    def update(self, definition: StackSetDefinition, *, only: InstanceOperation | None) -> str:
        """Change the StackSet and all its instances, or `only` those; returns the operation's id."""
        with translated():
            options: dict[str, object] = {**self._properties(definition)}
            regions = self._regions(definition.name) if only is None else only.regions
        if only is not None:  # then AWS accepts no AutoDeployment, and keeps the current one (assumption A15)
            del options["AutoDeployment"]
            return self._started_on(definition.name, self._client.update_stack_set, only, **options)
        options["OperationPreferences"] = self._operation_preferences(regions)
        return self._started(definition.name, self._client.update_stack_set, **options)

    def refresh(self, definition: StackSetDefinition, operation: InstanceOperation) -> str:
        """Update instances to the current StackSet, and keep the status of all others; returns the operation's id.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackSet.html (DeploymentTargets)
        """
        return self._started_on(
            definition.name,
            self._client.update_stack_set,
            operation,
            UsePreviousTemplate=True,
            Description=definition.description,
            Capabilities=list(CAPABILITIES),
        )

    def _regions(self, name: str) -> tuple[str, ...]:
        """Regions in which a StackSet has instances; only required for an order of regions."""
        return tuple({one.region for one in self._instances(name)}) if self._preferences.region_order else ()

    def operate(self, name: str, operation: InstanceOperation) -> str:
        """Start the creation or deletion of instances; returns its id."""
        if operation.action == "DELETE":
            retain = {"RetainStacks": operation.retain_stacks}
            return self._started_on(name, self._client.delete_stack_instances, operation, **retain)
        return self._started_on(name, self._client.create_stack_instances, operation)

    def delete(self, name: str) -> None:
        """Delete a StackSet that has no instances; does nothing if it does not exist."""
        self._forget(name)
        with translated():
            try:
                self._client.delete_stack_set(StackSetName=name, CallAs=self._call_as)
            except ClientError as error:
                if code_of(error) == "OperationInProgressException":
                    raise _busy(name) from error
                if code_of(error) != "StackSetNotFoundException":
                    raise

    def _properties(self, definition: StackSetDefinition) -> _Properties:
        auto_deployment: AutoDeploymentTypeDef = {"Enabled": True, "RetainStacksOnAccountRemoval": False}
        if definition.depends_on:
            auto_deployment["DependsOn"] = [self._arn(name) for name in definition.depends_on]
        return {
            "Description": definition.description,
            **template_source(definition.body, store=self._store),
            "Capabilities": list(CAPABILITIES),
            "AutoDeployment": auto_deployment,
        }

    def _arn(self, name: str) -> str:
        """The ARN of a StackSet; waits until AWS finds a new one."""
        for _ in polls(self._clock, limit=_NEW_SECONDS):
            try:
                found = self._client.describe_stack_set(StackSetName=name, CallAs=self._call_as)["StackSet"]
                return found["StackSetARN"]
            except ClientError as error:
                if not self._is_new(name, error):
                    raise
        raise ServiceError(
            f"StackSet {name} was created, but AWS does not return it after {_NEW_SECONDS} s",
            next_step="Run the same command again to resume.",
        )

    def _is_new(self, name: str, error: ClientError) -> bool:
        """Whether AWS does not find a StackSet that was created a moment ago."""
        return name in self._created and code_of(error) == "StackSetNotFoundException"

    def _operation_preferences(self, regions: Iterable[str]) -> StackSetOperationPreferencesTypeDef:
        preferences = self._preferences
        order = preferences.order(regions)
        passed: StackSetOperationPreferencesTypeDef = {
            "RegionConcurrencyType": preferences.region_concurrency,
            "ConcurrencyMode": preferences.concurrency_mode,
        }
        concurrent, tolerance = preferences.max_concurrent, preferences.failure_tolerance
        passed["MaxConcurrentPercentage" if concurrent.is_percentage else "MaxConcurrentCount"] = concurrent.number
        passed["FailureTolerancePercentage" if tolerance.is_percentage else "FailureToleranceCount"] = tolerance.number
        if preferences.region_order and order:
            passed["RegionOrder"] = list(order)
        return passed

    def _started_on(self, name: str, call: Call, operation: InstanceOperation, **options: object) -> str:
        return self._started(
            name,
            call,
            DeploymentTargets=_targets(operation.targets),
            Regions=list(operation.regions),
            OperationPreferences=self._operation_preferences(operation.regions),
            **options,
        )

    def _started(self, name: str, call: Call, **options: object) -> str:
        """Start an operation under an id of ours, so that a call whose response was lost can be repeated."""
        id_ = make_operation_id(self._caller, at=self._clock.now(), unique=uuid4().hex[:8])
        options |= {"StackSetName": name, "OperationId": id_, "CallAs": self._call_as}
        self._forget(name)
        for attempt in range(STALE_ATTEMPTS):
            with translated():
                try:
                    return str(call(**options)["OperationId"])
                except ClientError as error:
                    code = code_of(error)
                    if code == "OperationIdAlreadyExistsException":
                        return id_
                    if code == "OperationInProgressException":
                        raise _busy(name) from error
                    if code == "StackInstanceNotFoundException" or _NOT_IN_STACK_SET in message_of(error):
                        raise _not_in_stack_set(name, message_of(error)) from error
                    may_pass = code == "StaleRequestException" or self._is_new(name, error)
                    if not may_pass or attempt == STALE_ATTEMPTS - 1:
                        raise
            self._clock.sleep(2**attempt * random.uniform(0.25, 0.75))  # noqa: S311 - jitter, no secret
        raise AssertionError("the last attempt returns or raises")


def _not_in_stack_set(name: str, message: str) -> NotInStackSetError:
    return NotInStackSetError(
        f"StackSet {name} has changed since it was read: {message}",
        next_step="Run the same command again to plan from the current state.",
    )


def _targets(targets: DeploymentTargets) -> DeploymentTargetsTypeDef:
    passed: DeploymentTargetsTypeDef = {
        "OrganizationalUnitIds": list(targets.ou_ids),
        "AccountFilterType": targets.account_filter,
    }
    if targets.accounts:
        passed["Accounts"] = list(targets.accounts)
    return passed


def _busy(name: str) -> BusyError:
    return BusyError(
        f"StackSet {name}: another operation is in progress", next_step="Run the command again when it has ended."
    )

"""Polls continue although AWS throttles them for minutes, and a new StackSet is waited for until reads find it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from deployer.aws.session import Session
from deployer.aws.stack_sets import STALE_ATTEMPTS, CloudFormationStackSets
from deployer.aws.stacks import CloudFormationStacks
from deployer.aws.throttling import PAUSES
from deployer.errors import ServiceError
from deployer.operation_preferences import OperationPreferences
from deployer.stack_sets import DeploymentTargets, InstanceOperation, StackSetDefinition
from deployer.stacks import StackDefinition
from tests.clocks import timeless

NAME, ARN = "deployer-access", "arn:aws:cloudformation:eu-west-1:200000000001:stackset/deployer-access:1"
DEFINITION = StackSetDefinition(name=NAME, description="d", body="{}")
OPERATION = InstanceOperation(
    action="CREATE", targets=DeploymentTargets(ou_ids=("ou-exam-prod0001",)), regions=("eu-west-1",), instances=()
)
STACK = StackDefinition(name="deployer-central", region="eu-west-1", body="{}")


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "Rate exceeded"}}, "Some")


class Cloud:
    """CloudFormation whose calls fail as configured by name before they succeed."""

    def __init__(self, **failures: list[str]) -> None:
        self.failures = failures
        self.once_called: dict[str, dict[str, list[str]]] = {}
        """What fails from the call of a name on."""
        self.calls: list[str] = []
        self.waits: list[float] = []
        self.answers: dict[str, Any] = {
            "describe_stack_set_operation": {
                "StackSetOperation": {"OperationId": "1", "Action": "UPDATE", "Status": "SUCCEEDED"}
            },
            "list_stack_set_operation_results": {"Summaries": []},
            "list_stack_set_operations": {"Summaries": []},
            "describe_stack_set": {"StackSet": {"StackSetARN": ARN}},
            "create_stack_set": {"StackSetId": f"{NAME}:1"},
            "create_stack_instances": {"OperationId": "1"},
            "describe_stacks": {"Stacks": [{"StackId": "1", "StackStatus": "CREATE_COMPLETE"}]},
            "describe_stack_events": {"StackEvents": []},
            "create_change_set": {"Id": "change-set"},
            "describe_change_set": {"Status": "CREATE_COMPLETE"},
            "execute_change_set": {},
        }

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            self.calls.append(name)
            if left := self.failures.get(name):
                raise error(left.pop(0))
            self.failures |= self.once_called.pop(name, {})
            return self.answers[name]

        return call

    @property
    def stack_sets(self) -> CloudFormationStackSets:
        return CloudFormationStackSets(
            cast("Any", self),
            call_as="SELF",
            store=lambda body: body,
            preferences=OperationPreferences(),
            caller="arn:aws:iam::200000000001:user/alice",
            clock=timeless(self.waits.append),
        )

    def client(self, _service: str, **_: str) -> Cloud:
        return self

    @property
    def stacks(self) -> CloudFormationStacks:
        return CloudFormationStacks(cast("Session", self), store=lambda body: body, clock=timeless(self.waits.append))


POLLS: dict[str, Callable[[Cloud], object]] = {
    "describe_stack_set_operation": lambda cloud: cloud.stack_sets.operation(NAME, "1"),
    "list_stack_set_operation_results": lambda cloud: cloud.stack_sets.results(NAME, "1"),
    "list_stack_set_operations": lambda cloud: cloud.stack_sets.operations_in_progress(NAME),
    "describe_change_set": lambda cloud: cloud.stacks.apply(STACK, lambda _: None),
}


@pytest.mark.parametrize("call", POLLS)
@pytest.mark.parametrize("times", [1, len(PAUSES)])
def test_a_poll_that_is_throttled_for_minutes_continues(call: str, times: int) -> None:
    cloud = Cloud(**{call: ["Throttling"] * times})
    POLLS[call](cloud)
    assert cloud.calls.count(call) == times + 1
    assert cloud.waits[:times] == list(PAUSES[:times])


def test_the_end_of_a_stack_is_waited_for_while_its_polls_are_throttled() -> None:
    cloud = Cloud()
    polls = ("describe_stacks", "describe_stack_events")
    cloud.once_called["execute_change_set"] = {name: ["Throttling"] * 3 for name in polls}
    cloud.stacks.apply(STACK, lambda _: None)
    assert cloud.waits == [*PAUSES[:3], *PAUSES[:3]]
    assert not any(cloud.failures.values())


@pytest.mark.parametrize("call", POLLS)
def test_endless_throttling_is_reported(call: str) -> None:
    with pytest.raises(ServiceError, match="was throttled"):
        POLLS[call](Cloud(**{call: ["Throttling"] * 100}))
    assert 180 < sum(PAUSES) < 900


@pytest.mark.parametrize("call", POLLS)
def test_other_errors_are_reported_immediately(call: str) -> None:
    cloud = Cloud(**{call: ["SomethingNew"]})
    with pytest.raises(ServiceError, match="SomethingNew"):
        POLLS[call](cloud)
    assert not cloud.waits


def test_a_new_stack_set_that_is_not_found_yet_is_waited_for() -> None:
    cloud = Cloud(describe_stack_set=["StackSetNotFoundException"] * 3)
    assert cloud.stack_sets.create(DEFINITION) == ARN
    assert len(cloud.waits) == 3


def test_an_operation_on_a_new_stack_set_is_retried_until_it_is_found() -> None:
    cloud = Cloud(create_stack_instances=["StackSetNotFoundException"] * 3)
    stack_sets = cloud.stack_sets
    stack_sets.create(DEFINITION)
    assert stack_sets.operate(NAME, OPERATION) == "1"
    assert cloud.calls.count("create_stack_instances") == 4


def test_dependencies_of_a_new_stack_set_are_waited_for_too() -> None:
    cloud = Cloud()
    stack_sets = cloud.stack_sets
    stack_sets.create(DEFINITION)
    cloud.failures = {"describe_stack_set": ["StackSetNotFoundException"] * 2}
    dependent = StackSetDefinition(name="deployer-forwarding", description="d", body="{}", depends_on=(NAME,))
    stack_sets.create(dependent)
    assert not cloud.failures["describe_stack_set"]


def test_a_stack_set_that_is_never_found_is_reported() -> None:
    cloud = Cloud(describe_stack_set=["StackSetNotFoundException"] * 1_000)
    with pytest.raises(ServiceError, match=r"deployer-access was created, but AWS does not return it"):
        cloud.stack_sets.create(DEFINITION)


def test_a_stack_set_that_this_command_did_not_create_is_reported_missing_immediately() -> None:
    cloud = Cloud(create_stack_instances=["StackSetNotFoundException"] * STALE_ATTEMPTS)
    with pytest.raises(ServiceError, match="StackSetNotFoundException"):
        cloud.stack_sets.operate(NAME, OPERATION)
    assert not cloud.waits

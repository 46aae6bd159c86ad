from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from aws_org_sandbox import fault_actions
from aws_org_sandbox.errors import UnknownAccountError
from aws_org_sandbox.faults import HANG, Delay, Drop, Effect, Error, Fault, Moment, Throttle
from aws_org_sandbox.sandbox import Sandbox

SHOP = "300000000001"


def outcomes(sandbox: Sandbox, count: int, *, account: str = SHOP, region: str = "eu-west-1") -> list[str]:
    """Results of this many calls: "ok" or the error code."""
    ended = []
    for _ in range(count):
        try:
            sandbox.client("ecr", account=account, region=region).describe_repositories()
            ended.append("ok")
        except ClientError as error:
            ended.append(str(error.response["Error"]["Code"]))
    return ended


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, ["Odd"] * 4, id="every call"),
        pytest.param({"times": 2}, ["Odd", "Odd", "ok", "ok"], id="the first two"),
        pytest.param({"first": 3}, ["ok", "ok", "Odd", "Odd"], id="from the third on"),
        pytest.param({"first": 2, "times": 1}, ["ok", "Odd", "ok", "ok"], id="only the second"),
        pytest.param({"service": "sqs"}, ["ok"] * 4, id="another service"),
        pytest.param({"operation": "Describe*"}, ["Odd"] * 4, id="a glob of operations"),
        pytest.param({"account": "400000000001"}, ["ok"] * 4, id="another account"),
        pytest.param({"region": "us-*"}, ["ok"] * 4, id="another region"),
        pytest.param({"principal": "*:user/administrator"}, ["Odd"] * 4, id="a glob of principals"),
        pytest.param({"when": lambda call: call.account == SHOP}, ["Odd"] * 4, id="any predicate"),
    ],
)
def test_a_fault_affects_the_calls_that_it_selects(
    sandbox: Sandbox, options: dict[str, Any], expected: list[str]
) -> None:
    fault = sandbox.faults.add(Fault(effect=Error(code="Odd"), **options))
    assert outcomes(sandbox, 4) == expected
    assert fault.hits == expected.count("Odd")
    sandbox.faults.clear()
    assert outcomes(sandbox, 1) == ["ok"]


def test_throttling_has_the_error_code_of_the_service(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(effect=Throttle()))
    assert outcomes(sandbox, 1) == ["ThrottlingException"]
    with pytest.raises(ClientError, match="Rate exceeded") as error:
        sandbox.client("sts").get_caller_identity()
    assert error.value.response["Error"]["Code"] == "Throttling"


@pytest.mark.parametrize("effect", [Drop(), Error(code="InternalError", status=500)])
def test_a_fault_after_the_call_keeps_its_effects(sandbox: Sandbox, effect: Effect) -> None:
    sandbox.faults.add(Fault(operation="CreateRepository", effect=effect, moment=Moment.AFTER))
    ecr = sandbox.client("ecr", account=SHOP)
    with pytest.raises((ConnectionClosedError, ClientError)):
        ecr.create_repository(repositoryName="made")
    assert [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]] == ["made"]


def test_a_dropped_connection_is_recorded(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(effect=Drop(), times=1))
    with pytest.raises(ConnectionClosedError):
        sandbox.client("ecr").describe_repositories()
    (call,) = sandbox.calls
    assert call.error_code == "ConnectionDropped"


def test_a_delay_postpones_the_response(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(effect=Delay(seconds=0.2)))
    before = time.monotonic()
    assert outcomes(sandbox, 1) == ["ok"]
    assert time.monotonic() - before >= 0.2


def test_a_call_that_hangs_continues_when_the_faults_are_cleared(sandbox: Sandbox) -> None:
    done: list[str] = []
    fault = sandbox.faults.add(Fault(effect=HANG))
    caller = threading.Thread(target=lambda: done.extend(outcomes(sandbox, 1)), daemon=True)
    caller.start()
    deadline = time.monotonic() + 30
    while not fault.hits and time.monotonic() < deadline:
        time.sleep(0.01)
    sandbox.faults.clear()  # the call may not hang yet: it continues anyway
    caller.join(30)
    assert done == ["ok"]


def test_calls_of_a_held_service_wait_and_take_effect_afterwards(sandbox: Sandbox) -> None:
    ecr = sandbox.client("ecr", account=SHOP)
    with sandbox.held(service="ecr", operation="CreateRepository") as held:
        creation = threading.Thread(target=lambda: ecr.create_repository(repositoryName="team-a/api"))
        creation.start()
        (waiting,) = held.wait_for(1)
        assert (waiting.operation, waiting.account) == ("CreateRepository", SHOP)
        assert sandbox.client("ecr", account=SHOP).describe_repositories()["repositories"] == []
        assert sandbox.client("sts").get_caller_identity()["Account"]
    creation.join(30)
    assert held.waiting == ()
    assert [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]] == ["team-a/api"]


def test_background_work_waits_for_the_calls_of_a_held_service(sandbox: Sandbox) -> None:
    topic = sandbox.client("cloudformation", account=SHOP)
    body = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
    with sandbox.held(service="sqs") as held:
        topic.create_stack(StackName="queues", TemplateBody=body)
        held.wait_for(1)
        assert topic.describe_stacks(StackName="queues")["Stacks"][0]["StackStatus"] == "CREATE_IN_PROGRESS"
    sandbox.settle()
    assert topic.describe_stacks(StackName="queues")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_a_reset_releases_what_is_held(sandbox: Sandbox) -> None:
    with sandbox.held(service="ecr") as held:
        call = threading.Thread(target=outcomes, args=(sandbox, 1))
        call.start()
        held.wait_for(1)
        sandbox.faults.clear()
        call.join(30)
        assert not call.is_alive()


def test_waiting_for_held_calls_has_a_time_limit(sandbox: Sandbox) -> None:
    with sandbox.held(service="ecr") as held, pytest.raises(TimeoutError, match="0 calls are held"):
        held.wait_for(1, timeout=0.01)


def add_fault(sandbox: Sandbox, **values: Any) -> Any:
    values = {"error": "Odd", "service": "ecr", **values}
    return fault_actions.add(sandbox.faults, values, organization=sandbox.organization)


def test_faults_from_the_command_line_take_effect_and_are_listed_and_cleared(sandbox: Sandbox) -> None:
    add_fault(sandbox, operation="DescribeRepositories", account=SHOP, count=2, message="for a rehearsal")
    assert outcomes(sandbox, 3) == ["Odd", "Odd", "ok"]
    assert outcomes(sandbox, 1, account="400000000001") == ["ok"]
    (listed,) = fault_actions.listed(sandbox.faults)["faults"]
    assert (listed["error"], listed["count"], listed["hits"]) == ("Odd", 2, 2)
    assert fault_actions.clear(sandbox.faults) == {"removed": 1}
    assert fault_actions.listed(sandbox.faults) == {"faults": []}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        pytest.param({"service": "ecrr"}, "no service 'ecrr'; did you mean ecr", id="a misspelled service"),
        pytest.param({"operation": "CreateRepositry"}, "did you mean CreateRepository", id="a misspelled operation"),
        pytest.param({"account": "300000000009"}, "has no account 300000000009", id="an unknown account"),
        pytest.param({"account": "shop-dev"}, "shop-dev; 400000000001 has that name", id="the name of an account"),
        pytest.param({"region": "eu-west-9"}, "no region", id="an unknown region"),
        pytest.param({"error": ""}, "an error code of AWS", id="a missing error code"),
    ],
)
def test_faults_that_could_never_match_are_refused(sandbox: Sandbox, values: dict[str, Any], problem: str) -> None:
    with pytest.raises((ValueError, UnknownAccountError), match=problem):
        add_fault(sandbox, **values)
    assert tuple(sandbox.faults) == ()

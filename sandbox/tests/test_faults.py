from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from aws_org_sandbox.faults import HANG, Delay, Drop, Effect, Error, Fault, Moment, Throttle
from aws_org_sandbox.sandbox import Sandbox

SHOP = "300000000001"


def outcomes(sandbox: Sandbox, count: int, *, account: str = SHOP, region: str = "eu-west-1") -> list[str]:
    """What so many calls end with: "ok" or the error code."""
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
        pytest.param({"first": 2, "times": 1}, ["ok", "Odd", "ok", "ok"], id="the second only"),
        pytest.param({"service": "sqs"}, ["ok"] * 4, id="another service"),
        pytest.param({"operation": "Describe*"}, ["Odd"] * 4, id="a glob of operations"),
        pytest.param({"account": "400000000001"}, ["ok"] * 4, id="another account"),
        pytest.param({"region": "us-*"}, ["ok"] * 4, id="another region"),
        pytest.param({"principal": "*:user/administrator"}, ["Odd"] * 4, id="a glob of principals"),
        pytest.param({"when": lambda call: call.account == SHOP}, ["Odd"] * 4, id="any question"),
    ],
)
def test_a_fault_hits_what_it_names(sandbox: Sandbox, options: dict[str, Any], expected: list[str]) -> None:
    fault = sandbox.faults.add(Fault(effect=Error(code="Odd"), **options))
    assert outcomes(sandbox, 4) == expected
    assert fault.hits == expected.count("Odd")
    sandbox.faults.clear()
    assert outcomes(sandbox, 1) == ["ok"]


def test_throttling_speaks_the_language_of_the_service(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(effect=Throttle()))
    assert outcomes(sandbox, 1) == ["ThrottlingException"]
    with pytest.raises(ClientError, match="Rate exceeded") as error:
        sandbox.client("sts").get_caller_identity()
    assert error.value.response["Error"]["Code"] == "Throttling"


@pytest.mark.parametrize("effect", [Drop(), Error(code="InternalError", status=500)])
def test_a_fault_after_the_call_leaves_its_work_done(sandbox: Sandbox, effect: Effect) -> None:
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


def test_a_delay_delays(sandbox: Sandbox) -> None:
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
    sandbox.faults.clear()  # the call may not hang yet: it continues all the same
    caller.join(30)
    assert done == ["ok"]

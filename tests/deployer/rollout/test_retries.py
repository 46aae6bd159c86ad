"""Names that AWS reserves for a minute after a deletion are waited for, and failures because of them are retried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aws_org_sandbox.calls import Call
from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from deployer.errors import BusyError, DeployerError
from deployer.rollout import retries
from deployer.rollout.causes import Failure
from deployer.rollout.progress import Report, StepEnded, StepStarted
from deployer.rollout.result import RolloutResult
from deployer.rollout.retries import PAUSES, is_temporary, retry_rollout
from tests.deployer.command_line import Deployer

QUEUE = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
BUCKET = "A conflicting conditional operation is currently in progress against this resource. Please try again."
SEARCH_PROD = "300000000002"


def handler_message(message: str) -> str:
    """The message of CloudFormation for an error of a service."""
    return f'Resource handler returned message: "{message} (Service: Sqs, Status Code: 400, Request ID: 1)"'


def failed(reason: str) -> RolloutResult:
    failure = Failure(stack_set="deployer-forwarding", account=SEARCH_PROD, region="eu-west-1", reason=reason)
    return RolloutResult(done=("first",), created=3, unchanged=7, failures=(failure,))


class Rollouts:
    """Roll-outs with given results, one after the other, and the waits between."""

    def __init__(self, *ends: RolloutResult) -> None:
        self.ends: Iterator[RolloutResult] = iter(ends)
        self.count = 0
        self.waits: list[float] = []

    def __call__(self) -> RolloutResult:
        self.count += 1
        return next(self.ends)

    def after(self, first: RolloutResult, report: Report = lambda _: None) -> RolloutResult:
        return retry_rollout(first, self, report, sleep=self.waits.append)


@pytest.mark.parametrize("reason", [handler_message(QUEUE), handler_message(BUCKET)], ids=["SQS", "S3"])
def test_a_failure_that_resolves_by_itself_is_retried_until_it_succeeds(reason: str) -> None:
    again = Rollouts(failed(reason), RolloutResult(done=("second",), created=2))
    outcome = again.after(failed(reason))
    assert outcome == RolloutResult(done=("first", "first", "second"), created=8, unchanged=7)
    assert again.waits == list(PAUSES[:2])


def test_a_stack_that_stopped_the_roll_out_is_retried() -> None:
    error = DeployerError(f"Stack deployer-central ended as ROLLBACK_COMPLETE: Queue (AWS::SQS::Queue): {QUEUE}")
    again = Rollouts(RolloutResult(done=("second",)))
    assert again.after(RolloutResult(error=error)).exit_code == 0


def test_the_wait_has_a_limit() -> None:
    again = Rollouts(*[failed(QUEUE)] * len(PAUSES))
    assert again.after(failed(QUEUE)).exit_code == 1
    assert again.count == len(PAUSES)
    assert sum(PAUSES[-2:]) > 120, "a roll-back in between deletes queues anew"


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(RolloutResult(), id="a success"),
        pytest.param(failed("explicit deny in a service control policy"), id="a failure that a person must resolve"),
        pytest.param(failed("deployer-forwarding already exists"), id="a name that somebody else uses"),
        pytest.param(RolloutResult(error=BusyError("another roll-out")), id="another roll-out"),
    ],
)
def test_nothing_else_is_retried(outcome: RolloutResult) -> None:
    again = Rollouts()
    assert again.after(outcome) is outcome
    assert not again.waits


def test_the_wait_is_reported_with_its_reason() -> None:
    reported: list[object] = []
    Rollouts(RolloutResult()).after(failed(QUEUE), reported.append)
    started, ended = reported
    assert isinstance(started, StepStarted)
    assert isinstance(ended, StepEnded)
    assert started.step == ended.step
    assert "deleted queues and buckets" in started.step


def test_the_errors_of_both_services_are_recognized_by_code_or_by_message() -> None:
    assert all(map(is_temporary, [QUEUE, BUCKET, "AWS.SimpleQueueService.QueueDeletedRecently", "OperationAborted"]))
    assert not is_temporary("AlreadyExists")


@pytest.mark.usefixtures("small_central_stack")
def test_a_roll_out_waits_for_reserved_names_and_stack_sets_not_found_yet(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "PAUSES", (0.01,) * 4)

    def follows_a_creation(_: Call) -> bool:
        return any(call.operation == "CreateStackSet" for call in sandbox.calls)

    kept = [
        Fault(
            effect=Error(code="StackSetNotFoundException"),
            operation="DescribeStackSet",
            when=follows_a_creation,
            times=2,
        ),
        Fault(effect=Error(code="OperationAborted", message=BUCKET, status=409), operation="CreateBucket", times=1),
        Fault(
            effect=Error(code="AWS.SimpleQueueService.QueueDeletedRecently", message=QUEUE),
            operation="CreateQueue",
            account=SEARCH_PROD,
            times=1,
        ),
    ]
    scope = ("--account", SEARCH_PROD, "--region", "eu-west-1")
    for fault in kept:
        sandbox.faults.add(fault)
    deployer = Deployer(sandbox)
    ran = deployer("rollout", *scope, "--yes")
    assert ran.exit_code == 0, ran
    assert [fault.hits for fault in kept] == [2, 1, 1]
    assert "Every desired stack instance of" in ran.out
    sandbox.settle()
    assert deployer("status", *scope).exit_code == 0

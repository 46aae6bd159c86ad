"""The output of a command when it is stopped: what continues in AWS, and how to resume."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.client import BaseClient

from aws_org_sandbox.sandbox import Sandbox
from deployer.rendering.interruption import OperationsInProgress
from deployer.rollout.progress import Event, OperationProgress, OperationStarted, StackProgress
from deployer.stack_sets import Operation
from deployer.stacks import StackEvent
from tests.deployer.command_line import Deployer
from tests.deployer.unwatched import unwatched

STARTED = OperationStarted(stack_set="deployer-access", operation_id="deployer-a-1", action="CREATE", instances=9)


def _ended(status: str) -> Event:
    operation = Operation(id="deployer-a-1", action="CREATE", status=status)  # type: ignore[arg-type]
    return OperationProgress(stack_set="deployer-access", operation=operation, results=(), changed=())


def _stack(logical_id: str, status: str) -> Event:
    return StackProgress(event=StackEvent(stack="deployer-central", logical_id=logical_id, type="", status=status))


@pytest.mark.parametrize(
    ("events", "part"),
    [
        pytest.param([], None, id="nothing in progress"),
        pytest.param([STARTED, _ended("RUNNING")], "CREATE of StackSet deployer-access", id="an operation"),
        pytest.param([STARTED, _ended("FAILED")], None, id="a finished operation"),
        pytest.param([_stack("Role", "CREATE_COMPLETE")], "stack deployer-central", id="a stack"),
        pytest.param([_stack("deployer-central", "CREATE_COMPLETE")], None, id="a finished stack"),
    ],
)
def test_operations_in_progress_are_reported(events: list[Event], part: str | None) -> None:
    in_progress = OperationsInProgress()
    for event in events:
        in_progress.apply(event)
    text = " ".join(line.text for line in in_progress.lines("deployer rollout --resume"))
    assert "Run `deployer rollout --resume` to resume" in text
    assert ("AWS continues" in text) == (part is not None)
    assert part is None or part in text


DEV = ("--ou", "Workloads/Dev")


@pytest.fixture
def deployer(sandbox: Sandbox) -> Iterator[Deployer]:
    with unwatched():
        yield Deployer(sandbox)


def test_a_signal_prints_the_operation_and_releases_the_lock(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, sandbox = BaseClient._make_api_call, deployer.sandbox  # type: ignore[attr-defined]

    for number, scope in ((signal.SIGINT, DEV), (signal.SIGTERM, ("--resume",))):

        def stopped(client: Any, operation: str, parameters: Any, number: int = number) -> Any:
            if operation == "DescribeStackSetOperation":
                os.kill(os.getpid(), number)
            return call(client, operation, parameters)

        with monkeypatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", stopped)
            ran = deployer("rollout", *scope, "--yes")
        assert ran.exit_code == 130, ran
        started = [one for one in sandbox.calls if one.operation == "CreateStackInstances"]
        assert started[-1].parameters["OperationId"] in ran.err
        record = sandbox.client("s3").get_object(Bucket="deployer-artifacts-200000000001-eu-west-1", Key="rollout.json")
        assert json.loads(record["Body"].read())["exit_code"] == 130
    assert deployer("rollout", "--resume", "--yes").exit_code == 0


def test_an_operation_accepted_during_ctrl_c_is_named_with_a_command_that_resumes(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run is the one that the first names, and is interrupted, too."""
    words = _interrupted(deployer, monkeypatch, ["rollout", *DEV], "ExecuteChangeSet",
                         shown=r"AWS (may continue|continues) with stack deployer-artifacts")  # fmt: skip
    assert words == ["rollout", *DEV]
    words = _interrupted(deployer, monkeypatch, words, "CreateStackInstances",
                         shown="AWS continues CREATE of StackSet deployer-access, operation deployer-")  # fmt: skip
    assert words == ["rollout", "--resume"]
    assert deployer(*words, "--yes").exit_code == 0


def _interrupted(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch, command: list[str], operation: str, *, shown: str
) -> list[str]:
    """Interrupt a command when AWS has accepted an operation; the command that is named to resume it."""
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def accepted(client: Any, called: str, parameters: Any) -> Any:
        if called == operation:  # what is accepted now is in progress until the command has ended
            in_progress.enter_context(deployer.sandbox.held())
        answer = call(client, called, parameters)
        if called == operation:
            os.kill(os.getpid(), signal.SIGINT)
        return answer

    with ExitStack() as in_progress, monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", accepted)
        ran = deployer(*command, "--yes")
    assert ran.exit_code == 130, ran
    printed = " ".join(ran.err.split())
    assert re.search(shown, printed)
    hint = re.search(r"Run `deployer (rollout [^`]+)` to resume", printed)
    assert hint is not None
    return [word for word in shlex.split(hint[1]) if word not in {"--config", str(deployer.config)}]

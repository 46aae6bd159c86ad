"""The output of a command when it is stopped: what continues in AWS, and how to resume."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_prints_the_operation_and_releases_the_lock(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def stopped(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "DescribeStackSetOperation":
            os.kill(os.getpid(), number)
        return call(client, operation, parameters)

    deployer = Deployer(sandbox)
    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", stopped)
        ran = deployer("rollout", "--org", "--yes")
    assert ran.exit_code == 130, ran
    started = [one for one in sandbox.calls if one.operation == "CreateStackInstances"]
    assert started[-1].parameters["OperationId"] in ran.err
    record = sandbox.client("s3").get_object(Bucket="deployer-artifacts-200000000001-eu-west-1", Key="rollout.json")
    assert json.loads(record["Body"].read())["exit_code"] == 130
    assert deployer("rollout", "--resume", "--yes").exit_code == 0


@pytest.mark.parametrize("operation", ["ExecuteChangeSet", "CreateStackInstances"])
def test_an_operation_accepted_during_ctrl_c_is_named_with_a_command_that_resumes(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def accepted(client: Any, called: str, parameters: Any) -> Any:
        if called == operation:  # what is accepted now is in progress until the command has ended
            in_progress.enter_context(sandbox.held())
        answer = call(client, called, parameters)
        if called == operation:
            os.kill(os.getpid(), signal.SIGINT)
        return answer

    deployer = Deployer(sandbox)
    with ExitStack() as in_progress, monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", accepted)
        ran = deployer("rollout", "--org", "--yes")
    assert ran.exit_code == 130, ran
    shown = " ".join(ran.err.split())
    expected = {
        "ExecuteChangeSet": r"AWS (may continue|continues) with stack deployer-artifacts",
        "CreateStackInstances": "AWS continues CREATE of StackSet deployer-access, operation deployer-",
    }[operation]
    assert re.search(expected, shown)
    hint = re.search(r"Run `deployer (rollout [^`]+)` to resume", shown)
    assert hint is not None
    words = [word for word in shlex.split(hint[1]) if word not in {"--config", str(deployer.config)}]
    assert words[1] == {"ExecuteChangeSet": "--org", "CreateStackInstances": "--resume"}[operation]
    assert deployer(*words, "--yes").exit_code == 0

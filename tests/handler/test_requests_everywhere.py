"""Requests that are killed, or meet an error, at every AWS call in turn: all invariants hold, and repeating is safe."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aws_org_sandbox.faults import Crash, Drop, Effect, Error, Moment, Throttle
from aws_org_sandbox.sandbox import Sandbox
from tests.handler.installation import CONFIG, Installed, install
from tests.handler.trials import Disturbance, Trial, problems, redrive, run_requests

ONLY_OF_REQUESTS = frozenset({"InvokeFunction", "GetRole"})
"""The actions that the roles have for requests only."""

CALLS = (
    "DescribeAccount",
    "AssumeRole",
    "GetRole",
    "DescribeRepositories",
    "Invoke",
    "UpdateItem",
    "CreateRepository",
    "PutLifecyclePolicy",
    "SetRepositoryPolicy",
    "ExecuteStatement",
    "PutEvents",
)
"""What a request does, each call for the first time."""

_shared: list[Installed] = []


def install_with_principals(sandbox: Sandbox) -> None:
    """A handler whose settings have a rule on principals, so that requests look up their callers."""
    with TemporaryDirectory() as folder:
        config = Path(folder) / "config"
        shutil.copytree(CONFIG, config)
        prod = config / "ous" / "workloads" / "prod.yaml"
        rules = '  principals:\n    allow: ["arn:aws:iam::*:role/ci/*"]\n  limit:'
        prod.write_text(prod.read_text().replace("  limit:", rules, 1))
        _shared[:] = [install(sandbox, config=config)]


pytestmark = [pytest.mark.begins_with(prepare=install_with_principals), pytest.mark.usefixtures("many_processes")]


@pytest.fixture
def installed(sandbox: Sandbox) -> Installed:
    return _shared[0]


def trials(installed: Installed, disturbances: Sequence[Sequence[Disturbance]]) -> list[Trial]:
    accounts = installed.new_accounts(len(disturbances))
    return [
        Trial(account=account, disturbances=group, is_request=True)
        for account, group in zip(accounts, disturbances, strict=True)
    ]


def everywhere(effect: Effect, moments: Iterable[Moment], *, times: int | None = 1) -> list[list[Disturbance]]:
    return [
        [Disturbance(effect=effect, operation=operation, moment=moment, times=times)]
        for operation in CALLS
        for moment in moments
    ]


def test_the_calls_of_a_request_are_complete(installed: Installed) -> None:
    (trial,) = trials(installed, [()])
    final_state = run_requests(installed, [trial])
    assert problems(final_state, [trial], ends="created") == []
    calls = [call.operation for call in final_state.calls if trial.concerns(call)]
    assert set(CALLS) <= set(calls)
    assert set(calls) <= {*CALLS, "GetItem", "ListTagsForResource"}
    assert ONLY_OF_REQUESTS - {"InvokeFunction"} <= set(CALLS)


def test_a_request_that_is_killed_anywhere_is_finished_or_safe_to_repeat(installed: Installed) -> None:
    tried = trials(installed, everywhere(Crash(), Moment))
    final_state = run_requests(installed, tried)
    assert problems(final_state, tried, ends="created") == []
    assert not final_state.messages


@pytest.mark.parametrize(
    ("effect", "times"),
    [(Throttle(), 3), (Error(code="InternalFailure", status=500), 3), (Drop(), 3), (Error(code="ExpiredToken"), 1)],
    ids=["throttled", "an error of the service", "the connection breaks", "stale credentials"],
)
def test_a_request_that_meets_an_error_anywhere_is_finished(installed: Installed, effect: Effect, times: int) -> None:
    tried = trials(installed, everywhere(effect, [Moment.BEFORE], times=times))
    final_state = run_requests(installed, tried)
    assert problems(final_state, tried, ends="created") == []
    assert not final_state.messages


def test_invariants_2_and_5_a_permanent_refusal_by_aws_is_recorded_once_and_a_redrive_finishes_the_work(
    installed: Installed,
) -> None:
    refused = Error(code="AccessDeniedException")
    calls = ("AssumeRole", "GetRole", "CreateRepository", "PutLifecyclePolicy")
    tried = trials(installed, [[Disturbance(effect=refused, operation=name, times=None)] for name in calls])
    final_state = run_requests(installed, tried)
    assert problems(final_state, tried, ends="failed") == []
    assert [len(final_state.messages[trial.event_id]) for trial in tried] == [1] * len(tried)
    assert redrive(installed, final_state, tried, ends="created") == []

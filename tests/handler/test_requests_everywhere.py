"""Requests that are killed, or meet an error, at every AWS call in turn: all invariants hold, and repeating is safe."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aws_org_sandbox.faults import Crash, Drop, Effect, Error, Moment, Throttle
from aws_org_sandbox.functions import pool
from aws_org_sandbox.pytest_plugin import check
from aws_org_sandbox.sandbox import Sandbox
from tests.handler.installation import CONFIG, Installed, install
from tests.handler.trials import REQUESTS_AT_ONCE, Disturbance, FinalState, Trial, problems, redrive, run_requests

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


@pytest.fixture(scope="module")
def installed(running_sandbox: Sandbox) -> Iterator[Installed]:
    """A handler whose settings have a rule on principals, so that requests look up their callers.

    It serves all tests, each of whose requests has an account of its own.
    """
    running_sandbox.reset()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        config = Path(folder) / "config"
        shutil.copytree(CONFIG, config)
        prod = config / "ous" / "workloads" / "prod.yaml"
        rules = '  principals:\n    allow: ["arn:aws:iam::*:role/ci/*"]\n  limit:'
        prod.write_text(prod.read_text().replace("  limit:", rules, 1))
        patch.setattr(pool, "MAX_ENVIRONMENTS", 2 * REQUESTS_AT_ONCE)
        yield install(running_sandbox, config=config)
    check(running_sandbox)


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


ERRORS: dict[str, tuple[Effect, int]] = {
    "throttled": (Throttle(), 3),
    "an error of the service": (Error(code="InternalFailure", status=500), 3),
    "the connection breaks": (Drop(), 3),
    "stale credentials": (Error(code="ExpiredToken"), 1),
}
KILLED, REFUSED = "killed", "refused"


@dataclass(frozen=True, slots=True)
class Handled:
    """Requests that were disturbed in the same way, each at another call, and how they ended."""

    trials: Sequence[Trial]
    final_state: FinalState

    def assert_finished(self) -> None:
        assert problems(self.final_state, self.trials, ends="created") == []
        assert not [trial for trial in self.trials if self.final_state.messages.get(trial.event_id)]


@pytest.fixture(scope="module")
def handled(installed: Installed) -> dict[str, Handled]:
    """All at once: while some requests wait for a retry, others are answered."""
    kinds = {name: everywhere(effect, [Moment.BEFORE], times=times) for name, (effect, times) in ERRORS.items()}
    kinds[KILLED] = everywhere(Crash(), Moment)
    denied, calls = (
        Error(code="AccessDeniedException"),
        ("AssumeRole", "GetRole", "CreateRepository", "PutLifecyclePolicy"),
    )
    kinds[REFUSED] = [[Disturbance(effect=denied, operation=name, times=None)] for name in calls]
    tried = {name: trials(installed, groups) for name, groups in kinds.items()}
    final_state = run_requests(installed, [trial for group in tried.values() for trial in group])
    return {name: Handled(group, final_state) for name, group in tried.items()}


def test_a_request_that_is_killed_anywhere_is_finished_or_safe_to_repeat(handled: dict[str, Handled]) -> None:
    handled[KILLED].assert_finished()


@pytest.mark.parametrize("name", ERRORS)
def test_a_request_that_meets_an_error_anywhere_is_finished(handled: dict[str, Handled], name: str) -> None:
    handled[name].assert_finished()


def test_invariants_2_and_5_a_permanent_refusal_by_aws_is_recorded_once_and_a_redrive_finishes_the_work(
    installed: Installed, handled: dict[str, Handled]
) -> None:
    tried, final_state = handled[REFUSED].trials, handled[REFUSED].final_state
    assert problems(final_state, tried, ends="failed") == []
    assert [len(final_state.messages[trial.event_id]) for trial in tried] == [1] * len(tried)
    assert redrive(installed, final_state, tried, ends="created") == []

"""All invariants hold after the process is killed before or after any AWS call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from aws_org_sandbox.faults import Crash, Moment
from aws_org_sandbox.pytest_plugin import check
from aws_org_sandbox.sandbox import Sandbox
from tests.handler.installation import install
from tests.handler.paths import PATHS, CallNumber, PathRecorder
from tests.handler.trials import Disturbance, FinalState, after_redrive, prepare, problems, run

TOGETHER = {sentence: path for sentence, path in PATHS.items() if not path.is_warm}


@dataclass(frozen=True, slots=True)
class Handled:
    """The remaining problems on each path after all kills, and after what failed was redriven."""

    problems: Mapping[str, Sequence[str]]
    problems_after_redrive: Mapping[str, Sequence[str]]


def crashes(calls: list[CallNumber]) -> list[Disturbance]:
    return [
        Disturbance(effect=Crash(), operation=operation, nth=nth, moment=moment)
        for operation, nth in calls
        for moment in Moment
    ]


@pytest.fixture(scope="module")
def shared_recorder(running_sandbox: Sandbox) -> Iterator[PathRecorder]:
    """One handler for all tests: each event has an account of its own."""
    running_sandbox.reset()
    with pytest.MonkeyPatch.context() as patch:
        yield PathRecorder.prepare(install(running_sandbox), patch)
    check(running_sandbox)


@pytest.fixture(scope="module")
def handled(shared_recorder: PathRecorder) -> Handled:
    """The trials of all paths together: fewer processes start, and the retries of all are awaited at once."""
    disturbances = {name: crashes(shared_recorder.calls(path)) for name, path in TOGETHER.items()}
    trials = {
        name: shared_recorder.trials(path, ([crash] for crash in disturbances[name])) for name, path in TOGETHER.items()
    }
    every = [trial for group in trials.values() for trial in group]
    before = run(shared_recorder.installed, every)
    found = {name: problems(before, trials[name], ends=path.ends) for name, path in TOGETHER.items()}
    after = after_redrive(shared_recorder.installed, before, every)
    redriven = {
        name: [trial for trial in group if before.messages.get(trial.event_id)] for name, group in trials.items()
    }
    return Handled(
        found,
        {name: problems(after, redriven[name], ends=path.ends_after_repair) for name, path in TOGETHER.items()},
    )


def test_invariants_1_2_3_4_5_6_hold_wherever_a_warm_process_is_killed(shared_recorder: PathRecorder) -> None:
    """Sequentially, so that the process that has just served the account receives the next event."""
    path, installed = PATHS["a warm process"], shared_recorder.installed
    found = []
    for crash in crashes(shared_recorder.calls(path)):
        (trial,) = shared_recorder.trials(path, [[crash]])
        prepare(installed, [trial])
        installed.send(trial.event)
        final_state = FinalState.of(installed)
        first = [call.operation for call in final_state.calls[:2]]
        assert first == ["UpdateItem", "CreateRepository"][: len(first)] or crash.operation == "UpdateItem", first
        found += problems(final_state, [trial], ends="created")
    assert found == []


@pytest.mark.parametrize("name", TOGETHER)
def test_invariants_1_2_3_4_5_6_hold_wherever_the_process_is_killed(handled: Handled, name: str) -> None:
    assert handled.problems[name] == []
    assert handled.problems_after_redrive[name] == []

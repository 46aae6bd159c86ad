"""All invariants hold after the process is killed before or after any AWS call."""

from __future__ import annotations

import pytest

from aws_org_sandbox.faults import Crash, Moment
from tests.handler.installation import install_once
from tests.handler.paths import PATHS, CallNumber, Path, PathRecorder
from tests.handler.trials import Disturbance, FinalState, prepare, problems, redrive, run

pytestmark = [pytest.mark.begins_with(prepare=install_once), pytest.mark.usefixtures("many_processes")]

TOGETHER = {sentence: path for sentence, path in PATHS.items() if not path.is_warm}


def crashes(calls: list[CallNumber]) -> list[Disturbance]:
    return [
        Disturbance(effect=Crash(), operation=operation, nth=nth, moment=moment)
        for operation, nth in calls
        for moment in Moment
    ]


@pytest.mark.parametrize("path", TOGETHER.values(), ids=TOGETHER)
def test_invariants_1_2_3_4_5_6_hold_wherever_the_process_is_killed(path_recorder: PathRecorder, path: Path) -> None:
    disturbances = crashes(path_recorder.calls(path))
    trials = path_recorder.trials(path, ([crash] for crash in disturbances))
    final_state = run(path_recorder.installed, trials)
    assert problems(final_state, trials, ends=path.ends) == []

    assert redrive(path_recorder.installed, final_state, trials, ends=path.ends_after_repair) == []


def test_invariants_1_2_3_4_5_6_hold_wherever_a_warm_process_is_killed(path_recorder: PathRecorder) -> None:
    """Sequentially, because each kill makes the next event a cold start."""
    path, installed = PATHS["a warm process"], path_recorder.installed
    found = []
    for crash in crashes(path_recorder.calls(path)):
        (trial,) = path_recorder.trials(path, [[crash]])
        prepare(installed, [trial])
        installed.send(trial.event)
        final_state = FinalState.of(installed)
        first = [call.operation for call in final_state.calls[:2]]
        assert first == ["UpdateItem", "CreateRepository"][: len(first)] or crash.operation == "UpdateItem", first
        found += problems(final_state, [trial], ends="created")
    assert found == []

"""All invariants hold after the process is killed before or after any AWS call."""

from __future__ import annotations

import pytest

from aws_org_sandbox.faults import Crash, Moment
from tests.handler.installation import install_once
from tests.handler.paths import PATHS, CallNumber, Path, Scouting
from tests.handler.trials import Aftermath, Disturbance, prepare, problems, redrive, run

pytestmark = [pytest.mark.begins_with(prepare=install_once), pytest.mark.usefixtures("many_processes")]

TOGETHER = {sentence: path for sentence, path in PATHS.items() if not path.is_warm}


def crashes(calls: list[CallNumber]) -> list[Disturbance]:
    return [
        Disturbance(effect=Crash(), operation=operation, nth=nth, moment=moment)
        for operation, nth in calls
        for moment in Moment
    ]


@pytest.mark.parametrize("path", TOGETHER.values(), ids=TOGETHER)
def test_invariants_1_2_3_4_5_6_hold_wherever_the_process_is_killed(scouting: Scouting, path: Path) -> None:
    disturbances = crashes(scouting.calls(path))
    trials = scouting.trials(path, ([crash] for crash in disturbances))
    aftermath = run(scouting.installed, trials)
    assert problems(aftermath, trials, ends=path.ends) == []

    assert redrive(scouting.installed, aftermath, trials, ends=path.ends_after_repair) == []


def test_invariants_1_2_3_4_5_6_hold_wherever_a_warm_process_is_killed(scouting: Scouting) -> None:
    """Sequentially, because each kill makes the next event a cold start."""
    path, installed = PATHS["a warm process"], scouting.installed
    found = []
    for crash in crashes(scouting.calls(path)):
        (trial,) = scouting.trials(path, [[crash]])
        prepare(installed, [trial])
        installed.send(trial.event)
        aftermath = Aftermath.of(installed)
        first = [call.operation for call in aftermath.calls[:2]]
        assert first == ["UpdateItem", "CreateRepository"][: len(first)] or crash.operation == "UpdateItem", first
        found += problems(aftermath, [trial], ends="created")
    assert found == []

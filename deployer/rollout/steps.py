"""Steps that run one after the other until one fails, each reported when it begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from deployer.errors import DeployerError
from deployer.rollout.progress import Report, StepEnded, StepStarted


class Step(NamedTuple):
    """A part of a larger job; `run` returns how many instances failed, if it knows any."""

    name: str
    run: Callable[[], int | None]


class StepsResult(NamedTuple):
    """Progress of a job; `error` is what stopped it, `failed` counts failed instances although it continued."""

    done: tuple[str, ...]
    not_run: tuple[str, ...]
    error: DeployerError | None
    failed: int


def run_steps(steps: Iterable[Step], report: Report) -> StepsResult:
    """Run steps in order; a DeployerError stops the rest, any other exception propagates."""
    waiting = list(steps)
    done: list[str] = []
    failed = 0
    while waiting:
        step = waiting.pop(0)
        report(StepStarted(step=step.name))
        try:
            failed_here = step.run() or 0
        except DeployerError as error:
            report(StepEnded(step=step.name, error=error.message))
            return StepsResult(tuple(done), tuple(one.name for one in waiting), error, failed)
        report(StepEnded(step=step.name, failed=failed_here))
        failed += failed_here
        done.append(step.name)
    return StepsResult(tuple(done), (), None, failed)

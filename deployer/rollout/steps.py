"""Steps that are done one after the other until one fails, each told when it begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from deployer.errors import DeployerError
from deployer.rollout.progress import Report, StepEnded, StepStarted


class Step(NamedTuple):
    """A part of a larger job that has something to do."""

    name: str
    run: Callable[[], None]


class StepsTaken(NamedTuple):
    """How far a job came; `error` is what stopped it."""

    done: tuple[str, ...]
    not_run: tuple[str, ...]
    error: DeployerError | None


def take_steps(steps: Iterable[Step], report: Report) -> StepsTaken:
    """Run steps in order; an error that users can be told stops the rest, any other passes on."""
    waiting = list(steps)
    done: list[str] = []
    while waiting:
        step = waiting.pop(0)
        report(StepStarted(step=step.name))
        try:
            step.run()
        except DeployerError as error:
            report(StepEnded(step=step.name, error=error.message))
            return StepsTaken(tuple(done), tuple(one.name for one in waiting), error)
        report(StepEnded(step=step.name))
        done.append(step.name)
    return StepsTaken(tuple(done), (), None)

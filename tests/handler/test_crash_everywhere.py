"""The process is killed before and after every AWS call in turn, and whatever came of it, all invariants hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from deployer.sandbox.faults import Crash, Error, Moment
from tests.handler.installation import Installed, push
from tests.handler.trials import BYSTANDER, Aftermath, Disturbance, Trial, prepare, problems, redrive, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A way that the handling of an event may go; every call from the nth CreateRepository or look-up on is hit."""

    lead: tuple[Disturbance, ...] = ()
    """What sends it that way."""
    repository: str = "team-a/api"
    ago: timedelta = timedelta()
    only: frozenset[str] | None = None
    """The operations that no other path has."""
    ends: str = "created"
    calls: int
    """How many there are at least, or the path has shrunk."""


PATHS = {
    "a cold start": Path(calls=8),
    "a retry after the process died with the repository made": Path(
        lead=(Disturbance(effect=Crash(), operation="CreateRepository", moment=Moment.AFTER),), calls=11
    ),
    "a name that somebody else has": Path(
        repository=BYSTANDER,
        only=frozenset({"CreateRepository", "ListTagsForResource", "UpdateItem", "ExecuteStatement"}),
        ends="exists",
        calls=5,
    ),
    "an event that comes late": Path(ago=timedelta(hours=1), only=frozenset({"GetItem"}), calls=1),
    "a creation that AWS refuses": Path(
        lead=(Disturbance(effect=Error(code="KmsException"), operation="CreateRepository", times=None),),
        only=frozenset({"ExecuteStatement", "PutEvents", "SendMessage"}),
        ends="failed",
        calls=3,
    ),
}


def every_call(installed: Installed, path: Path) -> Iterator[tuple[str, int]]:
    """Operation of each call of a path, and the how manieth of its kind it is."""
    (account,) = installed.new_accounts(1)
    scout = Trial(account=account, disturbances=path.lead, repository=path.repository, ago=path.ago)
    aftermath = run(installed, [scout])
    assert problems(aftermath, [scout], ends=path.ends) == []
    installed.sandbox.faults.clear()
    counts: Counter[str] = Counter()
    is_on_path = not path.lead
    for call in filter(scout.concerns, aftermath.calls):
        counts[call.operation] += 1
        if is_on_path and (path.only is None or call.operation in path.only):
            yield call.operation, counts[call.operation]
        is_on_path = is_on_path or call.error_code is not None


def crashes(calls: Sequence[tuple[str, int]]) -> list[Disturbance]:
    return [
        Disturbance(effect=Crash(), operation=operation, nth=nth, moment=moment)
        for operation, nth in calls
        for moment in Moment
    ]


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_invariants_1_2_3_4_5_6_hold_wherever_the_process_is_killed(installed: Installed, path: Path) -> None:
    calls = list(every_call(installed, path))
    assert len(calls) >= path.calls, calls
    disturbances = crashes(calls)
    accounts = installed.new_accounts(len(disturbances))
    trials = [
        Trial(account=account, disturbances=(*path.lead, crash), repository=path.repository, ago=path.ago)
        for account, crash in zip(accounts, disturbances, strict=True)
    ]
    aftermath = run(installed, trials)
    assert problems(aftermath, trials, ends=path.ends) == []

    assert redrive(installed, aftermath, trials, ends="created") == []


def test_invariants_1_2_3_4_5_6_hold_wherever_a_warm_process_is_killed(installed: Installed) -> None:
    warm = [("UpdateItem", 1), ("CreateRepository", 1), ("PutLifecyclePolicy", 1), ("SetRepositoryPolicy", 1)]
    disturbances = crashes([*warm, ("ExecuteStatement", 1)])
    found = []
    for account, crash in zip(installed.new_accounts(len(disturbances)), disturbances, strict=True):
        installed.send(push("team-a/warm-up", event_id=f"warm-up-of-{account}", account=account))
        installed.sandbox.calls.clear()
        trial = Trial(account=account, disturbances=(crash,))
        prepare(installed, [trial])
        installed.send(trial.event)
        aftermath = Aftermath.of(installed)
        first = [call.operation for call in aftermath.calls[:2]]
        assert first == ["UpdateItem", "CreateRepository"][: len(first)] or crash.operation == "UpdateItem", first
        found += [*problems(aftermath, [trial], ends="created")]
    assert found == []

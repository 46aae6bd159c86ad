"""The paths of handling an event, and the AWS calls of each, recorded by an undisturbed run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from aws_org_sandbox.faults import Crash, Error, Moment
from aws_org_sandbox.organizations import reads
from tests.handler.installation import Installed, push
from tests.handler.trials import BYSTANDER, Disturbance, Trial, problems, run

CallNumber = tuple[str, int]
"""An operation, and the how manieth of its kind a call is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path of handling an event."""

    lead: tuple[Disturbance, ...] = ()
    """What causes this path; the calls after it belong to the path."""
    repository: str = "team-a/api"
    ago: timedelta = timedelta()
    only: frozenset[str] | None = None
    """The operations that no other path has, or has in the same place."""
    ends: str = "created"
    calls: int
    """The minimum number of calls."""
    is_warm: bool = False
    """Whether the process has served the account before."""
    is_observed: bool = False
    """Whether it is the event of a repository that the handler created and did not record, which is tried twice."""
    is_native: bool = False
    """Whether it is the event of a repository that ECR created by a creation template."""
    has_ou_path: bool = True
    """Whether DescribeAccount returns the account's OUs."""

    @property
    def ends_after_repair(self) -> str:
        """How it ends when AWS accepts every creation."""
        return "created" if self.ends == "failed" else self.ends


PATHS = {
    "a cold start": Path(calls=8),
    "a warm process": Path(is_warm=True, calls=6),
    "an account whose OUs must be looked up level by level": Path(
        has_ou_path=False, only=frozenset({"ListParents"}), calls=1
    ),
    "a retry after the process died once the repository was created": Path(
        lead=(Disturbance(effect=Crash(), operation="CreateRepository", moment=Moment.AFTER),), calls=11
    ),
    "a repository of somebody else": Path(
        repository=BYSTANDER,
        only=frozenset({"CreateRepository", "ListTagsForResource", "UpdateItem", "ExecuteStatement"}),
        ends="exists",
        calls=5,
    ),
    "a late event": Path(ago=timedelta(hours=1), only=frozenset({"GetItem"}), calls=2),
    "a creation that AWS refuses": Path(
        lead=(Disturbance(effect=Error(code="KmsException"), operation="CreateRepository", times=None),),
        only=frozenset({"ExecuteStatement", "PutEvents", "SendMessage"}),
        ends="failed",
        calls=3,
    ),
    "a repository that was created without a record": Path(
        is_observed=True, only=frozenset({"Query"}), ends="observed", calls=2
    ),
    "a repository that ECR created by a template": Path(
        is_native=True, only=frozenset({"TagResource", "PutImageScanningConfiguration"}), calls=2
    ),
}


def hide_ou_paths(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Have Organizations leave out `Paths`, as it used to, of the accounts that are put into the set."""
    accounts: set[str] = set()
    whole = reads.describe

    def describe(fake: Any, organization: Any) -> dict[str, Any]:
        described = whole(fake, organization)
        return {key: value for key, value in described.items() if key != "Paths" or fake.id not in accounts}

    monkeypatch.setattr(reads, "describe", describe)
    return accounts


@dataclass(frozen=True, slots=True)
class PathRecorder:
    """Sends events on each path."""

    installed: Installed
    climbed: set[str]
    """Accounts whose OUs have to be climbed."""

    @classmethod
    def prepare(cls, installed: Installed, monkeypatch: pytest.MonkeyPatch) -> PathRecorder:
        return cls(installed, hide_ou_paths(monkeypatch))

    def calls(self, path: Path) -> list[CallNumber]:
        """Every call of a path, in order."""
        (undisturbed,) = self.trials(path, [()])
        final_state = run(self.installed, [undisturbed])
        assert problems(final_state, [undisturbed], ends=path.ends) == []
        self.installed.sandbox.faults.clear()
        found: list[CallNumber] = []
        counts: Counter[str] = Counter()
        is_on_path = not path.lead
        for call in filter(undisturbed.concerns, final_state.calls):
            counts[call.operation] += 1
            if is_on_path and (path.only is None or call.operation in path.only):
                found.append((call.operation, counts[call.operation]))
            is_on_path = is_on_path or call.error_code is not None
        assert len(found) >= path.calls, found
        return found

    def trials(self, path: Path, disturbances: Iterable[Sequence[Disturbance]]) -> list[Trial]:
        """A trial on the path for each group of disturbances, each in an account of its own."""
        groups = list(disturbances)
        accounts = self.installed.new_accounts(len(groups))
        if not path.has_ou_path:
            self.climbed.update(accounts)
        if path.is_warm:
            self.installed.send(*(push("team-a/warm-up", event_id=f"warm-{one}", account=one) for one in accounts))
            self.installed.sandbox.calls.clear()
        return [
            Trial(
                account=account,
                disturbances=(*path.lead, *group),
                repository=path.repository,
                ago=path.ago,
                is_observed=path.is_observed,
                is_native=path.is_native,
            )
            for account, group in zip(accounts, groups, strict=True)
        ]

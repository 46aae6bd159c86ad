"""Creates a repository with all of its settings. An attempt may stop after any step; the next attempt continues.

A tag that CreateRepository sets records which event created the repository, so nothing needs to be written before that
call. If an attempt stops after it, the next attempt finds the name taken and its own event id in the tag, and puts the
missing policies. The caller writes the `created` record last: if it exists, all work is done.

A replay of an archive or a redrive can deliver an event again long after its work was done, when its repository may
have been deleted on purpose. So for a late event the ledger is read first: has this event created the repository, or
has another layer of the same push? For a recent event that read would only delay CreateRepository.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from handler import reasons
from handler.concurrency import run_in_parallel
from handler.decision import PER_HOUR, Create
from handler.errors import PermanentError
from handler.events import FailedCall
from handler.ledger import Slot
from handler.log import Steps
from handler.ports import Ledger, Repositories, Repository
from handler.reasons import Outcome
from handler.requested import compact, requested_settings
from handler.rules import Rule
from handler.settings import Engine, RepositorySettings

PAUSES = (0.5, 1.5)
"""Seconds to wait before a denied policy is put again: IAM may not see the new repository's tag yet (A12)."""

LATE = timedelta(minutes=15)
"""CloudTrail delivers within this time (assumption A11); an older event came from a queue, a retry or an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The result of handling an event."""

    outcome: Outcome
    reason: str
    detail: str = ""
    rules: tuple[Rule, ...] = ()
    repository: Repository | None = None
    settings: str = ""
    """The requested settings as JSON, if a repository was created."""
    engine: Engine | None = None
    """`native` if ECR created the repository by a creation template."""


class UnfinishedError(PermanentError):
    """The repository exists but lacks a setting that AWS refused."""

    def __init__(self, refusals: Sequence[PermanentError], *, repository: Repository) -> None:
        details = "; ".join(refusal.detail for refusal in refusals)
        super().__init__(refusals[0].reason, f"The repository was created, but lacks a setting: {details}")
        self.repository = repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """The inputs for creating one repository; `document` returns the text of a policy file."""

    call: FailedCall
    decision: Create
    tags: Mapping[str, str]
    document: Callable[[str], str]
    ledger: Ledger
    steps: Steps
    sleep: Callable[[float], None]
    hand_over: Callable[[], None] | None = None
    """Called before the first change, if this run answers a request (`handler.serving`)."""

    def run(self, registry: Callable[[], Repositories], *, received_at: datetime) -> Conclusion:
        """Create or complete the repository. PermanentError names what is missing; any other error is retried."""
        if self._is_late(received_at) and (self._has("created") or self._has("exists")):
            return Conclusion(outcome="ignored", reason=reasons.DUPLICATE_EVENT)
        if self.hand_over:
            if self._exists(registry):
                return Conclusion(outcome="exists", reason=reasons.ALREADY_EXISTS, rules=self.decision.rules)
            self.hand_over()
        if not self._has_slot():
            rule = Rule(PER_HOUR, str(self.decision.per_hour))
            detail = Slot.of(self.call).limit_text(self.decision.per_hour or 0)
            return Conclusion(outcome="refused", reason=reasons.LIMIT_REACHED, detail=detail, rules=(rule,))
        with self.steps("role"):
            repositories = registry()
        with self.steps("create"):
            repository = repositories.create(self.call.repository, settings=self.decision.repository, tags=self.tags)
        if repository is None:
            return self._handle_existing(repositories)
        return self._finish(repositories, repository, reason=reasons.CREATED)

    def _is_late(self, received_at: datetime) -> bool:
        """Whether the event may have been handled before; so may one that a request handed over."""
        if self.hand_over:
            return False
        return self.call.via is not None or received_at - self.call.event_time > LATE

    def _exists(self, registry: Callable[[], Repositories]) -> bool:
        """Whether a requested repository exists, as most do: it takes no slot of the limit, and nothing changes."""
        with self.steps("role"):
            repositories = registry()
        with self.steps("look"):
            return repositories.exists(self.call.repository)

    def _handle_existing(self, repositories: Repositories) -> Conclusion:
        """Handle a name that is taken: by a parallel event, another creator, or an earlier attempt at this event."""
        with self.steps("look"):
            creator = repositories.creator(self.call.repository)
        if creator != self.call.event_id:
            if creator is None and self.decision.per_hour is not None:
                self.ledger.release(Slot.of(self.call))
            return Conclusion(outcome="exists", reason=reasons.ALREADY_EXISTS, rules=self.decision.rules)
        if self._has("created"):
            return Conclusion(outcome="ignored", reason=reasons.DUPLICATE_EVENT)
        with self.steps("look"):
            repository = repositories.describe(self.call.repository)
        return self._finish(repositories, repository, reason=reasons.FINISHED)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that allow the repository."""
        return self.decision.rules

    @property
    def requested(self) -> str:
        """The requested settings, in the form that the ledger records."""
        return compact(
            requested_settings(
                self.decision.repository,
                tags=self.tags,
                document=self.document,
                account=self.call.account,
                region=self.call.region,
            )
        )

    def _finish(self, repositories: Repositories, repository: Repository, *, reason: str) -> Conclusion:
        with self.steps("policies"):
            put_all(self._policy_calls(repositories, self.decision.repository), repository=repository, sleep=self.sleep)
        return Conclusion(
            outcome="created", reason=reason, rules=self.decision.rules, repository=repository, settings=self.requested
        )

    def _policy_calls(self, repositories: Repositories, settings: RepositorySettings) -> list[Callable[[], None]]:
        name = self.call.repository
        puts: list[Callable[[], None]] = []
        if settings.lifecycle_policy:
            text = self.document(settings.lifecycle_policy)
            puts.append(partial(repositories.put_lifecycle_policy, name, text))
        if settings.repository_policy:
            text = self.document(settings.repository_policy)
            puts.append(partial(repositories.set_repository_policy, name, text))
        return puts

    def _has_slot(self) -> bool:
        if self.decision.per_hour is None:
            return True
        with self.steps("limit"):
            return self.ledger.reserve(Slot.of(self.call), limit=self.decision.per_hour)

    def _has(self, outcome: Outcome) -> bool:
        """Whether the event already has this outcome; raises PermanentError if it has it for another repository."""
        with self.steps("ledger"):
            return self.ledger.has(outcome, self.call)


def put_all(puts: Sequence[Callable[[], None]], *, repository: Repository, sleep: Callable[[float], None]) -> None:
    """Put settings on a new repository, with two more attempts if AWS denies access.

    Raises a transient error if there is one, else UnfinishedError.
    """
    errors = run_in_parallel(puts)
    for seconds in PAUSES:
        if not any(isinstance(error, PermanentError) and error.reason == reasons.ACCESS_DENIED for error in errors):
            break
        sleep(seconds)
        errors = run_in_parallel(puts)
    if errors:
        raise _error_to_raise(errors, repository)


def _error_to_raise(errors: Sequence[BaseException], repository: Repository) -> BaseException:
    """A transient error takes precedence over permanent ones: the retry puts both policies again."""
    refusals = [error for error in errors if isinstance(error, PermanentError)]
    if len(refusals) == len(errors):
        return UnfinishedError(refusals, repository=repository)
    return next(error for error in errors if not isinstance(error, PermanentError))

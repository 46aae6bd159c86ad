"""From the decision to create to a repository with all of its settings, so that any step may be the last of an attempt.

Whose repository it is stands on the repository itself, in a tag that CreateRepository sets, so nothing is written
before it and an attempt that died after it is continued by the next: the name is taken, the tag is this event's, so
what is missing is put. The `created` record is written last, by the caller; where it is there, all is done.

Two things make an event come again long after its work was done: an archive's replay, and a redrive. Its repository may
have been deleted meanwhile, on purpose. So a late event asks the ledger first, whether it was this very event that made
the repository or another layer of the same push; for a fresh one the ledger would be the one call too many before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from handler import reasons
from handler.asked import asked_for, compact
from handler.concurrency import side_by_side
from handler.decision import PER_HOUR, Create
from handler.errors import PermanentError
from handler.events import FailedCall
from handler.ledger import Slot
from handler.log import Steps
from handler.ports import Ledger, Repositories, Repository
from handler.reasons import Outcome
from handler.rules import Rule
from handler.settings import RepositorySettings

PAUSES = (0.5, 1.5)
"""Seconds before a policy that AWS denied is put again: IAM may not know the new repository's tag yet (A12)."""

LATE = timedelta(minutes=15)
"""CloudTrail delivers within this time (assumption A11); an older event came from a queue, a retry or an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How an event ended."""

    outcome: Outcome
    reason: str
    detail: str = ""
    rules: tuple[Rule, ...] = ()
    repository: Repository | None = None
    settings: str = ""
    """What was asked for, where a repository was made."""


class UnfinishedError(PermanentError):
    """The repository is there, and lacks what AWS refused to put."""

    def __init__(self, refusals: Sequence[PermanentError], *, repository: Repository) -> None:
        details = "; ".join(refusal.detail for refusal in refusals)
        super().__init__(refusals[0].reason, f"The repository was created, but lacks a policy: {details}")
        self.repository = repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """All that creating one repository takes; `document` gives the text of a policy file."""

    call: FailedCall
    decision: Create
    tags: Mapping[str, str]
    document: Callable[[str], str]
    ledger: Ledger
    steps: Steps
    sleep: Callable[[float], None]

    def run(self, registry: Callable[[], Repositories], *, received_at: datetime) -> Conclusion:
        """Create the repository or finish it. PermanentError says what is missing; anything else is to be retried."""
        is_late = self.call.via is not None or received_at - self.call.event_time > LATE
        if is_late and (self._has("created") or self._has("exists")):
            return Conclusion(outcome="ignored", reason=reasons.DUPLICATE_EVENT)
        if not self._has_slot():
            rule = Rule(PER_HOUR, str(self.decision.per_hour))
            return Conclusion(outcome="refused", reason=reasons.LIMIT_REACHED, rules=(rule,))
        with self.steps("role"):
            repositories = registry()
        with self.steps("create"):
            repository = repositories.create(self.call.repository, settings=self.decision.repository, tags=self.tags)
        if repository is None:
            return self._found(repositories)
        return self._finish(repositories, repository, reason=reasons.CREATED)

    def _found(self, repositories: Repositories) -> Conclusion:
        """The name is taken: by a parallel event or by somebody else, or by an attempt at this very event."""
        with self.steps("look"):
            creator = repositories.creator(self.call.repository)
        if creator != self.call.event_id:
            if creator is None and self.decision.per_hour is not None:
                self.ledger.give_back(Slot.of(self.call))
            return Conclusion(outcome="exists", reason=reasons.ALREADY_EXISTS, rules=self.decision.rules)
        if self._has("created"):
            return Conclusion(outcome="ignored", reason=reasons.DUPLICATE_EVENT)
        with self.steps("look"):
            repository = repositories.describe(self.call.repository)
        return self._finish(repositories, repository, reason=reasons.FINISHED)

    @property
    def asked(self) -> str:
        """What the repository is to be like, as its record keeps it."""
        return compact(
            asked_for(
                self.decision.repository,
                tags=self.tags,
                document=self.document,
                account=self.call.account,
                region=self.call.region,
            )
        )

    def _finish(self, repositories: Repositories, repository: Repository, *, reason: str) -> Conclusion:
        with self.steps("policies"):
            errors = self._put(self._puts(repositories, self.decision.repository))
        if errors:
            raise _worst(errors, repository)
        return Conclusion(
            outcome="created", reason=reason, rules=self.decision.rules, repository=repository, settings=self.asked
        )

    def _put(self, puts: Sequence[Callable[[], None]]) -> list[BaseException]:
        """Put the policies, twice more if AWS denies it; gives the errors that are left."""
        errors = side_by_side(puts)
        for seconds in PAUSES:
            if not any(isinstance(error, PermanentError) and error.reason == reasons.ACCESS_DENIED for error in errors):
                break
            self.sleep(seconds)
            errors = side_by_side(puts)
        return errors

    def _puts(self, repositories: Repositories, settings: RepositorySettings) -> list[Callable[[], None]]:
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
        """Whether the event has come to this before; raises PermanentError if it did for another repository."""
        with self.steps("ledger"):
            return self.ledger.has(outcome, self.call)


def _worst(errors: Sequence[BaseException], repository: Repository) -> BaseException:
    """An error that a retry may mend before any that it cannot: the retry puts both policies again."""
    refusals = [error for error in errors if isinstance(error, PermanentError)]
    if len(refusals) == len(errors):
        return UnfinishedError(refusals, repository=repository)
    return next(error for error in errors if not isinstance(error, PermanentError))

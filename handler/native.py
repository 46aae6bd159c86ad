"""Completes a repository that ECR created during a push, by a creation template of this installation.

The event of its creation asks for it. No template can hold a tag that depends on the push, or scan on push, so these
are put now; the ownership tag with the id of the event comes first, since the creator role may change nothing without.
The rules of its OU are applied to it, too: one that they would have refused is recorded as a violation. It is never
deleted.

The template and the policies of its role are not read: what they gave is what the roll-out configured (assumption
A29). An attempt may stop after any step; the next one finds the event's id in the tag, and continues. The record is
written last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from handler import reasons
from handler.creation import LATE, Conclusion, put_all
from handler.decision import PER_HOUR, Refused, permitting_rules, refused_repository
from handler.ledger import Slot
from handler.log import Steps
from handler.observed_calls import ObservedCall
from handler.ports import Ledger, Repositories, Repository
from handler.requested import compact, requested_settings
from handler.rules import Rule
from handler.settings import Settings

SAME = timedelta(minutes=1)
"""The maximum between the event of a creation, in whole seconds, and `createdAt` of its repository (assumption A26)."""

ROUNDING = timedelta(seconds=1)
"""Below it, `createdAt` in the event is that of the repository, without its fraction of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeCreation:
    """The inputs for completing one repository; `document` returns the text of a policy file."""

    call: ObservedCall
    settings: Settings
    tags: Mapping[str, str]
    document: Callable[[str], str]
    ledger: Ledger
    steps: Steps
    sleep: Callable[[float], None]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that allow the repository."""
        return permitting_rules(self.call.repository, self.settings)

    @property
    def requested(self) -> str:
        """The requested settings, in the form that the ledger records."""
        return compact(
            requested_settings(
                self.settings.repository_for(self.call.repository),
                tags=self.tags,
                document=self.document,
                account=self.call.account,
                region=self.call.region,
            )
        )

    def run(self, registry: Callable[[], Repositories], *, received_at: datetime) -> Conclusion:
        """Complete the repository. PermanentError names what is missing; any other error is retried."""
        is_late = self.call.via is not None or received_at - self.call.event_time > LATE
        if is_late and self._is_recorded():
            return Conclusion(outcome="ignored", reason=reasons.DUPLICATE_EVENT)
        with self.steps("role"):
            repositories = registry()
        with self.steps("look"):
            found = repositories.find(self.call.repository)
            creator = repositories.creator(self.call.repository) if found and self._is_same(found) else ""
        if creator is not None and self._is_recorded():
            return Conclusion(outcome="ignored", reason=reasons.DUPLICATE_EVENT)
        if found is None or creator not in (None, self.call.event_id):
            return self._conclusion(None, detail="The repository was deleted before its settings were completed.")
        self._complete(repositories, found)
        return self._conclusion(found)

    def _is_same(self, found: Repository) -> bool:
        """Whether it is the repository of the event; one that was created again since, if only seconds, is not.

        A time of creation far from that of the event is not credible, such as one in another time zone.
        """
        written = self.call.created_at
        if written is not None and abs(written - self.call.event_time) <= SAME:
            return abs(found.created_at - written) < ROUNDING
        return abs(found.created_at - self.call.event_time) <= SAME

    def _is_recorded(self) -> bool:
        with self.steps("ledger"):
            return self.ledger.has("created", self.call) or self.ledger.has("violation", self.call)

    def _complete(self, repositories: Repositories, found: Repository) -> None:
        """The tags first: IAM allows the other call by the ownership tag (assumption A12)."""
        name = self.call.repository
        with self.steps("tags"):
            put_all([partial(repositories.tag, name, self.tags)], repository=found, sleep=self.sleep)
        if self.settings.repository_for(name).scan_on_push:
            with self.steps("scanning"):
                put_all([partial(repositories.scan_on_push, name)], repository=found, sleep=self.sleep)

    def _conclusion(self, repository: Repository | None, *, detail: str = "") -> Conclusion:
        refused = refused_repository(self.call, self.settings) or self._over_limit()
        return Conclusion(
            outcome="violation" if refused else "created",
            reason=refused.reason if refused else reasons.CREATED_BY_TEMPLATE,
            detail=detail,
            rules=(refused.rule,) if refused else self.rules,
            repository=repository,
            settings=self.requested,
            engine="native",
        )

    def _over_limit(self) -> Refused | None:
        """Count the repository in its account's hour, as those that the handler creates."""
        limit = self.settings.create.limit.per_hour
        if limit is None:
            return None
        with self.steps("limit"):
            if self.ledger.reserve(Slot.of(self.call), limit=limit):
                return None
        return Refused(reason=reasons.LIMIT_REACHED, rule=Rule(PER_HOUR, str(limit)))

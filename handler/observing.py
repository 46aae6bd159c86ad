"""Observes the creation or deletion of a repository, whoever or whatever did it: its conclusion and record.

The handler makes no call in the account for it: one look-up of the OU, which is cached, and one record. Nothing that it
keeps for decisions, such as limits and counters of refusals, knows of it; so however many of these events there are,
they change no decision.

The handler's own creations have their `created` record. They are found by the event's id in the tag that the request
set, and have no record here. If there is no `created` record yet, as after a crash, the event is retried first: the
attempt that completes the repository may come a minute later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from handler import reasons
from handler.creation import Conclusion
from handler.creators import how_of
from handler.decision import contradiction
from handler.errors import PermanentError
from handler.observed_calls import ObservedCall
from handler.ports import Ledger, Membership, Organization
from handler.recording import Attempt, record_of
from handler.records import Record
from handler.settings_file import SettingsFile
from handler.tags import creator_of

FINAL_ATTEMPT = 2
"""The second attempt at an own creation without `created` record writes what was observed."""


class NotRecordedYetError(Exception):
    """The handler created this repository, and has not recorded that yet; Lambda retries the event."""


def is_native(call: ObservedCall, settings: SettingsFile) -> bool:
    """Whether ECR created a repository by a creation template of this installation, in the account of the event."""
    return call.action == "created" and contradiction(call) is None and how_of(call, settings.roles) == "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Observes events according to the settings that the handler was deployed with."""

    settings: SettingsFile
    organization: Organization
    ledger: Ledger

    def conclude(self, call: ObservedCall, attempt: Attempt) -> tuple[Conclusion, Record | None]:
        """The conclusion and its record; None for a creation that has its own record."""
        if ignored := contradiction(call):
            conclusion = Conclusion(outcome="ignored", reason=ignored.reason, detail=ignored.detail)
            return conclusion, record_of(call, attempt, conclusion=conclusion, membership=None, settings=self.settings)
        how = how_of(call, self.settings.roles)
        if how == "deployer" and self._is_recorded(call, attempt):
            return Conclusion(outcome="ignored", reason=reasons.RECORDED_ALREADY), None
        membership, problem = self._membership(call.account, attempt)
        reason = reasons.REPOSITORY_CREATED if call.action == "created" else reasons.REPOSITORY_DELETED
        conclusion = Conclusion(outcome="observed", reason=reason, detail=problem, settings=call.settings_text)
        if membership is None and not problem:
            conclusion = Conclusion(outcome="ignored", reason=reasons.NOT_IN_ORGANIZATION)
        record = record_of(call, attempt, conclusion=conclusion, membership=membership, settings=self.settings)
        if conclusion.outcome == "observed":
            record = replace(record, repository_arn=call.repository_arn, action=call.action, how=how)
        return conclusion, record

    def _membership(self, account: str, attempt: Attempt) -> tuple[Membership | None, str]:
        """The OU; if it cannot be read, why: what happened is recorded without it."""
        try:
            with attempt.steps("organization"):
                return self.organization.membership(account), ""
        except PermanentError as error:
            return None, error.detail

    def _is_recorded(self, call: ObservedCall, attempt: Attempt) -> bool:
        """Whether the ledger has the decision that created the repository; the first time that it has none, raise."""
        event_id = creator_of(call.tags, installation=self.settings.installation)
        if call.action != "created" or event_id is None:
            return False
        with attempt.steps("ledger"):
            if self.ledger.has_created(call.account, event_id):
                return True
            attempts = self.ledger.count_denial(call, request_id=attempt.request_id, now=attempt.received_at)
        if attempts < FINAL_ATTEMPT:
            raise NotRecordedYetError(f"event {event_id} has no `created` record yet")
        return False

"""Concludes what one event leads to: screens, looks up, decides, creates, and makes the record, without writing it.

Denied access can be temporary: new permissions may not have propagated yet. So the first denial is raised, and only a
second one, on Lambda's retry, is final. If two of Lambda's three attempts fail for other reasons, the event is only in
the failures queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from handler import reasons, tags
from handler.creation import Conclusion, Creation, UnfinishedError
from handler.decision import Create, Decision, Ignored, Refused, decide, lacks_role, screen
from handler.errors import DeniedError, PermanentError
from handler.events import FailedCall, MalformedEvent, OtherEvent, Parsed
from handler.native import NativeCreation
from handler.observed_calls import ObservedCall
from handler.observing import Observer, is_native
from handler.ports import Callers, Ledger, Membership, Organization, Registries, Repositories
from handler.recording import Attempt, record_of, record_of_malformed
from handler.records import Record
from handler.settings import RepositorySettings
from handler.settings_file import SettingsFile

FINAL_DENIAL = 2
"""The second denial is final: Lambda retries one minute after the first attempt and two minutes after the second, so
one of its three attempts may still fail for another reason (assumption A12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluder:
    """Concludes events according to the settings that the handler was deployed with."""

    settings: SettingsFile
    organization: Organization
    registries: Registries
    callers: Callers
    ledger: Ledger
    sleep: Callable[[float], None]

    def conclude(self, parsed: Parsed, attempt: Attempt) -> tuple[Conclusion, Record | None]:
        """The conclusion of an event and its record; there is no record if even the account is unknown."""
        match parsed:
            case FailedCall():
                conclusion, membership = self._conclude_call(parsed, attempt)
                if parsed.via == "request" and conclusion.reason == reasons.DUPLICATE_EVENT:
                    return conclusion, None  # every request has two runs
                record = record_of(
                    parsed, attempt, conclusion=conclusion, membership=membership, settings=self.settings
                )
                return conclusion, record
            case ObservedCall() if is_native(parsed, self.settings):
                conclusion, membership = self._conclude_native(parsed, attempt)
                return conclusion, record_of(
                    parsed, attempt, conclusion=conclusion, membership=membership, settings=self.settings
                )
            case ObservedCall():
                observer = Observer(settings=self.settings, organization=self.organization, ledger=self.ledger)
                return observer.conclude(parsed, attempt)
            case OtherEvent():
                return Conclusion(outcome="ignored", reason=reasons.OTHER_EVENT, detail=parsed.description), None
            case MalformedEvent():
                conclusion = Conclusion(outcome="failed", reason=reasons.MALFORMED_EVENT, detail=parsed.problem)
                return conclusion, record_of_malformed(parsed, attempt, conclusion=conclusion, settings=self.settings)

    def _conclude_call(self, call: FailedCall, attempt: Attempt) -> tuple[Conclusion, Membership | None]:
        if ignored := screen(call):
            return _conclusion_of(ignored), None
        registry = self._open_early(call)
        try:
            with attempt.steps("organization"):
                membership = self.organization.membership(call.account)
        except PermanentError as error:
            return Conclusion(outcome="failed", reason=error.reason, detail=error.detail), None
        if membership is None:
            return Conclusion(outcome="ignored", reason=reasons.NOT_IN_ORGANIZATION), None
        try:
            decision = self._decide(call, attempt, membership=membership)
        except PermanentError as error:
            self._raise_unless_final(error, call, attempt)
            return Conclusion(outcome="failed", reason=error.reason, detail=error.detail), membership
        if not isinstance(decision, Create):
            return _conclusion_of(decision), membership
        creation = self._creation(call, attempt, decision=decision, membership=membership)
        return self._create(creation, attempt, registry or self.registries.open(call)), membership

    def _conclude_native(self, call: ObservedCall, attempt: Attempt) -> tuple[Conclusion, Membership | None]:
        """Complete a repository that ECR created by a creation template."""
        registry = self.registries.open(call)
        try:
            with attempt.steps("organization"):
                membership = self.organization.membership(call.account)
        except PermanentError as error:
            return Conclusion(outcome="failed", reason=error.reason, detail=error.detail), None
        if membership is None:
            return Conclusion(outcome="ignored", reason=reasons.NOT_IN_ORGANIZATION), None
        settings = self.settings.settings_for(call.account, membership.chain)
        native = NativeCreation(
            call=call,
            settings=settings,
            tags=self._tags(call, settings.repository_for(call.repository), membership=membership),
            document=self.settings.document,
            ledger=self.ledger,
            steps=attempt.steps,
            sleep=self.sleep,
        )
        return self._create(native, attempt, registry), membership

    def _decide(self, call: FailedCall, attempt: Attempt, *, membership: Membership) -> Decision:
        """Apply the settings; the path of a request's role is looked up if a rule on principals can depend on it."""
        settings = self.settings.settings_for(call.account, membership.chain)

        def is_member(account: str) -> bool:
            return self._is_member(account, attempt, call_membership=membership)

        decision = decide(call, settings, is_member=is_member)
        if not lacks_role(call, settings, decision):
            return decision
        with attempt.steps("caller"):
            role_arn = self.callers.role_arn(call)
        return decide(replace(call, role_arn=role_arn), settings, is_member=is_member)

    def _open_early(self, call: FailedCall) -> Callable[[], Repositories] | None:
        """Assume the role in parallel with the look-up of the OU, unless the settings of its last known OU refuse."""
        chain = self.settings.last_known_chain(call.account)
        if chain is None:
            return self.registries.open(call)
        expected = decide(call, self.settings.settings_for(call.account, chain), is_member=lambda _: True)
        return self.registries.open(call) if isinstance(expected, Create) else None

    def _is_member(self, account: str, attempt: Attempt, *, call_membership: Membership) -> bool:
        """Whether a caller's account is in the organization.

        Organizations may deny a request about an account outside the organization. If the request about the call's own
        account succeeded, access is not the problem, and a denial means that the other account is outside (A19).
        """
        is_readable = call_membership.source == "asked"
        try:
            with attempt.steps("caller"):
                membership = self.organization.membership(account)
        except PermanentError as error:
            if error.reason == reasons.ORGANIZATION_NOT_READABLE and is_readable:
                return False
            raise
        return membership is not None and not (membership.is_denied and is_readable)

    def _creation(self, call: FailedCall, attempt: Attempt, *, decision: Create, membership: Membership) -> Creation:
        return Creation(
            call=call,
            decision=decision,
            tags=self._tags(call, decision.repository, membership=membership),
            document=self.settings.document,
            ledger=self.ledger,
            steps=attempt.steps,
            sleep=self.sleep,
            hand_over=attempt.hand_over,
        )

    def _tags(
        self, call: FailedCall | ObservedCall, repository: RepositorySettings, *, membership: Membership
    ) -> dict[str, str]:
        """All tags of a repository that a call caused."""
        values = tags.placeholders(
            call,
            account_name=membership.account_name or self.settings.account_name(call.account),
            ou_path=self.settings.path_of(membership.chain),
        )
        return tags.render(repository.tags, values, event_id=call.event_id, installation=self.settings.installation)

    def _create(
        self, creation: Creation | NativeCreation, attempt: Attempt, registry: Callable[[], Repositories]
    ) -> Conclusion:
        try:
            return creation.run(registry, received_at=attempt.received_at)
        except PermanentError as error:
            if error.reason == reasons.ACCESS_DENIED:
                self.registries.forget(creation.call.account)
            self._raise_unless_final(error, creation.call, attempt)
            repository = error.repository if isinstance(error, UnfinishedError) else None
            return Conclusion(
                outcome="failed",
                reason=error.reason,
                detail=error.detail,
                rules=creation.rules,
                repository=repository,
                settings=creation.requested if repository else "",
                engine="native" if isinstance(creation, NativeCreation) else None,
            )

    def _raise_unless_final(self, error: PermanentError, call: FailedCall | ObservedCall, attempt: Attempt) -> None:
        """Raise the first denial so that Lambda retries: a new role or tag may have propagated by then."""
        if error.reason not in reasons.RETRYABLE_DENIALS:
            return
        if attempt.hand_over:
            raise DeniedError(error) from error
        with attempt.steps("denials"):
            denials = self.ledger.count_denial(call, request_id=attempt.request_id, now=attempt.received_at)
        if denials < FINAL_DENIAL:
            raise DeniedError(error) from error


def _conclusion_of(decision: Refused | Ignored) -> Conclusion:
    """The conclusion of an event that needs no call to ECR."""
    match decision:
        case Refused():
            return Conclusion(outcome="refused", reason=decision.reason, rules=(decision.rule,))
        case Ignored():
            return Conclusion(outcome="ignored", reason=decision.reason, detail=decision.detail)

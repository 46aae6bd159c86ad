"""Handles one event, from the envelope to its record: parse, screen, look up, decide, create, record, log.

Every expected result ends as a record. A permanent refusal by AWS ends as a `failed` record and a message in the
failures queue, in this order, because writing a record twice is harmless. Transient errors (throttling, timeouts, a
ledger that does not respond) are raised: Lambda retries, and then sends the event to the same queue. No event is lost.

Denied access can be either: new permissions may not have propagated yet. So the first denial is raised, and only a
second one, on Lambda's retry, is final. If two of Lambda's three attempts fail for other reasons, the event is only in
the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from handler import reasons, tags
from handler.answers import NOT_HANDED_OVER, TEMPORARY, Result, result_of
from handler.aws_errors import are_credentials_stale
from handler.creation import Conclusion, Creation, UnfinishedError
from handler.decision import Create, Decision, Ignored, Refused, decide, lacks_role, screen
from handler.errors import DeniedError, PermanentError
from handler.events import FailedCall, MalformedEvent, OtherEvent, Parsed, parse
from handler.hand_over import Once
from handler.native import NativeCreation
from handler.notices import NOTABLE
from handler.observed_calls import ObservedCall
from handler.observing import Observer, is_native
from handler.ports import (
    Callers,
    Failures,
    Ledger,
    Membership,
    Notices,
    Organization,
    Registries,
    Repositories,
    Successor,
)
from handler.recording import (
    Attempt,
    conflicting,
    log_fields,
    record_of,
    record_of_malformed,
    refusal_to_write,
    repeated,
)
from handler.records import SUMMARY_EVENT_ID, Record
from handler.settings import RepositorySettings
from handler.settings_file import SettingsFile
from handler.text import clean

FINAL_DENIAL = 2
"""The second denial is final: Lambda retries one minute after the first attempt and two minutes after the second, so
one of its three attempts may still fail for another reason (assumption A12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Handles events according to the settings that it was deployed with."""

    settings: SettingsFile
    organization: Organization
    registries: Registries
    callers: Callers
    successor: Successor
    ledger: Ledger
    failures: Failures
    notices: Notices
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    log: Callable[[dict[str, object]], None]

    def handle(self, event: object, *, request_id: str) -> dict[str, object]:
        """Handle one event and return the fields of its log line. If it raises, Lambda retries the event."""
        attempt = Attempt(event=event, request_id=request_id, received_at=self.clock())
        parsed = parse(event)
        try:
            conclusion, record, is_new = self._write(attempt, *self._conclude(parsed, attempt))
        except Exception as error:
            self._log_error(parsed, attempt, error)
            raise
        return self._close(parsed, attempt, conclusion, record if is_new else None)

    def answer(self, event: object, *, request_id: str) -> Result:
        """Handle the event of a request at once and return the result for its caller. Raises no error of AWS.

        An error leaves the rest to the asynchronous run that the event is handed over to: it retries, and it writes the
        record and the message of a failure.
        """
        call = parse(event)
        assert isinstance(call, FailedCall), call
        attempt = Attempt(
            event=event,
            request_id=request_id,
            received_at=self.clock(),
            hand_over=Once(partial(self.successor.hand_over, event)),
        )
        conclusion = None
        try:
            conclusion, record = self._conclude(call, attempt)
            if conclusion.outcome == "failed":
                error = PermanentError(conclusion.reason, conclusion.detail)
                return self._leave_to_successor(call, attempt, conclusion, error)
            written, record, is_new = self._write(attempt, conclusion, record)
        except Exception as error:  # noqa: BLE001 - the asynchronous run raises it again, if it lasts
            return self._leave_to_successor(call, attempt, conclusion, error)
        self._close(call, attempt, written, record if is_new else None)
        return result_of(call, written if written.outcome == "failed" else conclusion)

    def _leave_to_successor(
        self, call: FailedCall, attempt: Attempt, conclusion: Conclusion | None, error: Exception
    ) -> Result:
        """The result of a request that this run cannot finish; if a decision was made, it is the answer."""
        self._log_error(call, attempt, error)
        try:
            if attempt.hand_over:
                attempt.hand_over()
        except Exception:  # noqa: BLE001 - nothing is begun, and the caller can send the request again
            return Result(call=call, outcome="failed", reason=NOT_HANDED_OVER, detail=clean(str(error)))
        if conclusion is not None:
            return result_of(call, conclusion)
        return Result(
            call=call, outcome="pending", reason=error.reason if isinstance(error, DeniedError) else TEMPORARY
        )

    def _log_error(self, parsed: Parsed, attempt: Attempt, error: Exception) -> None:
        if isinstance(parsed, FailedCall) and are_credentials_stale(error):
            self.registries.forget(parsed.account)
        self.log(log_fields(parsed, attempt, written_at=self.clock(), error=error))

    def _close(
        self,
        parsed: Parsed,
        attempt: Attempt,
        conclusion: Conclusion,
        new_record: Record | None,
    ) -> dict[str, object]:
        """Send the notice of a new record, and write the log line."""
        problem = self._notify(attempt, new_record) if new_record else ""
        fields = log_fields(parsed, attempt, written_at=self.clock(), conclusion=conclusion)
        fields |= {"notice_problem": problem} if problem else {}
        self.log(fields)
        return fields

    def _conclude(self, parsed: Parsed, attempt: Attempt) -> tuple[Conclusion, Record | None]:
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

    def _write(
        self, attempt: Attempt, conclusion: Conclusion, record: Record | None
    ) -> tuple[Conclusion, Record | None, bool]:
        """Write the record unless it exists already; returns what was written, and whether it is new."""
        with attempt.steps("record"):
            is_new = False
            if record is not None and record.outcome == "refused":
                conclusion, record = self._refusal(conclusion, record)
            if record is not None:
                try:
                    is_new = self.ledger.write(record)
                except PermanentError as conflict:
                    conclusion, record = conflicting(conclusion, record, conflict)
                    is_new = self.ledger.write(record)
            if conclusion.outcome == "failed":
                self.failures.send(
                    attempt.event,
                    request_id=attempt.request_id,
                    reason=conclusion.reason,
                    detail=conclusion.detail,
                )
        return conclusion, record, is_new

    def _refusal(self, conclusion: Conclusion, record: Record) -> tuple[Conclusion, Record | None]:
        """What to write for a refusal: its record, or one that refers to the record of the same push."""
        number = self.ledger.count_refusal(record.account, record.event_time)
        written = refusal_to_write(record, number)
        if written is None or written.event_id == SUMMARY_EVENT_ID:
            return conclusion, written
        first = self.ledger.first_refusal(written)
        return (conclusion, written) if first == written.event_id else repeated(conclusion, written, event_id=first)

    def _notify(self, attempt: Attempt, record: Record) -> str:
        """Send the notice; returns the problem if that fails, which has no effect on the record."""
        is_notable = record.outcome in NOTABLE or (record.outcome == "observed" and self.settings.notices_of_observed)
        if not is_notable or record.reason == reasons.REFUSALS_LEFT_OUT:
            return ""
        try:
            with attempt.steps("notice"):
                self.notices.send(record)
        except Exception as error:  # noqa: BLE001 - no error here may undo the decision
            return clean(f"{type(error).__name__}: {error}")
        return ""

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

"""Handles one event, from the envelope to its record: parse, screen, look up, decide, create, record, log.

Every expected result ends as a record. A permanent refusal by AWS ends as a `failed` record and a message in the
failures queue, in this order, because writing a record twice is harmless. Transient errors (throttling, timeouts, a
ledger that does not respond) are raised: Lambda retries, and then sends the event to the same queue. No event is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from handler import reasons
from handler.answers import NOT_HANDED_OVER, TEMPORARY, Result, result_of
from handler.aws_errors import are_credentials_stale
from handler.concluding import Concluder
from handler.creation import Conclusion
from handler.errors import DeniedError, PermanentError
from handler.events import FailedCall, Parsed, parse
from handler.hand_over import Once
from handler.notices import NOTABLE
from handler.ports import (
    Callers,
    Failures,
    Ledger,
    Notices,
    Organization,
    Registries,
    Successor,
)
from handler.recording import (
    Attempt,
    conflicting,
    log_fields,
    refusal_to_write,
    repeated,
)
from handler.records import SUMMARY_EVENT_ID, Record
from handler.settings_file import SettingsFile
from handler.text import clean


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
            conclusion, record, is_new = self._write(attempt, *self._concluder.conclude(parsed, attempt))
        except Exception as error:
            self._log_error(parsed, attempt, error)
            raise
        return self._close(parsed, attempt, conclusion, record if is_new else None)

    @property
    def _concluder(self) -> Concluder:
        return Concluder(
            settings=self.settings,
            organization=self.organization,
            registries=self.registries,
            callers=self.callers,
            ledger=self.ledger,
            sleep=self.sleep,
        )

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
            conclusion, record = self._concluder.conclude(call, attempt)
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

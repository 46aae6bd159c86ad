"""The record and the log line of one attempt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from handler import reasons
from handler.creation import Conclusion
from handler.errors import PermanentError
from handler.events import FailedCall, MalformedEvent, OtherEvent, Parsed
from handler.log import Steps
from handler.observed_calls import ObservedCall
from handler.ports import Membership
from handler.reasons import Outcome
from handler.records import EXPIRING, MAX_REFUSALS, SUMMARY_EVENT_ID, Record
from handler.rules import text_of
from handler.settings_file import SettingsFile
from handler.text import clean

_WITHOUT_STEPS = EXPIRING | {"observed"}
"""Outcomes of so little work that how long it took is not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at one event; Lambda's own retries have the same `request_id`."""

    event: object
    request_id: str
    received_at: datetime
    steps: Steps = field(default_factory=Steps)
    hand_over: Callable[[], None] | None = None
    """Hands the event over to an asynchronous run; set if this run answers a request, which Lambda does not retry."""


def record_of(
    call: FailedCall | ObservedCall,
    attempt: Attempt,
    *,
    conclusion: Conclusion,
    membership: Membership | None,
    settings: SettingsFile,
) -> Record:
    """The record of a call; `membership` is None if it was not looked up."""
    repository = conclusion.repository
    current_name = membership.account_name if membership else ""
    return Record(
        account=call.account,
        outcome=conclusion.outcome,
        reason=conclusion.reason,
        detail=conclusion.detail or (membership.problem if membership else None),
        rule=text_of(conclusion.rules),
        ou_path=settings.path_of(membership.chain) if membership else None,
        ou_source=membership.source if membership else None,
        account_name=current_name or settings.last_known_name(call.account),
        region=call.region,
        repository=call.repository,
        repository_arn=repository.arn if repository else None,
        created_at=repository.created_at if repository else None,
        principal=call.principal,
        principal_account=call.principal_account,
        source_ip=call.source_ip,
        user_agent=call.user_agent,
        event_name=call.event_name,
        event_id=call.event_id,
        envelope_id=call.envelope_id,
        event_time=call.event_time,
        via=call.via,
        received_at=attempt.received_at,
        request_id=attempt.request_id,
        settings_digest=settings.digest,
        settings=conclusion.settings,
        engine=conclusion.engine,
        steps=None if conclusion.outcome in _WITHOUT_STEPS else _compact(attempt.steps.milliseconds),
    )


def record_of_malformed(
    event: MalformedEvent, attempt: Attempt, *, conclusion: Conclusion, settings: SettingsFile
) -> Record | None:
    """The record of a malformed event, under the envelope's account; None if that is invalid too."""
    if event.account is None:
        return None
    return Record(
        account=event.account,
        outcome=conclusion.outcome,
        reason=conclusion.reason,
        detail=conclusion.detail,
        event_id=event.event_id or attempt.request_id,
        event_time=event.event_time or attempt.received_at,
        via=event.via,
        received_at=attempt.received_at,
        request_id=attempt.request_id,
        settings_digest=settings.digest,
    )


def conflicting(conclusion: Conclusion, record: Record, conflict: PermanentError) -> tuple[Conclusion, Record]:
    """The conclusion and record as failures, because the ledger has this record for another repository."""
    failed = replace(conclusion, outcome="failed", reason=conflict.reason, detail=conflict.detail)
    return failed, replace(record, outcome="failed", reason=conflict.reason, detail=conflict.detail)


_MAX_SUMMARY_WRITES = 10
"""Refusals that write the one record for all left out; several do, because a process may stop before it writes."""


def refusal_to_write(record: Record, number: int) -> Record | None:
    """The record to write for the hour's refusal of this number: its own, the one for all left out, or none."""
    if number <= MAX_REFUSALS:
        return record
    if number > MAX_REFUSALS + _MAX_SUMMARY_WRITES:
        return None
    return Record(
        account=record.account,
        account_name=record.account_name,
        ou_path=record.ou_path,
        ou_source=record.ou_source,
        outcome="refused",
        reason=reasons.REFUSALS_LEFT_OUT,
        detail=f"The ledger records {MAX_REFUSALS:,} refusals of an account and hour",
        event_id=SUMMARY_EVENT_ID,
        event_time=record.event_time.replace(minute=0, second=0, microsecond=0),
        received_at=record.received_at,
        request_id=record.request_id,
        settings_digest=record.settings_digest,
    )


def repeated(conclusion: Conclusion, record: Record, *, event_id: str) -> tuple[Conclusion, Record]:
    """The conclusion and record of a refusal that is recorded for another event of the same push."""
    outcome: Outcome = "ignored"
    reason, detail = reasons.REFUSED_ALREADY, f"refused as event {event_id}"
    return (
        replace(conclusion, outcome=outcome, reason=reason, detail=detail),
        replace(record, outcome=outcome, reason=reason, detail=detail, steps=None),
    )


def _compact(milliseconds: Mapping[str, float]) -> str:
    """The duration of each step before the record was written."""
    return json.dumps(milliseconds, separators=(",", ":"))


def log_fields(
    parsed: Parsed,
    attempt: Attempt,
    *,
    written_at: datetime,
    conclusion: Conclusion | None = None,
    error: Exception | None = None,
) -> dict[str, object]:
    """The fields of the log line of an attempt that reached a conclusion, or that Lambda will retry after an error.

    Lambda filters JSON log lines by `timestamp` and `level`.
    """
    fields = _subject(parsed) | {
        "timestamp": written_at.isoformat(timespec="milliseconds"),
        "request_id": attempt.request_id,
        "milliseconds": attempt.steps.milliseconds,
    }
    if conclusion is None:
        message = clean(f"{type(error).__name__}: {error}")
        return fields | {"level": "ERROR", "outcome": "retry", "detail": message}
    return fields | {
        "level": "ERROR" if conclusion.outcome == "failed" else "INFO",
        "outcome": conclusion.outcome,
        "via": None if isinstance(parsed, OtherEvent) else parsed.via,
        "reason": conclusion.reason,
        "rule": text_of(conclusion.rules),
        "detail": conclusion.detail,
        "milliseconds_to_repository": _event_to_repository(parsed, conclusion),
    }


def _subject(parsed: Parsed) -> dict[str, object]:
    match parsed:
        case FailedCall() | ObservedCall():
            return {
                "event_id": parsed.event_id,
                "account": parsed.account,
                "region": parsed.region,
                "repository": parsed.repository,
                "principal": parsed.principal,
                "event_name": parsed.event_name,
                "event_time": parsed.event_time.isoformat(),
            }
        case MalformedEvent():
            return {"event_id": parsed.event_id, "account": parsed.account}
        case OtherEvent():
            return {}


def _event_to_repository(parsed: Parsed, conclusion: Conclusion) -> int | None:
    """Milliseconds from the failed call to the repository; CloudTrail's times are whole seconds."""
    if conclusion.outcome != "created" or conclusion.repository is None or not isinstance(parsed, FailedCall):
        return None
    return round((conclusion.repository.created_at - parsed.event_time).total_seconds() * 1000)

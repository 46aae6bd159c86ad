"""The HTTP answers to requests: one result for each repository, or one error for the whole request. Pure.

docs/schemas/request.json is the schema of both.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from handler import reasons
from handler.creation import Conclusion
from handler.events import FailedCall
from handler.requests import VERSION, Rejection
from handler.rules import text_of

TEMPORARY = "temporary-error"
"""Reason of `pending`: a call to AWS failed that may succeed later."""
NOT_HANDED_OVER = "not-handed-over"
"""Reason of `failed`: the work could not be handed over to an asynchronous run, so it was not begun."""

_SENTENCES = {
    TEMPORARY: "AWS did not complete a call for now. The request is retried for up to six hours.",
    NOT_HANDED_OVER: "AWS did not accept the work for later retries, so it was not begun.",
}

Answered = Literal["created", "exists", "refused", "failed", "pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer about one repository."""

    call: FailedCall
    outcome: Answered
    reason: str
    rule: str = ""
    detail: str = ""


def result_of(call: FailedCall, conclusion: Conclusion) -> Result:
    """The answer for a conclusion. Work that another run of the same request has done is `created` all the same."""
    rule = text_of(conclusion.rules)
    if conclusion.reason == reasons.DUPLICATE_EVENT:
        return Result(call=call, outcome="created", reason=reasons.CREATED)
    assert conclusion.outcome != "observed", conclusion  # of no request
    assert conclusion.outcome != "violation", conclusion
    assert conclusion.outcome != "adopted", conclusion
    assert conclusion.outcome != "released", conclusion
    if conclusion.outcome == "ignored":
        return Result(call=call, outcome="refused", reason=conclusion.reason, rule=rule, detail=conclusion.detail)
    return Result(call=call, outcome=conclusion.outcome, reason=conclusion.reason, rule=rule, detail=conclusion.detail)


def response(results: Sequence[Result]) -> dict[str, object]:
    """The HTTP response with the results, in the order of the request."""
    return _http(200, {"version": VERSION, "results": [_document(result) for result in results]})


def error_response(rejection: Rejection) -> dict[str, object]:
    """The HTTP response to a request that is not served."""
    error = {"code": rejection.code, "message": rejection.message, "next_step": rejection.next_step}
    headers = {405: {"allow": "POST"}}.get(rejection.status, {})
    if rejection.retry_after is not None:
        headers = {"retry-after": str(rejection.retry_after)}
    return _http(rejection.status, {"version": VERSION, "error": error}, **headers)


def _http(status: int, document: dict[str, object], **headers: str) -> dict[str, object]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **headers},
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }


def _document(result: Result) -> dict[str, str]:
    sentence = _SENTENCES.get(result.reason) or reasons.SENTENCES[result.reason]
    return {
        "repository": result.call.repository,
        "outcome": result.outcome,
        "reason": result.reason,
        "rule": result.rule,
        "message": f"{sentence} {result.detail}".strip(),
        "next_step": _next_step(result),
        "event_id": result.call.event_id,
    }


def _next_step(result: Result) -> str:
    """What the pusher can do."""
    match result.outcome:
        case "created" | "exists":
            return "Push the image."
        case "refused":
            call = result.call
            named = (call.account, call.repository, "--region", call.region, "--principal", call.principal)
            return f"`deployer explain {shlex.join(named)}` shows the files and the rule that decide."
        case "pending":
            return "Wait for the repository to appear, then push."
        case "failed" if result.reason == NOT_HANDED_OVER:
            return "Send the request again, or push: the event of a push creates the repository, too."
    return f"Ask the operators of deployer: `deployer audit show {result.call.event_id}` has the details."

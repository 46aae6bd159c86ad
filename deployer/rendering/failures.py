"""Failures, results of redrives, and replays, as text of 80 columns and as JSON. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from deployer.failures.messages import UNREADABLE, Failure, Queue
from deployer.failures.redriving import ReceivedFailures, RedriveResult
from deployer.failures.replaying import ArchiveState, Replay, TimeRange
from deployer.organization import Organization
from deployer.rendering.plan_json import place
from deployer.rendering.text import Line, wrapped
from deployer.times import iso, iso_or_none
from deployer.words import account_name, counted
from handler.reasons import SENTENCES
from handler.text import clean

Document = dict[str, object]

SHORT_ID = 8
"""Characters of an id that a list shows; `show` and `redrive` take them for the whole."""

LONGEST_DETAIL = 130
"""Of a list; `show` has all of it."""

_PREAMBLE = re.compile(
    r"An error occurred \([^)]*\) when calling the \w+ operation(?: \([^)]*\))?: |User: \S+ is (?=not authorized)"
)
"""The preamble of messages of botocore and IAM: the role's ARN alone fills a line."""

_OF_LAMBDA = {
    "RetriesExhausted": "The handler failed three times. If AWS was at fault, a redrive succeeds; if not, the detail "
    "and the log of the same request id show what to fix first.",
    "EventAgeExceeded": "Lambda could not run the handler within six hours, or the retries took longer. Look for "
    "throttled invocations, then redrive.",
    "ZeroReservedConcurrency": "The function has a reserved concurrency of 0, so it never runs. Remove that, then "
    "redrive.",
}
_FROM_MEMBER = (
    "EventBridge could not deliver the event to the central bus: the forwarding role, the bus or its policy is missing "
    "or was changed. Redrive first, since a repair deletes the queue. Then `deployer status --deep` shows what was "
    "changed, and `deployer rollout --org --deep` repairs it."
)
_FROM_BUS = (
    "EventBridge could not start the handler: the function or the rule's permission was changed manually. "
    "`deployer docs operations` describes how to repair that. Then redrive."
)


def advice(failure: Failure) -> str:
    """What a reason means and what to do about it."""
    match failure.cause.origin:
        case "handler":
            return SENTENCES.get(failure.cause.reason, "")
        case "lambda":
            return _OF_LAMBDA.get(failure.cause.reason, "Lambda stopped retrying; the detail has the reason.")
        case "eventbridge":
            return _FROM_BUS if failure.queue.is_central else _FROM_MEMBER
        case "unknown":
            return "The message was sent manually. It stays until SQS deletes it, 14 days after it was sent."


def received_lines(found: ReceivedFailures, organization: Organization) -> list[Line]:
    """Failures by queue, then the meaning of each reason, then totals."""
    lines: list[Line] = []
    for queue, some in groupby(found.failures, key=lambda failure: failure.queue):
        lines += [Line(queue_title(queue, organization), "heading")]
        lines += [line for failure in some for line in _list_entry(failure, organization)]
        lines += [Line("")]
    lines += list(_advice(found.failures))
    is_good = not (found.failures or found.hidden or found.out_of_reach or found.is_truncated)
    lines += wrapped(_count(found), indent=0, tone="add" if is_good else "bad")
    return lines


def queue_title(queue: Queue, organization: Organization) -> str:
    kind = "Failures queue of" if queue.is_central else "Dead letters of"
    return f"{kind} {account_name(organization, queue.account)} in {queue.region}"


def _list_entry(failure: Failure, organization: Organization) -> Iterator[Line]:
    known = organization.accounts.get(failure.account)
    what = [f"{failure.happened:%Y-%m-%d %H:%M:%S}", known.name if known else failure.account, failure.region]
    first = f"{failure.message.id[:SHORT_ID]}  {'  '.join(what)}  {failure.repository or '-'}"
    yield from wrapped(first, indent=2)
    detail = clean(_PREAMBLE.sub("", failure.cause.detail), limit=LONGEST_DETAIL)
    why = f"{failure.cause.reason}: {detail}" if detail else failure.cause.reason
    yield from wrapped(why, indent=4 + SHORT_ID, tone="quiet")
    if failure.obstacle:
        yield from wrapped(f"cannot be redriven: {failure.obstacle}", indent=4 + SHORT_ID, tone="bad")


def _advice(failures: Sequence[Failure]) -> Iterator[Line]:
    texts = {failure.cause.reason: text for failure in failures if (text := advice(failure))}
    for reason, text in sorted(texts.items()):
        yield from wrapped(f"{reason}: {text}", indent=0)
    if texts:
        yield Line("")


def _count(found: ReceivedFailures) -> str:
    more = " or more" if found.is_truncated else ""
    text = f"{counted(len(found.failures), 'failure')}{more}." if found.failures else _none(found)
    if found.others:
        text += f" {counted(len(found.others), 'other')} not selected."
    if found.held_elsewhere:
        text += f" About {found.held_elsewhere} more: held by another reader, or delayed, for minutes."
    if found.not_received:
        text += f" SQS counts about {found.not_received} more that it did not return; its counts may be a minute old."
    if found.is_truncated:
        text += " There may be more: raise --limit, or narrow the list with --account."
    return text


def _none(found: ReceivedFailures) -> str:
    """Reports success only if every queue was read completely."""
    if found.hidden or found.out_of_reach or found.is_truncated:
        return "Whether failures exist is unknown."
    return "No failures match." if found.others else "No failures."


def out_of_reach_lines(found: ReceivedFailures, organization: Organization) -> list[Line]:
    """The queues that could not be read."""
    return [
        line
        for one in found.out_of_reach
        for line in wrapped(
            f"not read: {account_name(organization, one.queue.account)} in {one.queue.region}: {one.problem}",
            indent=0,
            tone="bad",
        )
    ]


def failure_lines(failure: Failure, organization: Organization) -> list[Line]:
    """All details of one failure, except the event itself."""
    rows = [(name, value) for name, value in failure_document(failure, organization).items() if value is not None]
    lines = [Line(queue_title(failure.queue, organization), "heading")]
    for name, value in rows:
        if name not in {"queue", "ou"}:
            lines += wrapped(f"{name.replace('_', ' '):<14} {value}", indent=2)
    if text := advice(failure):
        lines += [Line(""), *wrapped(text, indent=2)]
    return lines


def failure_document(failure: Failure, organization: Organization) -> Document:
    """A failure for programs; absent values are null."""
    call, message = failure.call, failure.message
    return {
        "id": message.id,
        "queue": {
            **place(organization, failure.queue.account),
            "region": failure.queue.region,
            "queue": failure.queue.name,
            "central": failure.queue.is_central,
        },
        "origin": failure.cause.origin,
        "reason": failure.cause.reason,
        "detail": failure.cause.detail or None,
        "attempts": failure.cause.attempts,
        "sent": iso(message.sent),
        "received": message.receives,
        **place(organization, failure.account),
        "region": failure.region,
        "repository": failure.repository,
        "principal": call.principal if call else None,
        "event_name": call.event_name if call else None,
        "event_id": call.event_id if call else None,
        "event_time": iso(call.event_time) if call else None,
        "obstacle": failure.obstacle,
    }


def received_document(found: ReceivedFailures, organization: Organization) -> Document:
    """Everything that was found."""
    return {
        "failures": [failure_document(failure, organization) for failure in found.failures],
        "others": len(found.others),
        "held_by_others": found.held_elsewhere,
        "not_received": found.not_received,
        "cut": found.is_truncated,
        "out_of_reach": _out_of_reach(found, organization),
    }


def _out_of_reach(found: ReceivedFailures, organization: Organization) -> list[Document]:
    return [
        {**place(organization, one.queue.account), "region": one.queue.region, "problem": one.problem}
        for one in found.out_of_reach
    ]


def redrive_result_lines(one: RedriveResult, organization: Organization) -> list[Line]:
    """The result for one failure, as it happens."""
    failure = one.failure
    known = organization.accounts.get(failure.account)
    where = f"{known.name if known else failure.account} {failure.region} {failure.repository or '-'}"
    problem = f": {one.problem}" if one.problem else ""
    tone = "" if one.status in {"put back", "taken by another"} else "bad"
    text = f"{failure.message.id[:SHORT_ID]}  {one.status}: {where}{problem}"
    return wrapped(text, indent=2, tone="bad" if tone else "")


def redrive_summary_lines(done: Sequence[RedriveResult]) -> list[Line]:
    """How a redrive ended."""
    statuses = Counter(one.status for one in done)
    put_back = statuses["put back"] + statuses["put back, not deleted"]
    lines = [Line(f"{counted(put_back, 'event')} sent to the handler.", "add" if put_back == len(done) else "")]
    if statuses["put back, not deleted"]:
        text = "could not be deleted: the next redrive sends their events again, which is harmless"
        lines += wrapped(f"{counted(statuses['put back, not deleted'], 'message')} {text}.", indent=0, tone="bad")
    if statuses["taken by another"]:
        lines += wrapped(f"{statuses['taken by another']} received by another reader meanwhile.", indent=0)
    if left := statuses["left alone"] + statuses["not taken by Lambda"]:
        lines += wrapped(f"{counted(left, 'message')} left in the queues.", indent=0, tone="bad")
    return [
        *lines,
        *([Line("Events that fail again return within minutes.", "quiet")] if put_back else []),
    ]


def redrive_document(done: Sequence[RedriveResult], found: ReceivedFailures, organization: Organization) -> Document:
    """The result for each failure, and for queues that could not be read."""
    return {
        "redriven": [
            {
                "id": one.failure.message.id,
                **place(organization, one.failure.account),
                "region": one.failure.region,
                "repository": one.failure.repository,
                "status": one.status,
                "problem": one.problem or None,
            }
            for one in done
        ],
        "out_of_reach": _out_of_reach(found, organization),
    }


def range_lines(time_range: TimeRange, archive: ArchiveState, *, may_be_incomplete: bool) -> list[Line]:
    """The replay that is about to start."""
    kept = f"for {archive.retention_days} days" if archive.retention_days else "indefinitely"
    size = f"{counted(archive.events, 'event')} in total, kept {kept}"
    lines = [
        Line(
            f"Replay from {time_range.since:%Y-%m-%d %H:%M:%S} to {time_range.until:%Y-%m-%d %H:%M:%S} (UTC)", "heading"
        ),
        Line(f"  archive {archive.name}: {size}"),
        *wrapped("Replaying is safe: the handler does nothing twice.", indent=2),
    ]
    if may_be_incomplete:
        text = "The newest events may be missing: EventBridge takes up to ten minutes to archive one."
        lines += wrapped(text, indent=2, tone="change")
    return lines


def replay_line(replay: Replay, time_range: TimeRange) -> Line:
    """Progress of a replay, by the time of the event that was replayed last."""
    reached = f", up to {replay.reached:%Y-%m-%d %H:%M:%S}" if replay.reached else ""
    whole = (time_range.until - time_range.since).total_seconds()
    done = (replay.reached - time_range.since).total_seconds() / whole if replay.reached and whole else 0.0
    share = f" ({min(max(done, 0.0), 1.0):.0%} of the time)" if replay.reached and not replay.has_ended else ""
    return Line(f"{replay.name}: {replay.state.lower()}{reached}{share}")


def replay_document(replay: Replay | None, time_range: TimeRange) -> Document:
    """A replay for programs; None for one that was not started."""
    return {
        "name": replay.name if replay else None,
        "state": replay.state if replay else None,
        "since": iso(time_range.since),
        "until": iso(time_range.until),
        "reached": iso_or_none(replay.reached if replay else None),
        "started": iso_or_none(replay.started if replay else None),
        "ended": iso_or_none(replay.ended if replay else None),
    }


assert UNREADABLE not in SENTENCES, "reasons of the handler and of queues are distinct"

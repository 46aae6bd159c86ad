"""Failures, results of redrives, and replays, as text of 80 columns and as JSON. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from deployer.failures.messages import UNREADABLE, Failure, Queue
from deployer.failures.redriving import Found, Redriven
from deployer.failures.replaying import ArchiveState, Range, Replay
from deployer.organization import Organization
from deployer.rendering.plan_json import place
from deployer.rendering.text import Line, wrapped
from deployer.times import iso, iso_or_none
from deployer.words import account_name, counted
from handler.reasons import SENTENCES
from handler.text import clean

Document = dict[str, Any]

SHORT_ID = 8
"""Characters of an id that a list shows; `show` and `redrive` take them for the whole."""

LONGEST_DETAIL = 130
"""Of a list; `show` has all of it."""

_PREAMBLE = re.compile(
    r"An error occurred \([^)]*\) when calling the \w+ operation(?: \([^)]*\))?: |User: \S+ is (?=not authorized)"
)
"""The preamble of messages of botocore and IAM: of denied calls, the role's ARN fills a whole line."""

_OF_LAMBDA = {
    "RetriesExhausted": "The handler failed three times. If AWS was at fault, a redrive succeeds; if not, the detail "
    "and the log of the same request id say what to mend first.",
    "EventAgeExceeded": "Lambda could not run the handler within six hours, or the retries took longer; look for "
    "throttles, then redrive.",
    "ZeroReservedConcurrency": "Somebody switched the function off with a reserved concurrency of 0; take it away, "
    "then redrive.",
}
_FROM_MEMBER = (
    "EventBridge could not bring the event to the central bus: the forwarding role, the bus or its policy is missing "
    "or was changed. `deployer status` shows stacks that are missing, and `deployer rollout` makes them; "
    "docs/operations.md says how to undo changes by hand. Then redrive."
)
_FROM_BUS = (
    "EventBridge could not start the handler: the function or the rule's permission was changed by hand; how to mend "
    "that, docs/operations.md says. Then redrive."
)


def advice(failure: Failure) -> str:
    """What a reason means and what to do about it."""
    match failure.cause.origin:
        case "handler":
            return SENTENCES.get(failure.cause.reason, "")
        case "lambda":
            return _OF_LAMBDA.get(failure.cause.reason, "Lambda gave up; the detail says why.")
        case "eventbridge":
            return _FROM_BUS if failure.queue.is_central else _FROM_MEMBER
        case "unknown":
            return "Somebody put it there by hand; it stays until SQS forgets it, 14 days after it came."


def found_lines(found: Found, organization: Organization) -> list[Line]:
    """Failures by queue, then what each reason means, then how many."""
    lines: list[Line] = []
    for queue, some in groupby(found.failures, key=lambda failure: failure.queue):
        lines += [Line(queue_title(queue, organization), "heading")]
        lines += [line for failure in some for line in _listed(failure, organization)]
        lines += [Line("")]
    lines += list(_advice(found.failures))
    is_good = not (found.failures or found.hidden or found.out_of_reach or found.is_cut)
    lines += wrapped(_count(found), indent=0, tone="add" if is_good else "bad")
    return lines


def queue_title(queue: Queue, organization: Organization) -> str:
    kind = "Failures queue of" if queue.is_central else "Dead letters of"
    return f"{kind} {account_name(organization, queue.account)} in {queue.region}"


def _listed(failure: Failure, organization: Organization) -> Iterator[Line]:
    known = organization.accounts.get(failure.account)
    what = [f"{failure.happened:%Y-%m-%d %H:%M:%S}", known.name if known else failure.account, failure.region]
    first = f"{failure.message.id[:SHORT_ID]}  {'  '.join(what)}  {failure.repository or '-'}"
    yield from wrapped(first, indent=2)
    detail = clean(_PREAMBLE.sub("", failure.cause.detail), limit=LONGEST_DETAIL)
    why = f"{failure.cause.reason}: {detail}" if detail else failure.cause.reason
    yield from wrapped(why, indent=4 + SHORT_ID, tone="quiet")
    if failure.obstacle:
        yield from wrapped(f"cannot go back: {failure.obstacle}", indent=4 + SHORT_ID, tone="bad")


def _advice(failures: Sequence[Failure]) -> Iterator[Line]:
    said = {failure.cause.reason: text for failure in failures if (text := advice(failure))}
    for reason, text in sorted(said.items()):
        yield from wrapped(f"{reason}: {text}", indent=0)
    if said:
        yield Line("")


def _count(found: Found) -> str:
    more = " or more" if found.is_cut else ""
    text = f"{counted(len(found.failures), 'failure')}{more}." if found.failures else _none(found)
    if found.others:
        text += f" {counted(len(found.others), 'other')} not asked for."
    if found.held_elsewhere:
        text += (
            f" About {found.held_elsewhere} more held by another reader or delayed now; they show again within minutes."
        )
    if found.not_received:
        text += f" SQS counts about {found.not_received} more that it did not give; its counts may be a minute old."
    if found.is_cut:
        text += " There may be more: raise --limit, or narrow the list with --account."
    return text


def _none(found: Found) -> str:
    """Reports success only if every queue was read completely."""
    if found.hidden or found.out_of_reach or found.is_cut:
        return "Whether there are failures is not known."
    return "No failures match." if found.others else "No failures."


def out_of_reach_lines(found: Found, organization: Organization) -> list[Line]:
    """The queues that could not be read."""
    return [
        line
        for one in found.out_of_reach
        for line in wrapped(
            f"not looked into: {account_name(organization, one.queue.account)} in {one.queue.region}: {one.problem}",
            indent=0,
            tone="bad",
        )
    ]


def shown_lines(failure: Failure, organization: Organization) -> list[Line]:
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


def found_document(found: Found, organization: Organization) -> Document:
    """All that was found."""
    return {
        "failures": [failure_document(failure, organization) for failure in found.failures],
        "others": len(found.others),
        "held_by_others": found.held_elsewhere,
        "not_received": found.not_received,
        "cut": found.is_cut,
        "out_of_reach": _out_of_reach(found, organization),
    }


def _out_of_reach(found: Found, organization: Organization) -> list[Document]:
    return [
        {**place(organization, one.queue.account), "region": one.queue.region, "problem": one.problem}
        for one in found.out_of_reach
    ]


def redriven_line(one: Redriven, organization: Organization) -> list[Line]:
    """The result for one failure, as it happens."""
    failure = one.failure
    known = organization.accounts.get(failure.account)
    where = f"{known.name if known else failure.account} {failure.region} {failure.repository or '-'}"
    problem = f": {one.problem}" if one.problem else ""
    tone = "" if one.fate in {"put back", "taken by another"} else "bad"
    text = f"{failure.message.id[:SHORT_ID]}  {one.fate}: {where}{problem}"
    return wrapped(text, indent=2, tone="bad" if tone else "")


def redriven_lines(done: Sequence[Redriven]) -> list[Line]:
    """How a redrive ended."""
    fates = Counter(one.fate for one in done)
    put_back = fates["put back"] + fates["put back, not deleted"]
    lines = [Line(f"{counted(put_back, 'event')} handed to the handler.", "add" if put_back == len(done) else "")]
    if fates["put back, not deleted"]:
        text = "could not be deleted: the next redrive hands the events over once more, which does no harm"
        lines += wrapped(f"{counted(fates['put back, not deleted'], 'message')} {text}.", indent=0, tone="bad")
    if fates["taken by another"]:
        lines += wrapped(f"{fates['taken by another']} were taken by another reader meanwhile.", indent=0)
    if left := fates["left alone"] + fates["not taken by Lambda"]:
        lines += wrapped(f"{counted(left, 'message')} stayed in the queues.", indent=0, tone="bad")
    return [*lines, *([Line("What fails again is back within minutes.", "quiet")] if put_back else [])]


def redriven_document(done: Sequence[Redriven], found: Found, organization: Organization) -> Document:
    """The result for each failure, and for queues that could not be read."""
    return {
        "redriven": [
            {
                "id": one.failure.message.id,
                **place(organization, one.failure.account),
                "region": one.failure.region,
                "repository": one.failure.repository,
                "fate": one.fate,
                "problem": one.problem or None,
            }
            for one in done
        ],
        "out_of_reach": _out_of_reach(found, organization),
    }


def range_lines(wanted: Range, archive: ArchiveState, *, fresh: bool) -> list[Line]:
    """What is about to be replayed."""
    kept = f"for {archive.retention_days} days" if archive.retention_days else "for ever"
    size = f"{counted(archive.events, 'event')} in all, kept {kept}"
    lines = [
        Line(f"Replay from {wanted.since:%Y-%m-%d %H:%M:%S} to {wanted.until:%Y-%m-%d %H:%M:%S} (UTC)", "heading"),
        Line(f"  archive {archive.name}: {size}"),
        *wrapped("What an event has led to before, the handler does no second time.", indent=2),
    ]
    if fresh:
        text = "The newest events may be missing: EventBridge takes up to ten minutes to archive one."
        lines += wrapped(text, indent=2, tone="change")
    return lines


def replay_line(replay: Replay, wanted: Range) -> Line:
    """Progress of a replay, by the time of the event that was replayed last."""
    reached = f", up to {replay.reached:%Y-%m-%d %H:%M:%S}" if replay.reached else ""
    whole = (wanted.until - wanted.since).total_seconds()
    done = (replay.reached - wanted.since).total_seconds() / whole if replay.reached and whole else 0.0
    share = f" ({min(max(done, 0.0), 1.0):.0%} of the time)" if replay.reached and not replay.is_over else ""
    return Line(f"{replay.name}: {replay.state.lower()}{reached}{share}")


def replay_document(replay: Replay, wanted: Range) -> Document:
    """A replay for programs."""
    return {
        "name": replay.name,
        "state": replay.state,
        "since": iso(wanted.since),
        "until": iso(wanted.until),
        "reached": iso_or_none(replay.reached),
        "started": iso_or_none(replay.started),
        "ended": iso_or_none(replay.ended),
    }


assert UNREADABLE not in SENTENCES, "reasons of the handler and of queues are told apart"

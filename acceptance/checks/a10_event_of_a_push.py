"""A10: The content of CloudTrail's event of a refused push."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.events import Push, differences, is_forwarded, push
from handler.events import FailedCall, parse


def run(lab: Lab) -> Finding:
    """Push to a missing repository, and read its event as the rule and the handler read it."""
    pushed = push(lab)
    event = pushed.message.event
    answer = {"status": pushed.answer.status, "body": pushed.answer.body}
    if not is_forwarded(lab, event, observe=False):
        return refuted("The rule's pattern does not match the event", event=event, answer=answer)
    if problem := _problem(lab, pushed):
        return refuted(problem, event=event, answer=answer)
    return held("The rule matches the event, and the handler can parse it", event=event, answer=answer)


def _problem(lab: Lab, pushed: Push) -> str | None:
    call = parse(pushed.message.event)
    if not isinstance(call, FailedCall):
        return f"The handler cannot parse it: {call}"
    account, region = lab.environment.member_account, lab.environment.region
    expected = {
        "account": account,
        "recipient_account": account,
        "region": region,
        "event_region": region,
        "repository": pushed.repository,
        "trigger": "push",
    }
    wrong = differences(call, expected)
    if call.registry_id not in {None, account}:
        wrong.append(f"registry_id is {call.registry_id}")
    return "; ".join(wrong) or None


CHECK = Check(
    number=10,
    title="The content of CloudTrail's event of a refused push",
    run=run,
    creates=("member: a stack of a rule and a queue",),
    minutes=6,
    altered_by="EVENTS_WITHOUT_PARAMETERS",
)

"""A18: A push from another account reaches the owner's CloudTrail."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, refuted
from acceptance.errors import WaitError
from acceptance.lab import Lab
from acceptance.rigs.events import captured, push, receive
from acceptance.rigs.registry import begin_push
from handler.events import FailedCall, parse


def run(lab: Lab) -> Finding:
    """Push to the member's registry from the central account, and wait for the event in the member."""
    push(lab)  # events of the member's own pushes do arrive
    captured(lab)
    name = f"{lab.prefix}/foreign"
    answer = begin_push(lab, lab.access.session("central"), name)
    response = {"status": answer.status, "body": answer.body}
    try:
        message = lab.wait(
            "the event of a push from another account", lambda: receive(lab, "member", lab.name("capture"), name)
        )
    except WaitError as error:
        return refuted(f"No event in the registry's account ({error.message})", answer=response)
    call = parse(message.event)
    if not isinstance(call, FailedCall):
        return refuted("The event is not of a missing repository", event=message.event, answer=response)
    if (call.recipient_account, call.principal_account) != (
        lab.environment.member_account,
        lab.environment.central_account,
    ):
        return refuted("The event names other accounts", event=message.event, answer=response)
    return held("The registry's account has the event, with the caller's account", event=message.event, answer=response)


CHECK = Check(
    number=18,
    title="A push from another account reaches the owner's CloudTrail",
    run=run,
    creates=("member: a stack of a rule and a queue",),
    minutes=6,
    altered_by="NO_EVENT_FOR_OWNERS",
)

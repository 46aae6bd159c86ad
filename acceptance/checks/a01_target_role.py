"""A1: EventBridge assumes a target's role with aws:SourceArn and aws:SourceAccount."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, not_run, refuted
from acceptance.lab import Lab, StackError
from acceptance.rigs.events import forwarded_push

ASSUME_FAILED = "FAILED_TO_ASSUME_ROLE"


def run(lab: Lab) -> Finding:
    """Deploy the forwarding rule with its role, push, and find out where the event is delivered."""
    try:
        message = forwarded_push(lab)
    except StackError as error:
        about_role = [one for one in error.events if "assume" in one["ResourceStatusReason"].lower()]
        if about_role:
            return refuted("AWS rejected the rule's target with this role", events=about_role)
        return not_run("The forwarding stack failed for another reason", events=error.events)
    code = message.attributes.get("ERROR_CODE")
    if code == ASSUME_FAILED:
        return refuted("EventBridge could not assume the role", attributes=message.attributes)
    if code:
        return held("EventBridge assumed the role; the event failed later", attributes=message.attributes)
    return held("The event of a push reached the central bus through the role")


CHECK = Check(
    number=1,
    title="EventBridge assumes a target's role with aws:SourceArn and aws:SourceAccount",
    run=run,
    creates=(
        "member: a stack of five roles, and one of a rule and a queue",
        "central: a stack of an event bus and a queue",
    ),
    minutes=8,
    altered_by="TARGET_ROLES_WITHOUT_SOURCE",
)

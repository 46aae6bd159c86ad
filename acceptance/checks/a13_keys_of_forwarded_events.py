"""A13: A forwarded event reaches the other bus with source, detail type and the organization of the rule's role."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, not_run, refuted
from acceptance.lab import Lab, StackError
from acceptance.rigs.events import forwarded_push


def run(lab: Lab) -> Finding:
    """Push, and find out whether the policy of the central bus allows the forwarded event."""
    try:
        message = forwarded_push(lab)
    except StackError as error:
        return not_run("The forwarding stack failed, so nothing is forwarded", events=error.events)
    code = message.attributes.get("ERROR_CODE")
    if code == "NO_PERMISSIONS":
        return refuted("The bus's policy denied the event", attributes=message.attributes)
    if code:
        return not_run(f"The event failed before it reached the bus: {code}", attributes=message.attributes)
    return held("The bus's policy allowed the event")


CHECK = Check(
    number=13,
    title="A forwarded event reaches the other bus with the keys that the bus's policy requires",
    run=run,
    creates=("what A1 creates",),
    minutes=1,
    altered_by="FORWARDED_WITHOUT_KEYS",
)

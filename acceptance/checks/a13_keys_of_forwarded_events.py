"""A13: A forwarded event reaches the other bus with source, detail type and the organization of the rule's role."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, not_run, refuted
from acceptance.lab import Lab, StackError
from acceptance.rigs.events import forwarded_push


def run(lab: Lab) -> Finding:
    """Push, and see whether the policy of the central bus lets the forwarded event in."""
    try:
        message = forwarded_push(lab)
    except StackError as error:
        return not_run("The forwarding stack failed, so nothing is forwarded", events=error.events)
    code = message.attributes.get("ERROR_CODE")
    if code == "NO_PERMISSIONS":
        return refuted("The bus's policy refused the event", attributes=message.attributes)
    if code:
        return not_run(f"The event failed before it reached the bus: {code}", attributes=message.attributes)
    return held("The bus's policy let the event in")


CHECK = Check(
    number=13,
    title="A forwarded event reaches the other bus with the keys that the bus's policy asks for",
    run=run,
    creates=("what A1 creates",),
    minutes=1,
    altered_by="FORWARDED_WITHOUT_KEYS",
)

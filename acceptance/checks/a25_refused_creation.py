"""A25: A push is one to a missing repository if the role of its creation template may not create."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.creations import push_below
from handler.events import FailedCall, parse

STARTED = "InitiateLayerUpload"


def run(lab: Lab) -> Finding:
    """Push to a name that the policy of the template's role denies."""
    pushed = push_below(lab, "denied-by-role", expected=STARTED)
    if pushed.answer.code != "NAME_UNKNOWN":
        return refuted(f"The client was answered {pushed.answer.status}", **pushed.evidence)
    calls = [parse(event) for event in pushed.events if event["detail"].get("eventName") == STARTED]
    if not any(isinstance(call, FailedCall) and call.repository == pushed.repository for call in calls):
        return refuted("There is no event of a missing repository", **pushed.evidence)
    return held("The push was refused, and its event is that of a missing repository", **pushed.evidence)


CHECK = Check(
    number=25,
    title="A push is one to a missing repository if the role of its creation template may not create",
    run=run,
    creates=("member: a stack of a creation template and its role, and one of a rule and a queue",),
    minutes=8,
    altered_by="CREATION_REFUSALS_DENY_PUSHES",
)

"""A27: A push that creates its repository has no event of a missing repository."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.creations import creation
from handler.events import MISSING_REPOSITORY


def run(lab: Lab) -> Finding:
    """Push to a missing repository that a template covers, and collect all events of the push."""
    pushed = creation(lab)
    if pushed.answer.status >= 400:
        return refuted(f"The push was refused with {pushed.answer.status}", **pushed.evidence)
    if missing := [event for event in pushed.events if event["detail"].get("errorCode") == MISSING_REPOSITORY]:
        return refuted(f"{len(missing)} events are of a missing repository", **pushed.evidence)
    return held("No event of the push is of a missing repository", **pushed.evidence)


CHECK = Check(
    number=27,
    title="A push that creates its repository has no event of a missing repository",
    run=run,
    creates=("member: a stack of a creation template and its role, and one of a rule and a queue",),
    minutes=8,
    altered_by="CREATED_PUSHES_NOT_FOUND",
)

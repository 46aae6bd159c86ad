"""A34: A creation template that is not for pushes creates nothing, and hides no push from the handler."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.creations import covered, mutability, push_below
from handler.events import FailedCall, parse
from templates.registry_creation_templates import TEMPLATE_TYPE

STARTED = "InitiateLayerUpload"


def run(lab: Lab) -> Finding:
    """Push below a longer prefix, whose template is for the pull-through cache."""
    prefix = f"{covered(lab)}/cached"
    properties = {"Prefix": prefix, "AppliedFor": ["PULL_THROUGH_CACHE"], "ImageTagMutability": "MUTABLE"}
    lab.stack("member", "cached", {"Resources": {"Template": {"Type": TEMPLATE_TYPE, "Properties": properties}}})
    pushed = push_below(lab, "cached/api", expected=STARTED)
    found = mutability(lab, pushed.repository)
    if found == "IMMUTABLE":
        return held("ECR created the repository by the template for pushes", **pushed.evidence)
    if found is not None:
        return refuted("ECR created the repository by the template for other purposes", **pushed.evidence)
    calls = [parse(event) for event in pushed.events if event["detail"].get("eventName") == STARTED]
    if pushed.answer.code != "NAME_UNKNOWN" or not any(isinstance(call, FailedCall) for call in calls):
        return refuted("There is neither a repository nor an event of a missing one", **pushed.evidence)
    return held("ECR created nothing, and the event is that of a missing repository", **pushed.evidence)


CHECK = Check(
    number=34,
    title="A creation template that is not for pushes creates nothing, and hides no push from the handler",
    run=run,
    creates=("member: stacks of two creation templates and a role, and one of a rule and a queue",),
    minutes=8,
    altered_by="TEMPLATES_FOR_EVERYTHING",
)

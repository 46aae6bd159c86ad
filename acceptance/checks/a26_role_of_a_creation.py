"""A26: CloudTrail shows who created a repository on push: a session of the template's role."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.creations import CREATED, created_at, creation, role_arn
from handler.event_fields import time_or_none
from handler.native import SAME


def run(lab: Lab) -> Finding:
    """Push to a missing repository that a template covers, and read the event of its creation."""
    pushed = creation(lab)
    created = pushed.named(CREATED)
    if not created:
        return refuted("There is no event of the creation", **pushed.evidence)
    identity = created[0].get("userIdentity", {})
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn")
    if issuer != role_arn(lab):
        return refuted(f"The event does not name the role of the template, but {issuer}", **pushed.evidence)
    if created[0].get("requestParameters", {}).get("repositoryName") != pushed.repository:
        return refuted("The event does not name the repository", **pushed.evidence)
    event_time, created_time = time_or_none(created[0].get("eventTime")), created_at(lab, pushed.repository)
    if event_time is None or created_time is None or abs(created_time - event_time) > SAME:
        return refuted(
            f"The repository's createdAt is {created_time}, the event's time {event_time}", **pushed.evidence
        )
    return held("The event names the role of the template, and has the time of the repository", **pushed.evidence)


CHECK = Check(
    number=26,
    title="CloudTrail shows the role that created a repository on push",
    run=run,
    creates=("member: a stack of a creation template and its role, and one of a rule and a queue",),
    minutes=8,
    altered_by="CREATIONS_WITHOUT_ROLE",
)

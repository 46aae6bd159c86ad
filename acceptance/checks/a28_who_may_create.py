"""A28: Whoever may not push creates nothing by pushing."""

from __future__ import annotations

import json

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.creations import covered, exists, push
from acceptance.rigs.roles import roles, session_of

LOGIN_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}],
    }
)


def run(lab: Lab) -> Finding:
    """Push to a name that a template covers, in a session that may log in and nothing else."""
    repository = f"{covered(lab)}/without-permission"
    answer = push(lab, repository, session_of(lab, roles(lab).pusher, policy=LOGIN_ONLY))
    evidence = {"status": answer.status, "body": answer.body}
    if exists(lab, repository):
        return refuted("The repository exists, though its pusher may not push", **evidence)
    if answer.status != 403:
        return refuted(f"The push was answered with {answer.status} instead of a denial", **evidence)
    return held("The push was denied, and no repository was created", **evidence)


CHECK = Check(
    number=28,
    title="Whoever may not push creates nothing by pushing",
    run=run,
    creates=("member: a stack of a creation template and its role, and one of roles",),
    minutes=3,
    altered_by="PUSHERS_JUDGED_LATE",
)

"""A12: A new repository's tag counts in authorization within a minute."""

from __future__ import annotations

import json
from typing import Any

from acceptance.check import Check, Finding
from acceptance.journal import Resource
from acceptance.lab import Lab
from acceptance.rigs.denials import DENIED, allowed_within
from acceptance.rigs.roles import roles, session_of
from handler.tags import EVENT_ID_TAG

MINUTE = 60.0
_POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
                "action": {"type": "expire"},
            }
        ]
    }
)


def run(lab: Lab) -> Finding:
    """Create a tagged repository and immediately put its policy, with a role that may do so only by that tag."""
    session: Any = session_of(lab, roles(lab).writer)
    client, name = session.client("ecr", region=lab.environment.region), f"{lab.prefix}/tagged"
    tags = [{"Key": EVENT_ID_TAG, "Value": lab.prefix}]
    resource = Resource(kind="repository", side="member", region=lab.environment.region, name=name)
    lab.create(
        resource,
        lambda: lab.wait_while(DENIED, lambda: client.create_repository(repositoryName=name, tags=tags)),
    )
    return allowed_within(
        lab, MINUTE, lambda: client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=_POLICY)
    )


CHECK = Check(
    number=12,
    title="A new repository's tag counts in authorization within a minute",
    run=run,
    creates=("member: a stack of roles, and a repository",),
    minutes=2,
    altered_by="TAGS_LATE",
)

"""A36: The policy of a new repository counts for other accounts within five seconds."""

from __future__ import annotations

import json
from typing import Any

from acceptance.check import Check, Finding
from acceptance.journal import Resource
from acceptance.lab import Lab
from acceptance.rigs.denials import allowed_within
from deployer.pushing.ensure import POLICY_DELAY

_NO_LAYER = f"sha256:{'0' * 64}"


def run(lab: Lab) -> Finding:
    """Create a repository, admit the central account by its policy, and immediately ask from there for a layer."""
    owner, name = lab.client("member", "ecr"), f"{lab.prefix}/admitted"
    resource = Resource(kind="repository", side="member", region=lab.environment.region, name=name)
    lab.create(resource, lambda: owner.create_repository(repositoryName=name))
    owner.set_repository_policy(repositoryName=name, policyText=_policy(lab.environment.central_account))
    guest: Any = lab.client("central", "ecr")
    return allowed_within(
        lab,
        POLICY_DELAY,
        lambda: guest.batch_check_layer_availability(
            registryId=lab.environment.member_account, repositoryName=name, layerDigests=[_NO_LAYER]
        ),
    )


def _policy(account: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "ecr:BatchCheckLayerAvailability",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CHECK = Check(
    number=36,
    title="The policy of a new repository counts for other accounts within five seconds",
    run=run,
    creates=("member: a repository",),
    minutes=1,
    altered_by="REPOSITORY_POLICIES_LATE",
)

"""A29: A repository that is created on push has all settings of its template, by the permissions of its role."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.creations import LIFECYCLE, TAGS, creation
from deployer.aws.errors import code_of

_MISSING = {"LifecyclePolicyNotFoundException", "RepositoryNotFoundException"}


def run(lab: Lab) -> Finding:
    """Push to a missing repository that a template covers, and read the repository's settings."""
    pushed = creation(lab)
    expected = {"mutability": "IMMUTABLE", "tags": TAGS, "lifecycle_policy": json.loads(LIFECYCLE)}
    try:
        found = _settings(lab, pushed.repository)
    except ClientError as error:
        if code_of(error) not in _MISSING:
            raise
        return refuted(f"ECR answered {code_of(error)}", **pushed.evidence)
    if different := [name for name, value in expected.items() if found[name] != value]:
        return refuted(f"Settings of the template are missing: {', '.join(different)}", found=found)
    return held("The repository has all settings of the template", found=found)


def _settings(lab: Lab, repository: str) -> dict[str, Any]:
    client = lab.client("member", "ecr")
    (made,) = client.describe_repositories(repositoryNames=[repository])["repositories"]
    tags = client.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
    policy = client.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
    return {
        "mutability": made["imageTagMutability"],
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
        "lifecycle_policy": json.loads(policy),
    }


CHECK = Check(
    number=29,
    title="A repository that is created on push has all settings of its template",
    run=run,
    creates=("member: a stack of a creation template and its role, and one of a rule and a queue",),
    minutes=8,
    altered_by="POLICIES_NOT_APPLIED",
)

"""A32: Only pushes through a registry create repositories, no calls of ECR's API."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, refuted
from acceptance.journal import Resource
from acceptance.lab import Lab
from acceptance.rigs.creations import covered, exists
from acceptance.rigs.stack_sets import refusal_of
from deployer.aws.errors import code_of

MISSING = "RepositoryNotFoundException"


def run(lab: Lab) -> Finding:
    """Make the first call of a push, for a name that a template covers."""
    name = f"{covered(lab)}/called"
    client = lab.client("member", "ecr")
    resource = Resource(kind="repository", side="member", region=lab.environment.region, name=name)
    try:
        answer: Any = lab.create(resource, lambda: client.initiate_layer_upload(repositoryName=name))
    except ClientError as error:
        if code_of(error) != MISSING:
            raise
        if exists(lab, name):
            return refuted("The call was refused, and the repository exists nevertheless", answer=refusal_of(error))
        return held("The call was refused, and no repository was created", answer=refusal_of(error))
    return refuted("The call created the repository", upload=answer["uploadId"])


CHECK = Check(
    number=32,
    title="Only pushes through a registry create repositories, no calls of ECR's API",
    run=run,
    creates=("member: a stack of a creation template and its role",),
    minutes=2,
    altered_by="API_CALLS_CREATE",
)

"""What `deployer` is measured against: one account, one region, describe the repository, create it if it is missing.

Written from what is publicly described of AWS's sample for creating repositories on push, at its best: its client is
made while Lambda initialises, only "not found" counts as missing, and a parallel event that was first is no failure.
"""

from __future__ import annotations

import os
from typing import Any

import boto3

ecr = boto3.client("ecr")


def handle(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Create the repository that a push missed, with settings from environment variables."""
    name = event["detail"]["requestParameters"]["repositoryName"]
    try:
        ecr.describe_repositories(repositoryNames=[name])
    except ecr.exceptions.RepositoryNotFoundException:
        return {"repository": name, "outcome": _create(name)}
    return {"repository": name, "outcome": "exists"}


def _create(name: str) -> str:
    try:
        ecr.create_repository(
            repositoryName=name,
            imageTagMutability="MUTABLE" if os.environ.get("MUTABLE") == "true" else "IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": os.environ.get("SCAN_ON_PUSH", "true") == "true"},
        )
    except ecr.exceptions.RepositoryAlreadyExistsException:
        return "exists"
    return "created"

"""Repositories for tests of `deployer ensure` and `deployer push`, and the state of the accounts afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox

SHOP, DEV, CENTRAL = "300000000001", "400000000001", "200000000001"
HOST = host_of(SHOP, "eu-west-1")

Ensure = Callable[..., tuple[int, str, str]]
"""`deployer ensure` with arguments: its exit code, standard output and standard error."""


def new(host: str = HOST, *, team: str = "team-shop") -> tuple[str, str]:
    """The name of a new repository, and a reference to an image in it."""
    name = f"{team}/{uuid.uuid4().hex[:12]}"
    return name, f"{host}/{name}:1"


def repositories(sandbox: Sandbox, account: str = SHOP, region: str = "eu-west-1") -> set[str]:
    ecr = sandbox.client("ecr", account=account, region=region)
    return {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]}

"""Finds a registry's repositories: in moto, in the account and region of the host name."""

from __future__ import annotations

from moto.ecr.models import Repository, ecr_backends

from aws_org_sandbox.registry.hosts import RegistryHost


def repository_of(host: RegistryHost, name: str) -> Repository | None:
    """moto's repository with a name; None if it does not exist."""
    repository: Repository | None = ecr_backends[host.account][host.region].repositories.get(name)
    return repository

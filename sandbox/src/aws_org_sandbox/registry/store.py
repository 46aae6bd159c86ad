"""Where a registry's repositories are: in moto, in the account and region that the host name says."""

from __future__ import annotations

from moto.ecr.models import Repository, ecr_backends

from aws_org_sandbox.registry.hosts import RegistryHost


def repository_of(host: RegistryHost, name: str) -> Repository | None:
    """moto's repository behind a name; None if there is none."""
    repository: Repository | None = ecr_backends[host.account][host.region].repositories.get(name)
    return repository

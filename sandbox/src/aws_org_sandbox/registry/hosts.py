"""Registry host names: which account and region a client talks to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from deployer.partitions import partition_of
from deployer.pushing.images import parse_registry

AWS_INTERNAL: Final = "AWS Internal"
"""What CloudTrail shows in place of a container client's address and user agent: the registry makes the calls.

https://github.com/aws/containers-roadmap/issues/1634
"""


@dataclass(frozen=True, slots=True)
class RegistryHost:
    """One private registry: an account's in a region. `name` is the host as the client wrote it, without the port."""

    account: str
    region: str
    name: str


def parse_host(host: str) -> RegistryHost | None:
    """The registry that a Host header names, in the classic, FIPS or dual-stack form; None for any other host."""
    registry = parse_registry(host)
    if registry is None:
        return None
    return RegistryHost(registry.account, registry.region, registry.host.partition(":")[0])


def host_of(account: str, region: str) -> str:
    """The classic host name of a registry."""
    return f"{account}.dkr.ecr.{region}.{partition_of(region).dns_suffix}"

"""Registry host names: which account and region a client talks to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_HOST: Final = re.compile(
    r"(?P<account>[0-9]{12})\."
    r"(?:dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"|dkr-ecr(?:-fips)?\.(?P<dual>[a-z0-9-]+)\.on\.(?:aws|amazonwebservices\.com\.cn))"
    r"(?::[0-9]{1,5})?"
)

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
    """The registry that a Host header names, in the classic, FIPS or dual-stack form; None for any other host.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html and ecr-requests.html (dual-stack).
    """
    match = _HOST.fullmatch(host.lower())
    if not match:
        return None
    return RegistryHost(match["account"], match["region"] or match["dual"], host.lower().partition(":")[0])


def host_of(account: str, region: str) -> str:
    """The classic host name of a registry."""
    suffix = ".cn" if region.startswith("cn-") else ""
    return f"{account}.dkr.ecr.{region}.amazonaws.com{suffix}"

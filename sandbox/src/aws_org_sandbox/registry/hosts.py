"""Registry host names: the account and region of a registry. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aws_org_sandbox.partitions import dns_suffix

_HOST: Final = re.compile(
    r"(?P<account>\d{12})\.dkr(?P<separator>[.-])ecr(?:-fips)?\.(?P<region>[a-z]{2,}(?:-[a-z]+)+-\d+)\.(?P<suffix>[a-z][a-z0-9.-]+)"
    r"(?::\d{1,5})?",
    re.ASCII,
)
"""Classic, FIPS and dual-stack names: https://docs.aws.amazon.com/general/latest/gr/ecr.html"""
_DUAL_STACK: Final = frozenset({"on.aws", "on.amazonwebservices.com.cn", "on.amazonwebservices.eu"})


@dataclass(frozen=True, slots=True)
class RegistryHost:
    """One private registry of an account and region. `name` is the host as the client wrote it, without the port."""

    account: str
    region: str
    name: str


def parse_host(host: str) -> RegistryHost | None:
    """The registry that a Host header names, in the classic, FIPS or dual-stack form; None for any other host."""
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return None
    is_dual_stack = found["separator"] == "-"
    if found["suffix"] not in (_DUAL_STACK if is_dual_stack else {dns_suffix(found["region"])}):
        return None
    return RegistryHost(found["account"], found["region"], host.lower().partition(":")[0])


def host_of(account: str, region: str) -> str:
    """The classic host name of a registry."""
    return f"{account}.dkr.ecr.{region}.{dns_suffix(region)}"

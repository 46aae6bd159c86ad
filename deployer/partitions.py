"""Partitions of AWS, if no ARN of the caller names one: names, domains, and regions. Pure.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition and the domains that addresses in it end in."""

    name: str
    """The second part of every ARN, as in `aws-us-gov`."""
    dns_suffix: str
    """Of endpoints, and of the hosts of registries."""
    dual_stack_registries: str | None = None
    """Of the hosts of registries that answer IPv6 too; None if AWS publishes none."""
    console: str | None = None
    """Of the console; None if AWS publishes none."""
    iam_region: str | None = None
    """`aws:RequestedRegion` of calls to IAM; None if AWS publishes none. Policies that deny regions must exempt IAM.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
    """


COMMERCIAL = Partition(
    name="aws",
    dns_suffix="amazonaws.com",
    dual_stack_registries="on.aws",
    console="console.aws.amazon.com",
    iam_region="us-east-1",
)

_BY_PREFIX = {
    "cn-": Partition(
        name="aws-cn",
        dns_suffix="amazonaws.com.cn",
        dual_stack_registries="on.amazonwebservices.com.cn",
        console="console.amazonaws.cn",
        iam_region="cn-north-1",
    ),
    "eu-isoe-": Partition(name="aws-iso-e", dns_suffix="cloud.adc-e.uk"),
    "eusc-": Partition(
        name="aws-eusc",
        dns_suffix="amazonaws.eu",
        dual_stack_registries="on.amazonwebservices.eu",
        console="console.amazonaws-eusc.eu",
    ),
    "us-gov-": Partition(
        name="aws-us-gov",
        dns_suffix="amazonaws.com",
        dual_stack_registries="on.aws",
        console="console.amazonaws-us-gov.com",
        iam_region="us-gov-west-1",
    ),
    "us-iso-": Partition(name="aws-iso", dns_suffix="c2s.ic.gov"),
    "us-isob-": Partition(name="aws-iso-b", dns_suffix="sc2s.sgov.gov"),
    "us-isof-": Partition(name="aws-iso-f", dns_suffix="csp.hci.ic.gov"),
}


def partition_of(region: str) -> Partition:
    """The partition that a region is in, by the beginning of its name."""
    return next((found for prefix, found in _BY_PREFIX.items() if region.startswith(prefix)), COMMERCIAL)


def partition_named(name: str) -> Partition:
    """The partition of this name; one that is not known has the commercial one's domains."""
    return next((found for found in _BY_PREFIX.values() if found.name == name), COMMERCIAL)

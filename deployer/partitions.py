"""Partitions of AWS: names, domains and regions, from botocore's list, and what that does not state. Pure.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType

from handler.regions import REGION

COMMERCIAL = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition, its regions, and the domains that addresses in it end in."""

    name: str
    """The second part of every ARN, as in `aws-us-gov`."""
    dns_suffix: str
    """Of endpoints, and of the hosts of registries."""
    regions: frozenset[str] = field(repr=False)
    """The regions that the installed botocore lists."""
    region_pattern: re.Pattern[str] = field(repr=False)
    """Also matches regions that are newer than the installed botocore."""
    dual_stack_registries: str | None = None
    """Of the hosts of registries that answer IPv6 too; None if AWS publishes none."""
    console: str | None = None
    """Of the console; None if AWS publishes none."""
    iam_region: str | None = None
    """`aws:RequestedRegion` of calls to IAM; None if AWS publishes none. Policies that deny regions must exempt IAM.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
    """

    def has(self, region: str) -> bool:
        """Whether a region is in this partition, by its name."""
        return region in self.regions or self.region_pattern.match(region) is not None


_NOT_IN_BOTOCORE: Mapping[str, Mapping[str, str]] = {
    "aws": {"dual_stack_registries": "on.aws", "console": "console.aws.amazon.com", "iam_region": "us-east-1"},
    "aws-cn": {
        "dual_stack_registries": "on.amazonwebservices.com.cn",
        "console": "console.amazonaws.cn",
        "iam_region": "cn-north-1",
    },
    "aws-eusc": {"dual_stack_registries": "on.amazonwebservices.eu", "console": "console.amazonaws-eusc.eu"},
    "aws-us-gov": {
        "dual_stack_registries": "on.aws",
        "console": "console.amazonaws-us-gov.com",
        "iam_region": "us-gov-west-1",
    },
}


@cache
def partitions() -> Mapping[str, Partition]:
    """Every partition that botocore lists, by name."""
    listed = json.loads(resources.files("botocore").joinpath("data/partitions.json").read_text(encoding="utf-8"))
    found = {
        one["id"]: Partition(
            name=one["id"],
            dns_suffix=one["outputs"]["dnsSuffix"],
            regions=frozenset(filter(REGION.fullmatch, one["regions"])),
            region_pattern=re.compile(one["regionRegex"]),
            dual_stack_registries=extra.get("dual_stack_registries"),
            console=extra.get("console"),
            iam_region=extra.get("iam_region"),
        )
        for one in listed["partitions"]
        for extra in [_NOT_IN_BOTOCORE.get(one["id"], {})]
    }
    return MappingProxyType(found)


@cache
def known_regions() -> Mapping[str, Partition]:
    """Every region that botocore lists, with its partition."""
    return MappingProxyType({region: one for one in partitions().values() for region in one.regions})


def partition_of(region: str) -> Partition:
    """The partition that a region is in; the commercial one if botocore knows none."""
    return next((one for one in partitions().values() if one.has(region)), partitions()[COMMERCIAL])


def partition_named(name: str) -> Partition:
    """The partition of this name; one that is not known has the commercial one's domains."""
    return partitions().get(name, partitions()[COMMERCIAL])

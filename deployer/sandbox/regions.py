"""The regions that there are, and which of them an account has: moto's EC2 (5.2.5) gives every account all.

https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

import functools
from typing import Any

import botocore.session

from deployer.sandbox.calls import Call
from deployer.sandbox.seams import answers

OPT_IN = frozenset(
    {
        "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
        "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
        "me-central-1", "me-south-1", "mx-central-1",
    }
)  # fmt: skip
"""Regions that an account does not have unless it was opted in; no account of the sandbox is."""


@functools.cache
def known_regions() -> frozenset[str]:
    """Regions of the partition that CloudFormation is in."""
    return frozenset(botocore.session.Session().get_available_regions("cloudformation"))


@answers("ec2", "DescribeRegions")
def _describe_regions(call: Call) -> dict[str, Any]:
    """Those that the account has; `AllRegions` shows the others too."""
    shown = known_regions() if call.parameters.get("AllRegions") else known_regions() - OPT_IN
    named = call.parameters.get("RegionNames") or shown
    return {
        "Regions": [
            {
                "RegionName": region,
                "Endpoint": f"ec2.{region}.amazonaws.com",
                "OptInStatus": "not-opted-in" if region in OPT_IN else "opt-in-not-required",
            }
            for region in sorted(shown.intersection(named))
        ]
    }

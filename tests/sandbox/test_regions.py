"""Which regions an account of the sandbox has."""

from __future__ import annotations

from typing import Any

from deployer.sandbox.sandbox import Sandbox


def _listed(sandbox: Sandbox, **parameters: Any) -> dict[str, str]:
    answer = sandbox.client("ec2").describe_regions(**parameters)
    return {region["RegionName"]: region["OptInStatus"] for region in answer["Regions"]}


def test_an_account_has_the_regions_that_need_no_opt_in(sandbox: Sandbox) -> None:
    listed = _listed(sandbox)
    assert {"eu-west-1", "us-east-1"} <= listed.keys()
    assert {"eu-south-2", "cn-north-1", "us-gov-west-1"}.isdisjoint(listed)
    assert set(listed.values()) == {"opt-in-not-required"}


def test_all_regions_are_shown_on_demand(sandbox: Sandbox) -> None:
    assert _listed(sandbox, AllRegions=True)["eu-south-2"] == "not-opted-in"
    assert _listed(sandbox, RegionNames=["eu-west-1"]) == {"eu-west-1": "opt-in-not-required"}

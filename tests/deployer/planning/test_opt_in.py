"""Which opt-in regions a plan warns about: those that the management account lacks, or may lack."""

from __future__ import annotations

from typing import Literal

import pytest

from deployer.planning.opt_in import OptInRegion, opt_in_warnings
from deployer.stack_sets import Instance, StackSetState

ABROAD = "me-central-1"


def stack_set(*statuses: Literal["CURRENT", "OUTDATED"]) -> StackSetState:
    instances = (
        Instance(account=f"{number}", region=ABROAD, ou_id="ou", status=status)
        for number, status in enumerate(statuses)
    )
    return StackSetState(
        name="deployer-forwarding",
        arn="arn",
        body="{}",
        description="",
        auto_deployment=True,
        retain_on_removal=False,
        instances=tuple(instances),
    )


@pytest.mark.parametrize(
    ("status", "covered", "instances", "warns"),
    [
        pytest.param("disabled", {ABROAD}, (), True, id="AWS reports that it is disabled"),
        pytest.param("disabled", {ABROAD}, ("CURRENT",), True, id="it was disabled after a roll-out"),
        pytest.param("unknown", {ABROAD}, (), True, id="the status is unknown, and no instance exists"),
        pytest.param("unknown", {ABROAD}, ("OUTDATED",), True, id="the status is unknown, and the instance failed"),
        pytest.param("unknown", {ABROAD}, ("OUTDATED", "CURRENT"), False, id="an existing instance proves it"),
        pytest.param("enabled", {ABROAD}, (), False, id="it is enabled"),
        pytest.param("disabled", {"eu-west-1"}, (), False, id="it is outside the scope"),
    ],
)
def test_a_plan_warns_about_regions_that_the_management_account_may_lack(
    status: Literal["enabled", "disabled", "unknown"],
    covered: set[str],
    instances: tuple[Literal["CURRENT", "OUTDATED"], ...],
    warns: bool,
) -> None:
    found = opt_in_warnings([OptInRegion(ABROAD, status)], covered=covered, stack_sets=[stack_set(*instances)])
    assert found == ((OptInRegion(ABROAD, status),) if warns else ())

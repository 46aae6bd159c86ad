"""More than ten instances, or a tenth of all, are only deleted if that number is allowed."""

from __future__ import annotations

import dataclasses

import pytest

from deployer.errors import GuardError
from deployer.planning.guards import check_deletions
from deployer.planning.instances import InstancePlan
from deployer.planning.plan import Plan, StackPlan, StackSetPlan
from deployer.planning.states import StackKey
from deployer.stack_sets import DeploymentTargets, InstanceKey, InstanceOperation, StackSetDefinition
from deployer.targets import Scope


def _plan(*, gone: int, unchanged: int) -> Plan:
    keys = tuple(InstanceKey(f"{number:012}", "x") for number in range(gone))
    deletion = InstanceOperation(
        action="DELETE", targets=DeploymentTargets(ou_ids=("ou",)), regions=("x",), instances=keys
    )
    stack = StackPlan(key=StackKey("s", "x"), change="unchanged", definition=None)
    stack_set = StackSetPlan(
        definition=StackSetDefinition(name="s", description="", body="{}"),
        change="unchanged",
        resources=(),
        properties=(),
        only=None,
        rewritten=0,
        instances=InstancePlan(delete=(deletion,), unchanged=unchanged),
    )
    return Plan(
        artifacts=stack,
        bundle_key="k",
        uploads_bundle=False,
        settings=(),
        central=stack,
        stack_sets=(stack_set,),
        companions=(),
        skips=(),
        scope=Scope(),
    )


@pytest.mark.parametrize(
    ("gone", "unchanged", "allowed", "refused"),
    [
        pytest.param(10, 1000, None, False, id="ten of many"),
        pytest.param(11, 1000, None, True, id="eleven of many"),
        pytest.param(3, 27, None, False, id="a tenth of few"),
        pytest.param(4, 27, None, True, id="more than a tenth of few"),
        pytest.param(11, 1000, 11, False, id="as many as allowed"),
        pytest.param(12, 1000, 11, True, id="one more than allowed"),
        pytest.param(1, 1000, 0, True, id="none allowed"),
        pytest.param(0, 0, None, False, id="nothing to delete"),
    ],
)
def test_whether_a_number_of_deletions_is_allowed(
    gone: int, unchanged: int, allowed: int | None, refused: bool
) -> None:
    plan = _plan(gone=gone, unchanged=unchanged)
    if not refused:
        check_deletions(plan, allowed=allowed)
        return
    with pytest.raises(GuardError, match=f"{gone} of {gone + unchanged} stack instances") as caught:
        check_deletions(plan, allowed=allowed)
    assert caught.value.next_step == f"If this is intended, add --allow-delete {gone}."
    check_deletions(dataclasses.replace(plan, stack_sets=()), allowed=allowed)

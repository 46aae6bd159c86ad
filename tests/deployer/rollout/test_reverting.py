"""Manual changes of the central stacks' resources: planned, reverted, and read again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deployer.errors import GuardError
from deployer.planning.comparison import make_plan
from deployer.planning.damage import Inspection
from deployer.planning.guards import check_deletions
from deployer.planning.losses import CONTENTS, losses
from deployer.planning.plan import Plan
from deployer.rendering.cautions import cautions
from deployer.rendering.waves import Course
from deployer.rollout.actual_state import read_actual_state
from deployer.rollout.adoption import adopted
from deployer.rollout.execution import ExecutionOptions, roll_out
from deployer.stack_sets import InstanceKey
from deployer.stacks import StackDefinition
from handler.inspection import Damage, DamagedResource
from handler.resource_comparison import Addition
from tests.deployer.examples import example_deployment, rolled_out

HERE = InstanceKey("200000000001", "eu-west-1")
DISABLED = "event rule deployer-repository-not-found is disabled"
RULE = DamagedResource("HandlerRule", "AWS::Events::Rule", is_missing=False, changed=("State",), unset=())
ADDED = (Addition("policy x was added to role deployer-operator", "aws iam detach-role-policy"),)
DEPLOYMENT = example_deployment()
CENTRAL = DEPLOYMENT.desired.central


def planned(damage: Damage) -> Plan:
    """The plan after somebody changed resources of the central stack."""
    actual = read_actual_state(DEPLOYMENT.desired, rolled_out(DEPLOYMENT).cloud)
    inspection = Inspection(damaged={CENTRAL.name: {HERE: damage}})
    return make_plan(DEPLOYMENT.desired, replace(actual, inspection=inspection))


def test_changes_are_reverted_and_additions_remain_to_be_removed() -> None:
    plan = planned(Damage(problems=(DISABLED,), additions=ADDED, resources=(RULE,)))
    assert [(one.logical_id, one.details) for one in plan.central.resources] == [("HandlerRule", ("State",))]
    assert [(key, found.additions) for key, found in plan.blocked] == [(HERE, ADDED)]
    cloud = rolled_out(DEPLOYMENT)
    result = roll_out(plan, DEPLOYMENT.bundle, cloud.cloud, lambda _: None)
    assert cloud.stacks.reverted == [CENTRAL.name]
    assert (result.exit_code, [one.reason for one in result.failures]) == (1, [ADDED[0].text])


def test_additions_alone_cause_no_changes() -> None:
    plan = planned(Damage(additions=ADDED))
    assert (plan.central.change, plan.is_empty, [key for key, _ in plan.blocked]) == ("unchanged", True, [HERE])


def test_a_roll_out_fails_if_anything_still_differs_afterwards() -> None:
    plan = planned(Damage(problems=(DISABLED,), resources=(RULE,)))
    options = ExecutionOptions(remaining_damage=lambda _: (DISABLED,))
    result = roll_out(plan, DEPLOYMENT.bundle, rolled_out(DEPLOYMENT).cloud, lambda _: None, options=options)
    assert result.error is not None
    assert DISABLED in result.error.message


def test_a_stack_first_adopts_what_drift_aware_change_sets_do_not_compare() -> None:
    function = DamagedResource(
        "HandlerFunction", "AWS::Lambda::Function", is_missing=False, changed=("R",), unset=(("R", 0),)
    )
    policy = DamagedResource("FailuresQueuePolicy", "AWS::SQS::QueuePolicy", is_missing=True, changed=(), unset=())
    assert adopted(CENTRAL, Damage(problems=(DISABLED,), resources=(RULE,))) is None
    found = adopted(CENTRAL, Damage(problems=("",), resources=(RULE, function, policy)))
    assert found is not None
    before, after = resources(CENTRAL), resources(found)
    assert before.keys() - after.keys() == {policy.logical_id}
    assert after[function.logical_id]["Properties"]["R"] == 0
    del after[function.logical_id]["Properties"]["R"]
    assert {key: one for key, one in before.items() if key != policy.logical_id} == after


TABLE = DamagedResource("LedgerTable", "AWS::DynamoDB::Table", is_missing=True, changed=(), unset=())


def test_recreating_the_ledger_is_a_warning_and_must_be_allowed() -> None:
    plan = planned(Damage(problems=("table deployer-ledger does not exist",), resources=(TABLE,)))
    (text,) = (one for one in cautions(plan, DEPLOYMENT.desired.organization, Course()) if "ledger" in one)
    assert "without its records" in text
    assert "restore-table-from-backup --target-table-name deployer-ledger" in text
    for allowed in (None, 0):
        with pytest.raises(GuardError, match="without its records") as refused:
            check_deletions(plan, allowed=allowed)
        assert refused.value.next_step is not None
        assert "restore-table-from-backup" in refused.value.next_step
        assert "--allow-delete 1." in refused.value.next_step
    check_deletions(plan, allowed=1)


def test_an_existing_ledger_is_reverted_without_a_warning() -> None:
    edited = DamagedResource(TABLE.logical_id, TABLE.type, is_missing=False, changed=("DeletionProtection",), unset=())
    plan = planned(Damage(problems=("changed",), resources=(edited,)))
    assert losses(plan) == ()
    check_deletions(plan, allowed=None)


@pytest.mark.parametrize("type_", sorted(CONTENTS))
def test_each_deleted_resource_with_content_is_a_warning(type_: str) -> None:
    missing = DamagedResource(TABLE.logical_id, type_, is_missing=True, changed=(), unset=())
    plan = planned(Damage(problems=("it does not exist",), resources=(missing,)))
    found = cautions(plan, DEPLOYMENT.desired.organization, Course())
    assert any(f"created again without its {CONTENTS[type_]}" in one for one in found), found


def resources(definition: StackDefinition) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = json.loads(definition.body)["Resources"]
    return found

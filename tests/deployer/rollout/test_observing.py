"""A plan after the observation of repositories is disabled."""

from __future__ import annotations

from pathlib import Path

from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import Deployer
from tests.deployer.examples import changed
from tests.deployer.rollout.test_in_sandbox import begins_rolled_out

OFF = "ledger: {observe: false}\n"


@begins_rolled_out
def test_a_plan_shows_the_changed_rules_before_a_roll_out_changes_them(sandbox: Sandbox, tmp_path: Path) -> None:
    deployer = Deployer(sandbox, config=changed(tmp_path, "organization.yaml", "", OFF))
    plan = deployer("plan")
    assert plan.exit_code == 2
    lines = [line.strip() for line in plan.out.splitlines()]
    assert "~ ForwardingRule (AWS::Events::Rule): EventPattern" in lines
    assert "~ HandlerRule (AWS::Events::Rule): EventPattern" in lines
    assert "~ 14 instances: the same 1 change" in lines

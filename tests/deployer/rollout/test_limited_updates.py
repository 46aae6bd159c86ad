"""Roll-outs of a part of the organization in the sandbox, when the StackSets' own templates change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import Deployer
from tests.deployer.rollout.test_in_sandbox import EXPECTED, NETWORK, _edited, installed

DEV = {"400000000001", "400000000002"}
INFRASTRUCTURE = {"200000000001", NETWORK, "200000000003"}

pytestmark = pytest.mark.usefixtures("small_central_stack")


def _with_cleanup(sandbox: Sandbox, tmp_path: Path, **edits: tuple[str, str]) -> Deployer:
    """Config files under which the creator role of every account has one more statement."""
    config = _edited(tmp_path, "organization.yaml", "\nrollout:", "\ncleanup: true\nrollout:")
    for old, new in edits.values():
        config = _edited(tmp_path, "organization.yaml", old, new)
    return Deployer(sandbox, config=config)


def _statuses(sandbox: Sandbox, name: str = "deployer-access") -> dict[str, set[str]]:
    """Accounts of a StackSet by the status of their instances."""
    client: Any = sandbox.client("cloudformation")
    found: dict[str, set[str]] = {}
    for one in client.list_stack_instances(StackSetName=name, CallAs="DELEGATED_ADMIN")["Summaries"]:
        found.setdefault(one["Status"], set()).add(one["Account"])
    return found


def _operations(sandbox: Sandbox, name: str = "deployer-access") -> list[tuple[str, frozenset[str]]]:
    """The requests for a StackSet since the calls were cleared: each call and the accounts that it names."""
    changing = {"CreateStackInstances", "DeleteStackInstances", "UpdateStackInstances", "UpdateStackSet"}
    return [
        (call.operation, frozenset(call.parameters.get("DeploymentTargets", {}).get("Accounts", ())))
        for call in sandbox.calls
        if call.operation in changing and call.parameters["StackSetName"] == name
    ]


def test_one_ou_after_the_other_gets_a_changed_template(sandbox: Sandbox, tmp_path: Path) -> None:
    assert Deployer(sandbox)("rollout", "--ou", "Workloads/Dev", "--yes").exit_code == 0
    changed = _with_cleanup(sandbox, tmp_path)

    sandbox.calls.clear()
    ran = changed("rollout", "--ou", "Infrastructure", "--yes")
    assert ran.exit_code == 0, ran
    assert installed(sandbox) == {account: EXPECTED[account] for account in DEV | INFRASTRUCTURE}
    assert _statuses(sandbox) == {"OUTDATED": DEV, "CURRENT": INFRASTRUCTURE}
    (first, _), (updated, accounts), *_ = _operations(sandbox)
    assert (first, updated, len(accounts)) == ("CreateStackInstances", "UpdateStackSet", 1)

    sandbox.calls.clear()
    ran = changed("rollout", "--ou", "Workloads/Dev", "--yes")
    assert ran.exit_code == 0, ran
    assert _statuses(sandbox) == {"CURRENT": DEV | INFRASTRUCTURE}
    assert _operations(sandbox) == [("UpdateStackSet", frozenset(DEV))]
    (call,) = [one for one in sandbox.calls if one.operation == "UpdateStackSet"]
    assert call.parameters["UsePreviousTemplate"] is True
    for scope in (("--ou", "Infrastructure"), ("--ou", "Workloads/Dev")):
        assert changed("plan", *scope).exit_code == 0


def test_waves_bring_a_changed_template_to_ous_with_and_without_instances(sandbox: Sandbox, tmp_path: Path) -> None:
    assert Deployer(sandbox)("rollout", "--ou", "Workloads/Dev", "--account", NETWORK, "--yes").exit_code == 0
    sandbox.calls.clear()
    changed = _with_cleanup(
        sandbox, tmp_path, waves=("\nrollout:", '\nrollout:\n  waves: [[Infrastructure/Deployment], [Sandbox], ["*"]]')
    )
    scope = ("--ou", "Infrastructure", "--ou", "Workloads/Dev", "--ou", "Sandbox")
    ran = changed("rollout", *scope, "--yes")
    assert ran.exit_code == 0, ran
    assert installed(sandbox) == {account: EXPECTED[account] for account in DEV | INFRASTRUCTURE}
    assert _statuses(sandbox) == {"CURRENT": DEV | INFRASTRUCTURE}
    assert "UpdateStackInstances" not in {name for name, _ in _operations(sandbox)}
    assert changed("plan", *scope).exit_code == 0
    assert changed("destroy", "--yes").exit_code == 0
    assert installed(sandbox) == {}


def test_changes_between_plan_and_operation_are_explained(sandbox: Sandbox, tmp_path: Path) -> None:
    assert Deployer(sandbox)("rollout", "--ou", "Workloads/Dev", "--yes").exit_code == 0
    gone = Error(code="StackInstanceNotFoundException", message="Stack instance not found", status=404)
    fault = sandbox.faults.add(Fault(effect=gone, operation="UpdateStackSet"))
    ran = _with_cleanup(sandbox, tmp_path)("rollout", "--ou", "Workloads/Dev", "--yes")
    assert (ran.exit_code, fault.hits) == (1, 1), ran
    shown = " ".join(ran.out.split())
    assert "StackSet deployer-access has changed since it was read: Stack instance not found" in shown
    assert "Run the same command again" in shown


def test_an_ou_that_aws_no_longer_finds_does_not_stop_a_removal(sandbox: Sandbox) -> None:
    """Whether AWS finds a covered OU that never had an account is not documented."""
    deployer = Deployer(sandbox)
    empty = sandbox.create_ou("Later", "ou-exam-dev00001")
    assert deployer("rollout", "--ou", "Workloads/Dev", "--yes").exit_code == 0
    client: Any = sandbox.client("cloudformation")
    client.create_stack_instances(
        StackSetName="deployer-access",
        DeploymentTargets={"OrganizationalUnitIds": [empty.id], "AccountFilterType": "NONE"},
        Regions=["eu-west-1"],
        CallAs="DELEGATED_ADMIN",
    )
    sandbox.settle()
    missing = Error(code="ValidationError", message=f"Organizational unit {empty.id} not found in StackSet")
    fault = sandbox.faults.add(
        Fault(effect=missing, operation="DeleteStackInstances", when=lambda call: empty.id in str(call.parameters))
    )
    ran = deployer("destroy", "--yes")
    assert (ran.exit_code, fault.hits) == (0, 1), ran
    assert installed(sandbox) == {}

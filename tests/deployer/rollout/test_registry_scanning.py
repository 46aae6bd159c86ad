"""Registry scanning by OU: what each registry scans afterwards, in the sandbox."""

from __future__ import annotations

import pytest

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import writes
from tests.deployer.rollout.folder import Folder

SHOP, SEARCH, PAYMENTS, LEDGER = "300000000001", "300000000002", "300000000003", "300000000004"
SHOP_DEV, SEARCH_DEV = "400000000001", "400000000002"
PROD, DEV = "ous/workloads/prod.yaml", "ous/workloads/dev.yaml"
ENHANCED = "registry: {scanning: {type: ENHANCED, frequency: CONTINUOUS_SCAN}}\n"
BASIC = "registry: {scanning: {type: BASIC, filters: ['app-*']}}\n"

pytestmark = pytest.mark.usefixtures("small_central_stack")

Scans = dict[tuple[str, str], str]


def scans(sandbox: Sandbox) -> Scans:
    """Every registry that does not have ECR's default: type, frequency and filters."""
    found: Scans = {}
    for account in sandbox.organization.accounts:
        for region in ("eu-west-1", "us-east-1"):
            client = sandbox.client("ecr", account=account, region=region)
            configuration = client.get_registry_scanning_configuration()["scanningConfiguration"]
            rules = [
                f"{rule['scanFrequency']} {' '.join(item['filter'] for item in rule['repositoryFilters'])}"
                for rule in configuration["rules"]
            ]
            if rules or configuration["scanType"] != "BASIC":
                found[account, region] = " ".join([configuration["scanType"], *rules])
    return found


def in_prod(text: str) -> Scans:
    accounts = (SHOP, SEARCH, PAYMENTS, LEDGER)
    return {(account, region): text for account in accounts for region in ("eu-west-1", "us-east-1")}


def in_dev(text: str) -> Scans:
    return {(account, "eu-west-1"): text for account in (SHOP_DEV, SEARCH_DEV)}


def test_each_ou_gets_its_own_scanning_and_others_keep_the_default(sandbox: Sandbox, folder: Folder) -> None:
    folder.scope = ("--ou", "Workloads")
    folder.configure(PROD, ENHANCED)
    folder.configure(DEV, BASIC)
    assert folder.roll_out() == 0
    assert scans(sandbox) == in_prod("ENHANCED CONTINUOUS_SCAN *") | in_dev("BASIC SCAN_ON_PUSH app-*")
    sandbox.calls.clear()
    assert folder.roll_out() == 0
    assert writes(sandbox) == []
    assert folder.deployer("status", *folder.scope).exit_code == 0

    newcomer = sandbox.create_account("new-prod", "ou-exam-prod0001").id
    sandbox.settle()
    assert scans(sandbox)[newcomer, "us-east-1"] == "ENHANCED CONTINUOUS_SCAN *"

    folder.configure(PROD, BASIC)
    folder.configure(DEV, "")
    planned = folder.deployer("plan", *folder.scope).out
    assert "~ 10 instances deleted first, for another StackSet of the same kind" in planned
    assert "DELETES 2 stack instances" in planned
    assert "afterwards: ECR's default, manual basic scanning" in " ".join(planned.split())
    assert folder.roll_out("--allow-delete", "2") == 0
    assert set(scans(sandbox).values()) == {"BASIC SCAN_ON_PUSH app-*"}
    assert len(scans(sandbox)) == 10
    names = [one["StackSetName"] for one in folder_stack_sets(sandbox)]
    assert len([name for name in names if "registry-scanning" in name]) == 1

    assert folder.deployer("destroy", "--yes").exit_code == 0
    sandbox.settle()
    assert scans(sandbox) == {}
    assert folder_stack_sets(sandbox) == []


def folder_stack_sets(sandbox: Sandbox) -> list[dict[str, str]]:
    answer = sandbox.client("cloudformation").list_stack_sets(CallAs="DELEGATED_ADMIN", Status="ACTIVE")
    found: list[dict[str, str]] = answer["Summaries"]
    return found


def test_a_registry_whose_removal_failed_is_reported_and_repaired_by_running_again(
    sandbox: Sandbox, folder: Folder
) -> None:
    folder.scope = ("--ou", "Workloads/Prod")
    folder.configure(PROD, ENHANCED)
    assert folder.roll_out() == 0
    folder.configure(PROD, BASIC)
    resets = Fault(
        effect=Error(code="ServerException", message="not now", status=500),
        operation="PutRegistryScanningConfiguration",
        account=SHOP,
        when=lambda call: not call.parameters.get("rules"),
    )
    sandbox.faults.add(resets)
    assert folder.roll_out() == 1
    assert folder.deployer("status", *folder.scope).exit_code == 2
    sandbox.faults.clear()
    assert "deleted and created again" in folder.deployer("plan", *folder.scope).out
    assert folder.roll_out() == 0
    assert scans(sandbox) == in_prod("BASIC SCAN_ON_PUSH app-*")
    assert folder.deployer("status", *folder.scope).exit_code == 0

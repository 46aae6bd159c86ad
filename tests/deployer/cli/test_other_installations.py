"""A changed prefix, central account or central region of an existing installation is refused; nothing is changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.organizations.accounts import STACK_SETS_PRINCIPAL
from aws_org_sandbox.sandbox import Sandbox
from deployer.errors import GuardError
from templates import forwarding
from templates.names import Names
from templates.parts import body
from tests.deployer.command_line import CONFIG, Deployer, is_writing
from tests.deployer.examples import CENTRAL, MANAGEMENT, SEARCH_DEV, SHOP_DEV
from tests.deployer.rollout.few_accounts import begins_rolled_out_to_few
from tests.deployer.test_operator_policy_in_sandbox import deployer_with_policy

pytestmark = pytest.mark.usefixtures("small_central_stack")

OTHER_INSTALLATION = 28
PREFIX = ("prefix: deployer", "prefix: ecr")
ACCOUNT = (f'account: "{CENTRAL}"', f'account: "{SHOP_DEV}"')
REGION = ("region: eu-west-1", "region: eu-central-1")
EVERYTHING = "prefix, central account and region"
CHANGES = {
    "prefix": [PREFIX],
    "central account": [ACCOUNT],
    "central region": [REGION],
    "central account and region": [ACCOUNT, REGION],
    EVERYTHING: [PREFIX, ACCOUNT, REGION],
}
COMMANDS = (
    ("plan",),
    ("status",),
    ("destroy", "--yes"),
    ("rollout", "--org", "--yes"),
    ("rollout", "--account", SEARCH_DEV, "--yes"),
)
OTHER = Names(prefix="ecr", organization_id="o-exampleorg1", central_account=SHOP_DEV, central_region="eu-central-1")


def changed(folder: Path, change: str) -> Path:
    """The config files with organization.yaml changed."""
    config = Path(shutil.copytree(CONFIG, folder / change.replace(" ", "-")))
    file = config / "organization.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in CHANGES[change]:
        assert old in text, text
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    return config


@begins_rolled_out_to_few
def test_another_installation_is_refused_by_plan_rollout_and_doctor(sandbox: Sandbox, tmp_path: Path) -> None:
    """Each change by one command: all of them find installations alike, and `doctor` with the same two searches."""
    sandbox.client("organizations", account=MANAGEMENT).register_delegated_administrator(
        AccountId=SHOP_DEV, ServicePrincipal=STACK_SETS_PRINCIPAL
    )
    for change, command in zip(CHANGES, COMMANDS, strict=True):
        account = SHOP_DEV if "account" in change else None
        deployer = Deployer(sandbox, config=changed(tmp_path, change), account=account, searches_regions=True)
        sandbox.calls.clear()
        ran = deployer(*command)
        text = " ".join(ran.err.split())
        assert ran.exit_code == OTHER_INSTALLATION, (change, ran)
        assert "another installation" in text
        assert "deployer-forwarding" in text
        assert "deployer docs operations" in text
        assert [call.name for call in sandbox.calls if is_writing(call.operation)] == []
        if change in {"prefix", "central region"}:  # found in the configured region, and elsewhere
            ran = deployer("doctor", "--json")
            (check,) = [one for one in ran.document["checks"] if one["check"] == "installations"]
            assert (ran.exit_code, check["result"]) == (2, "problem"), (change, ran)
            assert "deployer-forwarding" in json.dumps(check["findings"])

    own = Deployer(sandbox, searches_regions=True)
    assert [own(command).exit_code for command in ("plan", "doctor")] == [0, 0]


@begins_rolled_out_to_few
def test_two_installations_in_other_accounts_and_regions_are_found_and_one_can_be_removed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.client("organizations", account=MANAGEMENT).register_delegated_administrator(
        AccountId=SHOP_DEV, ServicePrincipal=STACK_SETS_PRINCIPAL
    )
    other = sandbox.client("cloudformation", account=SHOP_DEV, region="eu-central-1")
    other.create_stack_set(
        StackSetName="ecr-forwarding",
        Description=forwarding.DESCRIPTION,
        TemplateBody=body(forwarding.template(OTHER)),
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": False},
        CallAs="DELEGATED_ADMIN",
    )
    error = Error(code="InvalidClientTokenId", status=403)
    refused = Fault(service="cloudformation", operation="ListStackSets", region="us-east-1", effect=error)
    sandbox.faults.add(refused)  # as opt-in regions answer to tokens of the global endpoint of STS
    own = Deployer(sandbox, searches_regions=True)
    theirs = Deployer(sandbox, config=changed(tmp_path, EVERYTHING), account=SHOP_DEV, searches_regions=True)
    refusing = [one for one in COMMANDS if one[0] != "destroy"]
    for deployer, commands, found in (
        (own, refusing[::2], "ecr-forwarding"),
        (theirs, refusing[1::2], "deployer-forwarding"),
    ):
        for command in commands:
            ran = deployer(*command)
            assert ran.exit_code == OTHER_INSTALLATION, (command, ran)
            assert f"StackSet {found}" in " ".join(ran.err.split())

    denied = own("destroy")  # asks, and there is no terminal
    assert denied.exit_code == GuardError.exit_code, denied
    assert "another installation stays: prefix ecr, eu-central-1" in " ".join(denied.out.split())
    removed = theirs("destroy", "--yes", "--json")
    assert removed.exit_code == 0, removed
    assert removed.document["stack_sets"] == ["ecr-forwarding"]
    assert "prefix deployer, eu-west-1" in removed.document["other_installations"][0]
    assert own("plan").exit_code == 0


@begins_rolled_out_to_few
def test_a_bucket_that_only_resembles_one_of_an_installation_is_ignored(sandbox: Sandbox, tmp_path: Path) -> None:
    s3 = sandbox.client("s3", region="us-east-1")
    bucket = f"build-artifacts-{CENTRAL}-us-east-1"
    s3.create_bucket(Bucket=bucket)
    assert Deployer(sandbox)("plan").exit_code == 0

    tags = [{"Key": "deployer:managed-by", "Value": "build"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    ran = deployer_with_policy(sandbox, "look")("plan")  # with exactly the documented policy
    assert ran.exit_code == OTHER_INSTALLATION, ran
    assert f"bucket {bucket}" in " ".join(ran.err.split())
    examiner = deployer_with_policy(sandbox, "doctor")
    examiner.config = changed(tmp_path, "central region")
    sandbox.calls.clear()
    checks = {one["check"]: json.dumps(one["findings"]) for one in examiner("doctor", "--json").document["checks"]}
    assert f"bucket {bucket}" in checks["installations"]
    assert "StackSet deployer-forwarding" in checks["installations"]
    made = [call for call in sandbox.calls if call.operation in {"DescribeStackSet", "GetBucketTagging", "ListBuckets"}]
    assert {call.operation for call in made} == {"DescribeStackSet", "GetBucketTagging", "ListBuckets"}
    assert [call.name for call in made if call.error_code == "AccessDenied"] == []


@pytest.mark.parametrize("command", ["plan", "doctor"])
def test_nothing_is_found_before_the_first_roll_out(command: str, sandbox: Sandbox) -> None:
    ran = Deployer(sandbox, searches_regions=True)(command)
    assert ran.exit_code == {"plan": 2, "doctor": 0}[command], ran
    listed = {call.region for call in sandbox.calls if call.operation == "ListStackSets"}
    assert len(listed) > 10

"""A changed prefix, central account or central region under an installation is refused, and nothing is changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aws_org_sandbox.organizations.accounts import STACK_SETS_PRINCIPAL
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import CONFIG, Deployer, is_writing
from tests.deployer.rollout.test_in_sandbox import CENTRAL, MANAGEMENT, NETWORK, begins_rolled_out
from tests.deployer.test_operator_policy_in_sandbox import acting

OTHER_INSTALLATION = 28
PREFIX = ("prefix: deployer", "prefix: ecr")
ACCOUNT = (f'account: "{CENTRAL}"', f'account: "{NETWORK}"')
REGION = ("region: eu-west-1", "region: eu-central-1")
CHANGES = {
    "prefix": [PREFIX],
    "central account": [ACCOUNT],
    "central region": [REGION],
    "central account and region": [ACCOUNT, REGION],
    "prefix, central account and region": [PREFIX, ACCOUNT, REGION],
}


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


@begins_rolled_out
def test_another_installation_is_refused_by_plan_rollout_and_doctor(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.client("organizations", account=MANAGEMENT).register_delegated_administrator(
        AccountId=NETWORK, ServicePrincipal=STACK_SETS_PRINCIPAL
    )
    for change in CHANGES:
        account = NETWORK if "account" in change else None
        deployer = Deployer(sandbox, config=changed(tmp_path, change), account=account)
        for command in (("plan",), ("rollout", "--org", "--yes"), ("rollout", "--account", "300000000001", "--yes")):
            sandbox.calls.clear()
            ran = deployer(*command)
            text = " ".join(ran.err.split())
            assert ran.exit_code == OTHER_INSTALLATION, (change, ran)
            assert "another installation" in text
            assert "deployer-forwarding" in text
            assert "docs/operations.md" in text
            assert [call.name for call in sandbox.calls if is_writing(call.operation)] == []
        ran = deployer("doctor", "--json")
        (check,) = [one for one in ran.document["checks"] if one["check"] == "installations"]
        assert (ran.exit_code, check["result"]) == (2, "problem"), (change, ran)
        assert "deployer-forwarding" in json.dumps(check["findings"])

    own = Deployer(sandbox)
    assert own("plan").exit_code == 0
    assert own("doctor").exit_code == 0


@begins_rolled_out
def test_a_bucket_that_only_looks_like_an_installations_is_none(sandbox: Sandbox, tmp_path: Path) -> None:
    s3 = sandbox.client("s3", region="us-east-1")
    bucket = f"build-artifacts-{CENTRAL}-us-east-1"
    s3.create_bucket(Bucket=bucket)
    assert Deployer(sandbox)("plan").exit_code == 0

    tags = [{"Key": "deployer:managed-by", "Value": "build"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    ran = acting(sandbox, "look")("plan")  # with exactly the documented policy
    assert ran.exit_code == OTHER_INSTALLATION, ran
    assert f"bucket {bucket}" in " ".join(ran.err.split())
    examiner = acting(sandbox, "doctor")
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
    ran = Deployer(sandbox)(command)
    assert ran.exit_code == {"plan": 2, "doctor": 0}[command], ran
    listed = {call.region for call in sandbox.calls if call.operation == "ListStackSets"}
    assert len(listed) > 10

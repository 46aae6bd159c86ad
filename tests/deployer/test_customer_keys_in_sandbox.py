"""Repositories encrypted with a customer managed key: created on push, verified and deleted, each by its own role."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import CONFIG, Deployer
from tests.deployer.drift.installation import Installed

SHOP_DEV, SEARCH_DEV = "400000000001", "400000000002"
NAME = "team-a/api"


@pytest.fixture
def deployer(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployer:
    """The command line with files that configure the key of an alias in Workloads/Dev, and cleanup."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    dev, organization = config / "ous" / "workloads" / "dev.yaml", config / "organization.yaml"
    key = "  encryption: {type: KMS, kms_key: 'arn:aws:kms:{region}:{account}:alias/ecr'}\n"
    dev.write_text(dev.read_text(encoding="utf-8") + key, encoding="utf-8")
    organization.write_text(f"{organization.read_text(encoding='utf-8')}\ncleanup: true\n", encoding="utf-8")
    return Deployer(sandbox, config=config)


def push(sandbox: Sandbox, account: str) -> None:
    ecr = sandbox.client("ecr", account=account)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.initiate_layer_upload(repositoryName=NAME)
    sandbox.settle(60)


def asked_of_kms(sandbox: Sandbox, operation: str) -> set[str]:
    """The roles that a call of ECR was made by."""
    return {call.principal.arn.split("/")[1] for call in sandbox.calls.of("ecr", operation) if not call.error_code}


def test_a_customer_key_is_used_compared_and_released(sandbox: Sandbox, deployer: Deployer) -> None:
    kms = sandbox.client("kms", account=SHOP_DEV)
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/ecr", TargetKeyId=key["KeyId"])
    ran = deployer("rollout", "--ou", "Workloads/Dev", "--yes")
    assert ran.exit_code == 0, ran
    push(sandbox, SHOP_DEV)
    ecr = sandbox.client("ecr", account=SHOP_DEV)
    (made,) = ecr.describe_repositories(repositoryNames=[NAME])["repositories"]
    assert made["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key["Arn"]}

    verified = deployer("audit", "verify", "--account", SHOP_DEV, "--json")
    assert (verified.exit_code, verified.document["unread"]) == (0, [])
    assert [one["verdict"] for one in verified.document["repositories"]] == ["in sync"]

    Installed(sandbox, deployer).age(NAME, by=timedelta(days=3), account=SHOP_DEV)
    repaired = deployer("audit", "repair", "--account", SHOP_DEV, "--delete-blank", "--yes")
    assert repaired.exit_code == 0, repaired
    assert ecr.describe_repositories()["repositories"] == []
    assert asked_of_kms(sandbox, "CreateRepository") == {"deployer-creator"}
    assert asked_of_kms(sandbox, "DeleteRepository") == {"deployer-cleaner"}

    push(sandbox, SEARCH_DEV)  # which has no key of that alias
    failed = deployer("audit", "list", "--account", SEARCH_DEV, "--json")
    assert [(one["outcome"], one["reason"]) for one in failed.document] == [("failed", "kms-failed")]

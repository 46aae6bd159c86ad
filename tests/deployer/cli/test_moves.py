"""The run book's procedure for a new prefix, region and central account; the ledger is copied or kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.organizations.accounts import STACK_SETS_PRINCIPAL
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import CONFIG, Deployer
from tests.deployer.rollout.test_in_sandbox import CENTRAL, MANAGEMENT, NETWORK, begins_rolled_out
from tests.docs.commands import ROOT

SHOP = "300000000001"
SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
SCRIPT = ROOT / "contrib" / "copy-ledger.py"
PAGE = " ".join(
    (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").split("### Move the installation")[1].split()
)


@dataclass
class Operator:
    """An operator who follows the procedure, with a config folder and credentials for the installation."""

    sandbox: Sandbox
    config: Path
    account: str = CENTRAL

    def __call__(self, *arguments: str, expected: int = 0) -> Any:
        words = [one for one in arguments[:2] if not one.startswith("--")]
        assert " ".join(["deployer", *words]) in PAGE
        ran = Deployer(self.sandbox, config=self.config, account=self.account)(*arguments)
        assert ran.exit_code == expected, ran
        self.sandbox.settle()
        return ran

    def move(self, folder: Path, old: str, new: str, *, account: str | None = None) -> Operator:
        """Steps 2 to 4: remove the old installation, change the value, and deploy."""
        assert "no failures" in self("failures", "list").out.lower()
        self("destroy", "--yes")
        moved = Operator(self.sandbox, Path(shutil.copytree(self.config, folder)), account or self.account)
        file = moved.config / "organization.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        moved("rollout", "--org", "--yes")
        found = moved("doctor", "--json").document["checks"]
        assert [one["result"] for one in found if one["check"] == "installations"] == ["ok"]
        return moved

    def copy_ledger(self, old: str, new: str) -> str:
        """Step 5, with the script."""
        environment = os.environ | dict(self.sandbox.environment(self.account))
        keys = "".join(
            f"{key.lower()} = {value}\n" for key, value in environment.items() if key in {"AWS_ACCESS_KEY_ID", *SECRETS}
        )
        profiles = self.config / "credentials"
        profiles.write_text(f"[old]\n{keys}\n[new]\n{keys}", encoding="utf-8")
        environment["AWS_SHARED_CREDENTIALS_FILE"] = str(profiles)
        command = [sys.executable, str(SCRIPT), old, new]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def verdicts(self, *, expected: int = 0) -> dict[str, str]:
        """Step 6."""
        found = self("audit", "verify", "--json", expected=expected).document["repositories"]
        return {one["repository"]: one["verdict"] for one in found}


def push(sandbox: Sandbox, name: str) -> dict[str, str]:
    """A push to a missing repository; returns the tags of the new repository."""
    ecr = sandbox.client("ecr", account=SHOP, region="eu-west-1")
    with pytest.raises(ClientError):
        ecr.initiate_layer_upload(repositoryName=name)
    sandbox.settle(60)
    arn = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryArn"]
    return {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}


@begins_rolled_out
def test_an_installation_moves_by_prefix_by_region_and_by_account(sandbox: Sandbox, tmp_path: Path) -> None:
    first = Operator(sandbox, Path(shutil.copytree(CONFIG, tmp_path / "first")))
    assert push(sandbox, "team-a/api")["deployer:installation"] == "deployer"

    second = first.move(tmp_path / "second", "prefix: deployer", "prefix: ecr")
    for _ in range(2):  # repeating it is harmless
        copied = second.copy_ledger("eu-west-1/deployer-ledger", "eu-west-1/ecr-ledger")
        assert copied == "Records copied to eu-west-1/ecr-ledger: 1\n"
    assert second.verdicts(expected=2) == {"team-a/api": "drifted"}
    second("audit", "repair", "--yes")
    assert second.verdicts() == {"team-a/api": "in sync"}
    assert push(sandbox, "team-a/web")["deployer:installation"] == "ecr"

    third = second.move(tmp_path / "third", "region: eu-west-1", "region: eu-central-1")
    third.copy_ledger("old:eu-west-1/ecr-ledger", "new:eu-central-1/ecr-ledger")
    assert third.verdicts() == {"team-a/api": "in sync", "team-a/web": "in sync"}
    assert push(sandbox, "team-a/jobs")["deployer:installation"] == "ecr"

    sandbox.client("organizations", account=MANAGEMENT).register_delegated_administrator(
        AccountId=NETWORK, ServicePrincipal=STACK_SETS_PRINCIPAL
    )
    fourth = third.move(tmp_path / "fourth", f'account: "{CENTRAL}"', f'account: "{NETWORK}"', account=NETWORK)
    push(sandbox, "team-a/mail")
    kept = third("audit", "list", "--since", "24h", "--json").document
    assert {one["repository"] for one in kept} == {"team-a/api", "team-a/web", "team-a/jobs"}
    found = fourth.verdicts()
    assert found.pop("team-a/mail") in {"in sync", "under way"}
    assert set(found) == {"team-a/api", "team-a/web", "team-a/jobs"}
    assert set(found.values()) == {"under way"}  # for 15 minutes, and "unrecorded" later

"""The run book's procedure for a new prefix, region and central account; the ledger is copied or kept."""

from __future__ import annotations

import io
import runpy
import shutil
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.organizations.accounts import STACK_SETS_PRINCIPAL
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import CONFIG, Deployer
from tests.deployer.examples import CENTRAL, MANAGEMENT, SEARCH_DEV, SHOP_DEV
from tests.deployer.rollout.few_accounts import begins_rolled_out_to_few
from tests.docs.commands import ROOT

pytestmark = pytest.mark.usefixtures("small_central_stack")

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
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

    def move(self, folder: Path, changes: Mapping[str, str], *, account: str | None = None) -> Operator:
        """Steps 2 to 4: remove the old installation, change the values, and deploy."""
        assert "no failures" in self("failures", "list").out.lower()
        self("destroy", "--yes")
        moved = Operator(self.sandbox, Path(shutil.copytree(self.config, folder)), account or self.account)
        file = moved.config / "organization.yaml"
        text = file.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new, 1)
        file.write_text(text, encoding="utf-8")
        moved("rollout", "--org", "--yes")
        return moved

    def only_one_is_installed(self) -> bool:
        """The end of step 4."""
        found = self("doctor", "--json").document["checks"]
        return [one["result"] for one in found if one["check"] == "installations"] == ["ok"]

    def copy_ledger(self, old: str, new: str, *, previous: str = CENTRAL) -> str:
        """Step 5, with the script and a profile for the previous central account."""
        profiles = self.config / "credentials"
        profiles.write_text(f"[old]\n{self._keys(previous)}\n[new]\n{self._keys(self.account)}", encoding="utf-8")
        environment = {**self.sandbox.environment(self.account), "AWS_SHARED_CREDENTIALS_FILE": str(profiles)}
        written = io.StringIO()
        with (
            patch.dict("os.environ", environment),
            patch("sys.argv", [str(SCRIPT), old, new]),
            redirect_stdout(written),
            pytest.raises(SystemExit) as ended,
        ):
            runpy.run_path(str(SCRIPT), run_name="__main__")
        assert ended.value.code == 0
        return written.getvalue()

    def _keys(self, account: str) -> str:
        variables = self.sandbox.environment(account)
        return "".join(f"{key.lower()} = {variables[key]}\n" for key in KEYS if key in variables)

    def verdicts(self, *, expected: int = 0) -> dict[str, str]:
        """Step 6."""
        found = self("audit", "verify", "--json", expected=expected).document["repositories"]
        return {one["repository"]: one["verdict"] for one in found}


def push(sandbox: Sandbox, name: str) -> dict[str, str]:
    """A push to a missing repository; returns the tags of the new repository."""
    ecr = sandbox.client("ecr", account=SHOP_DEV, region="eu-west-1")
    with pytest.raises(ClientError):
        ecr.initiate_layer_upload(repositoryName=name)
    sandbox.settle(60)
    arn = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryArn"]
    return {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}


@begins_rolled_out_to_few
def test_an_installation_moves_by_prefix_and_by_account_and_region(sandbox: Sandbox, tmp_path: Path) -> None:
    first = Operator(sandbox, Path(shutil.copytree(CONFIG, tmp_path / "first")))
    assert push(sandbox, "team-a/api")["deployer:installation"] == "deployer"

    second = first.move(tmp_path / "second", {"prefix: deployer": "prefix: ecr"})
    for _ in range(2):  # repeating it is harmless
        copied = second.copy_ledger("eu-west-1/deployer-ledger", "eu-west-1/ecr-ledger")
        assert copied == "Records copied to eu-west-1/ecr-ledger: 1\n"
    assert second.verdicts(expected=2) == {"team-a/api": "drifted"}
    second("audit", "repair", "--yes")
    assert second.verdicts() == {"team-a/api": "in sync"}
    assert push(sandbox, "team-a/web")["deployer:installation"] == "ecr"

    sandbox.client("organizations", account=MANAGEMENT).register_delegated_administrator(
        AccountId=SEARCH_DEV, ServicePrincipal=STACK_SETS_PRINCIPAL
    )
    changes = {f'account: "{CENTRAL}"': f'account: "{SEARCH_DEV}"', "region: eu-west-1": "region: eu-central-1"}
    third = second.move(tmp_path / "third", changes, account=SEARCH_DEV)
    assert third.only_one_is_installed()
    push(sandbox, "team-a/mail")
    kept = second("audit", "list", "--since", "24h", "--json").document
    assert {one["repository"] for one in kept} == {"team-a/api", "team-a/web"}
    found = third.verdicts()
    assert found.pop("team-a/mail") in {"in sync", "under way"}
    assert found == dict.fromkeys(("team-a/api", "team-a/web"), "under way")  # for 15 minutes, and "unrecorded" later
    third.copy_ledger("old:eu-west-1/ecr-ledger", "new:eu-central-1/ecr-ledger")
    found = third.verdicts()
    assert {found[name] for name in ("team-a/api", "team-a/web")} == {"in sync"}

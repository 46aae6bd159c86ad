"""The creation templates of native OUs, in the sandbox: which registry has which afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import CONFIG, Deployer, writes
from tests.deployer.examples import DEV, NATIVE, SEARCH_DEV, SHOP_DEV
from tests.deployer.rollout.test_in_sandbox import begins_rolled_out

HOME = "eu-west-1"
DEV_OU = "ou-exam-dev00001"


class Folder:
    """A copy of the example's config files, whose OUs are switched between the engines."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        self.directory = directory / "config"
        shutil.copytree(CONFIG, self.directory)
        self.deployer = Deployer(sandbox, config=self.directory)

    def configure(self, file: str, text: str) -> None:
        (self.directory / file).write_text((CONFIG / file).read_text() + text)

    def roll_out(self, *options: str) -> int:
        ran = self.deployer("rollout", "--org", "--yes", *options)
        self.deployer.sandbox.settle()
        return ran.exit_code


@pytest.fixture
def folder(sandbox: Sandbox, tmp_path: Path) -> Folder:
    return Folder(sandbox, tmp_path)


def templates(sandbox: Sandbox) -> dict[str, list[str]]:
    """The prefixes of the templates of each account that has any, in the home region."""
    found = {account: prefixes(sandbox, account) for account in sandbox.organization.accounts}
    return {account: some for account, some in found.items() if some}


def prefixes(sandbox: Sandbox, account: str) -> list[str]:
    return [str(one["prefix"]) for one in described(sandbox, account)]


def described(sandbox: Sandbox, account: str) -> list[dict[str, Any]]:
    client = sandbox.client("ecr", account=account, region=HOME)
    found: list[dict[str, Any]] = client.describe_repository_creation_templates()["repositoryCreationTemplates"]
    return found


def roles(sandbox: Sandbox, account: str) -> list[str]:
    listed = sandbox.client("iam", account=account).list_roles()["Roles"]
    return [one["RoleName"] for one in listed if one["RoleName"].startswith("deployer-native-")]


@begins_rolled_out
def test_the_registries_of_a_native_ou_have_its_templates_until_the_end_of_the_installation(
    sandbox: Sandbox, folder: Folder
) -> None:
    folder.configure(DEV, NATIVE)
    assert folder.roll_out() == 0
    assert templates(sandbox) == {SHOP_DEV: ["ROOT"], SEARCH_DEV: ["ROOT"]}
    (template,) = described(sandbox, SHOP_DEV)
    (role,) = roles(sandbox, SHOP_DEV)
    assert template["customRoleArn"] == f"arn:aws:iam::{SHOP_DEV}:role/{role}"
    assert (template["imageTagMutability"], template["appliedFor"]) == ("MUTABLE", ["CREATE_ON_PUSH"])
    assert template["resourceTags"] == [{"Key": "env", "Value": "dev"}]
    sandbox.calls.clear()
    assert folder.roll_out() == 0
    assert writes(sandbox) == []
    assert folder.deployer("status").exit_code == 0
    assert folder.deployer("status", "--deep").exit_code == 0

    newcomer = sandbox.create_account("new-dev", DEV_OU).id
    sandbox.settle()
    assert prefixes(sandbox, newcomer) == ["ROOT"]

    sandbox.client("ecr", account=SHOP_DEV, region=HOME).delete_repository_creation_template(prefix="ROOT")
    deep = folder.deployer("status", "--deep")
    assert deep.exit_code == 2
    assert "repository creation template ROOT does not exist" in " ".join(deep.out.split())
    assert folder.roll_out("--deep") == 0
    assert prefixes(sandbox, SHOP_DEV) == ["ROOT"]

    assert folder.deployer("destroy", "--yes").exit_code == 0
    sandbox.settle()
    assert (templates(sandbox), roles(sandbox, SHOP_DEV)) == ({}, [])

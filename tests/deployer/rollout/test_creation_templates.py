"""The creation templates of native OUs in the sandbox: which templates each registry has afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import writes
from tests.deployer.examples import DEV, NATIVE, SEARCH_DEV, SHOP_DEV
from tests.deployer.rollout.few_accounts import ALICE_SANDBOX, begins_rolled_out_to_few
from tests.deployer.rollout.folder import Folder

pytestmark = pytest.mark.usefixtures("small_central_stack")

HOME = "eu-west-1"
SANDBOX_OU = "ou-exam-sand0001"
NATIVE_SANDBOX = f"ou: Sandbox\nenabled: true\nregions: [{HOME}]\n{NATIVE}"
DEV_OU = "ou-exam-dev00001"


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


@begins_rolled_out_to_few
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
    the_first_push_is_completed_and_recorded(sandbox, folder)
    sandbox.calls.clear()
    assert folder.roll_out() == 0
    assert writes(sandbox) == []
    assert folder.deployer("status").exit_code == 0

    newcomer = sandbox.create_account("new-dev", DEV_OU).id
    sandbox.settle()
    assert prefixes(sandbox, newcomer) == ["ROOT"]

    sandbox.client("ecr", account=SHOP_DEV, region=HOME).delete_repository_creation_template(prefix="ROOT")
    deep = folder.deployer("status", "--deep", "--json")
    assert deep.exit_code == 2
    damaged = {one["account"]: one["reason"] for one in deep.document["instances"] if one["state"] == "damaged"}
    assert damaged == {SHOP_DEV: "repository creation template ROOT does not exist"}, "the others are in sync"
    assert folder.roll_out("--deep") == 0
    assert prefixes(sandbox, SHOP_DEV) == ["ROOT"]

    assert folder.deployer("destroy", "--yes").exit_code == 0
    sandbox.settle()
    assert (templates(sandbox), roles(sandbox, SHOP_DEV)) == ({}, [])


def the_first_push_is_completed_and_recorded(sandbox: Sandbox, folder: Folder) -> None:
    """By the handler, with IAM enforced: the tags and scan settings that templates lack, and one record."""
    ecr = sandbox.client("ecr", account=SHOP_DEV, region=HOME)
    client = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(SHOP_DEV, HOME))
    client.push(oci_images.build(), "anything/api", "1")
    sandbox.settle(60)
    (found,) = ecr.describe_repositories(repositoryNames=["anything/api"])["repositories"]
    tags = {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]}
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert tags["env"] == "dev"
    assert "/deployer-native-" in tags["pushed-by"]
    (details,) = folder.deployer("audit", "show", "anything/api", "--json").document
    assert {key: details["record"][key] for key in ("outcome", "reason", "engine", "event_id")} == {
        "outcome": "created",
        "reason": "created-by-template",
        "engine": "native",
        "event_id": tags["deployer:event-id"],
    }
    assert details["pusher"] == f"arn:aws:iam::{SHOP_DEV}:user/" + details["pusher"].rpartition("/")[2]
    assert [setting["key"] for setting in details["settings"] if not setting["same"]] == []
    assert [one["outcome"] for one in details["lifetime"]] == ["created"]
    by_ecr = folder.deployer("audit", "list", "--how", "native", "--json").document
    assert [(one["outcome"], one["repository"]) for one in by_ecr] == [("created", "anything/api")]
    verified = folder.deployer("audit", "verify", "--account", SHOP_DEV, "--json")
    assert verified.exit_code == 0, verified.out


@begins_rolled_out_to_few
def test_an_account_that_did_not_get_its_templates_is_reported_with_its_cause_and_repaired(
    sandbox: Sandbox, folder: Folder
) -> None:
    folder.configure(DEV, NATIVE)
    (folder.directory / "ous/sandbox.yaml").write_text(NATIVE_SANDBOX)
    stranger = sandbox.client("ecr", account=SEARCH_DEV, region=HOME)
    stranger.create_repository_creation_template(prefix="ROOT", appliedFor=["PULL_THROUGH_CACHE"])
    assert folder.roll_out() == 1
    status = folder.deployer("status")
    assert status.exit_code == 2
    assert "aws ecr delete-repository-creation-template --prefix ROOT" in " ".join(status.out.split())
    stranger.delete_repository_creation_template(prefix="ROOT")
    assert folder.roll_out("--only-failed") == 0
    assert watched(sandbox)["failed_templates"] == 0

    with sandbox.held(service="*", operation="DeleteRepositoryCreationTemplate"):  # AWS orders them in no way
        sandbox.move_account(SHOP_DEV, SANDBOX_OU)
        wait_until(lambda: watched(sandbox)["failed_templates"])
    sandbox.settle()
    assert templates(sandbox).keys() == {SEARCH_DEV, ALICE_SANDBOX}
    reported = " ".join(folder.deployer("status").out.split())
    assert "ROOT already exists" in reported
    assert "The account was moved between OUs" in reported
    (place,) = watched(sandbox)["failed_templates_places"]
    assert place.startswith(f"{SHOP_DEV} {HOME}: ")

    assert folder.roll_out() == 0
    (template,) = described(sandbox, SHOP_DEV)
    assert template["imageTagMutability"] == "IMMUTABLE"
    assert len(roles(sandbox, SHOP_DEV)) == 1
    assert folder.deployer("status").exit_code == 0
    assert watched(sandbox)["failed_templates"] == 0


@begins_rolled_out_to_few
def test_a_new_account_gets_the_templates_of_its_ou_with_the_next_roll_out(sandbox: Sandbox, folder: Folder) -> None:
    """AWS deploys to new accounts of an OU what was deployed to any account in it."""
    folder.configure(DEV, NATIVE)
    (folder.directory / "accounts").mkdir()
    own = f'account: "{SHOP_DEV}"\nrepository: {{tags: {{team: shop}}}}\n'
    (folder.directory / f"accounts/{SHOP_DEV}.yaml").write_text(own)
    assert folder.roll_out() == 0
    newcomer = sandbox.create_account("new-dev", DEV_OU).id
    sandbox.settle()
    assert watched(sandbox)["failed_templates"] == 1
    assert folder.deployer("status").exit_code == 2
    assert folder.roll_out("--only-failed") == 0
    found = {account: described(sandbox, account)[0]["resourceTags"] for account in (SHOP_DEV, newcomer)}
    env = {"Key": "env", "Value": "dev"}
    assert found == {SHOP_DEV: [env, {"Key": "team", "Value": "shop"}], newcomer: [env]}
    assert folder.deployer("status").exit_code == 0


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def watched(sandbox: Sandbox) -> dict[str, Any]:
    """The result of an inspection by the watch."""
    answer = sandbox.client("lambda").invoke(FunctionName="deployer-watch", Payload=b"{}")
    fields: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, fields
    inspected: dict[str, Any] = fields["inspection"]
    return inspected

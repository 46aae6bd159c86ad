"""A repository that ECR creates during a push has the settings that `explain` shows, then and after the handler."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_org_sandbox.oci import images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from handler.tags import fill
from tests.deployer.command_line import CONFIG
from tests.deployer.examples import DEV, NATIVE, SHOP_DEV
from tests.deployer.rollout.few_accounts import begins_rolled_out_to_few
from tests.deployer.rollout.folder import Folder
from tests.deployer.rollout.test_creation_templates import HOME

pytestmark = pytest.mark.usefixtures("small_central_stack")

RULES = """\
create:
  names: {deny: ["**/tmp-*"]}
namespaces:
  - match: scratch/**
    repository:
      image_tag_mutability: IMMUTABLE
      mutability_exclusions: [latest]
      encryption: {type: KMS}
      lifecycle_policy: policies/expire-untagged.json
      repository_policy: policies/pull-within-organization.json
      tags: {env: null, place: "{account}/{region}"}
  - match: "**/*-kept"
    repository: {image_tag_mutability: IMMUTABLE, lifecycle_policy: null, tags: {env: kept}}
"""
UNENFORCED = NATIVE.replace("create.principals", "create.principals, namespaces")


def actual(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """The settings of a repository by the keys of the config files; policies by their text."""
    ecr = sandbox.client("ecr", account=SHOP_DEV, region=HOME)
    (found,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    policies: dict[str, Any] = {"lifecycle_policy": None, "repository_policy": None}
    try:
        policies["lifecycle_policy"] = ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
        policies["repository_policy"] = ecr.get_repository_policy(repositoryName=name)["policyText"]
    except (ecr.exceptions.LifecyclePolicyNotFoundException, ecr.exceptions.RepositoryPolicyNotFoundException):
        pass
    tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
    return {
        "image_tag_mutability": found["imageTagMutability"].removesuffix("_WITH_EXCLUSION"),
        "mutability_exclusions": [one["filter"] for one in found.get("imageTagMutabilityExclusionFilters", [])],
        "encryption.type": found["encryptionConfiguration"]["encryptionType"],
        **{key: text and json.loads(text) for key, text in policies.items()},
        **{f"tags.{tag['Key']}": tag["Value"] for tag in tags},
    }


def explained(folder: Folder, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The creator, and the settings of the repository by their keys; policies by their text."""
    ran = folder.deployer("explain", SHOP_DEV, name, "--json")
    decision = json.loads(ran.out)["decision"]
    settings = _by_key({one["key"]: one["value"] for one in decision["repository_values"]})
    return decision["creator"], settings


def _by_key(values: dict[str, Any]) -> dict[str, Any]:
    found = {key.removeprefix("repository."): value for key, value in values.items()}
    for key in {"lifecycle_policy", "repository_policy"} & found.keys():
        found[key] = found[key] and json.loads((CONFIG / found[key]).read_text(encoding="utf-8"))
    texts = {key: text for key, text in found.items() if key.startswith("tags.")}
    return {**found, **{key: fill(text, {"account": SHOP_DEV, "region": HOME}) for key, text in texts.items()}}


def before_the_handler(creator: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The settings before the handler's part, with the values that ECR sets instead."""
    given = {**settings, **_by_key(creator["created_with"])}
    return {key: value for key, value in given.items() if f"repository.{key}" not in creator["put_afterwards"]}


@begins_rolled_out_to_few
def test_a_repository_that_ecr_creates_has_the_settings_that_explain_shows(sandbox: Sandbox, folder: Folder) -> None:
    folder.configure(DEV, UNENFORCED + RULES)
    assert folder.roll_out() == 0
    ecr = sandbox.client("ecr", account=SHOP_DEV, region=HOME)
    client = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(SHOP_DEV, HOME))
    prefixes = {"web": "ROOT", "scratch": "ROOT", "scratch/a/b": "scratch", "a/web-kept": "ROOT"}
    explanations = {name: explained(folder, name) for name in prefixes}
    assert {name: creator["template"] for name, (creator, _) in explanations.items()} == prefixes
    with sandbox.held():  # the handler has to wait
        for name, (creator, settings) in explanations.items():
            client.push(images.build(), name, "1")
            created = {"encryption.kms_key": settings["encryption.kms_key"], **actual(sandbox, name)}
            assert before_the_handler(creator, created) == before_the_handler(creator, settings)
    for denied in ("tmp-1", "scratch/tmp-1/x"):  # the latter only by the IAM pattern, so the handler creates it
        with pytest.raises(Rejected):
            client.push(images.build(), denied, "1")
    sandbox.settle()
    assert explained(folder, "scratch/tmp-1/x")[0]["engine"] == "handler"
    names = {one["repositoryName"] for one in ecr.describe_repositories()["repositories"]}
    assert names == {*prefixes, "scratch/tmp-1/x"}
    assert actual(sandbox, "scratch/tmp-1/x")["mutability_exclusions"] == ["latest"]
    only_the_bypassed_namespace_drifts(sandbox, folder)


def only_the_bypassed_namespace_drifts(sandbox: Sandbox, folder: Folder) -> None:
    """As for every other repository: verify finds the settings of the template, and repair restores them."""
    verified = folder.deployer("audit", "verify", "--account", SHOP_DEV, "--json")
    assert verified.exit_code == 2
    verdicts = {one["repository"]: one["verdict"] for one in verified.document["repositories"]}
    assert verdicts.pop("a/web-kept") == "drifted"
    assert (len(verdicts), set(verdicts.values())) == (4, {"in sync"})
    assert folder.deployer("audit", "repair", "--account", SHOP_DEV, "--yes").exit_code == 0
    repaired, (_, settings) = actual(sandbox, "a/web-kept"), explained(folder, "a/web-kept")
    assert {key: repaired[key] for key in ("image_tag_mutability", "lifecycle_policy", "tags.env")} == {
        key: settings[key] for key in ("image_tag_mutability", "lifecycle_policy", "tags.env")
    }

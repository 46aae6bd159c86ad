"""A repository that ECR creates during a push has the settings that `explain` shows: compared in the sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.oci import images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from handler.tags import fill
from tests.deployer.command_line import CONFIG
from tests.deployer.examples import DEV, NATIVE, SHOP_DEV
from tests.deployer.rollout.test_creation_templates import HOME, Folder
from tests.deployer.rollout.test_in_sandbox import begins_rolled_out

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
"""


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
    """The creator, and the settings that are not put afterwards, by their keys; policies by their text."""
    ran = folder.deployer("explain", SHOP_DEV, name, "--json")
    decision = json.loads(ran.out)["decision"]
    values = {one["key"]: one["value"] for one in decision["repository_values"]}
    creator = decision["creator"]
    given = {key.removeprefix("repository."): values[key] for key in values.keys() - set(creator["put_afterwards"])}
    for key in ("lifecycle_policy", "repository_policy"):
        given[key] = given[key] and json.loads((CONFIG / given[key]).read_text(encoding="utf-8"))
    tags = {key: text for key, text in given.items() if key.startswith("tags.")}
    filled = {key: fill(text, {"account": SHOP_DEV, "region": HOME}) for key, text in tags.items()}
    return creator, {**given, **filled}


@begins_rolled_out
def test_what_ecr_creates_has_the_settings_that_explain_shows(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = Folder(sandbox, tmp_path)
    folder.configure(DEV, NATIVE + RULES)
    assert folder.roll_out() == 0
    ecr = sandbox.client("ecr", account=SHOP_DEV, region=HOME)
    client = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(SHOP_DEV, HOME))
    for name, template in (("web", "ROOT"), ("scratch", "ROOT"), ("scratch/a/b", "scratch")):
        client.push(images.build(), name, "1")
        creator, settings = explained(folder, name)
        assert (creator["engine"], creator["template"]) == ("native", template)
        created = actual(sandbox, name)
        assert created == {key: value for key, value in settings.items() if key in created}
        assert settings.keys() - created.keys() == {"encryption.kms_key"}
    for denied in ("tmp-1", "scratch/tmp-1/x"):  # the latter only by the IAM pattern, so the handler creates it
        with pytest.raises(Rejected):
            client.push(images.build(), denied, "1")
    sandbox.settle()
    assert explained(folder, "scratch/tmp-1/x")[0]["engine"] == "handler"
    names = {one["repositoryName"] for one in ecr.describe_repositories()["repositories"]}
    assert names == {"web", "scratch", "scratch/a/b", "scratch/tmp-1/x"}
    assert actual(sandbox, "scratch/tmp-1/x")["mutability_exclusions"] == ["latest"]

"""ECR's API for repository creation templates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.ecr.responses import ECRResponse

from aws_org_sandbox.behaviours import Behaviour, altered
from aws_org_sandbox.ecr import creation_templates
from aws_org_sandbox.ecr.creation_templates import CREATE_ON_PUSH, template_for
from sandbox.tests.refusals import refusal

SHOP = "300000000001"
HOME = "eu-west-1"
KEY = f"arn:aws:kms:{HOME}:{SHOP}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def create(ecr: Any, prefix: str, **settings: Any) -> dict[str, Any]:
    answer = ecr.create_repository_creation_template(prefix=prefix, **{"appliedFor": ["CREATE_ON_PUSH"], **settings})
    return dict(answer["repositoryCreationTemplate"])


def test_canary_moto_has_no_creation_templates() -> None:
    assert not hasattr(ECRResponse, "create_repository_creation_template")


REFUSED = [
    pytest.param({"prefix": "Team"}, "prefix", id="an uppercase letter"),
    pytest.param({"prefix": "root"}, "", id="an empty prefix: root in lower case is an ordinary prefix"),
    pytest.param({"appliedFor": []}, "appliedFor", id="no scenario"),
    pytest.param({"appliedFor": ["PUSH"]}, "appliedFor", id="an unknown scenario"),
    pytest.param({"description": "x" * 257}, "description", id="a long description"),
    pytest.param({"imageTagMutability": "NEVER"}, "imageTagMutability", id="an unknown mutability"),
    pytest.param({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}, "imageTagMutabilityExclusionFilters",
                 id="an empty filter list"),
    pytest.param({"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/x"}}, "kmsKey", id="an alias"),
    pytest.param({"encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": KEY}}, "encryptionConfiguration",
                 id="a key for AES256"),
    pytest.param({"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KEY.replace(HOME, "us-east-1")}},
                 "kmsKey", id="a key of another region"),
    pytest.param({"lifecyclePolicy": "{}"}, "LifecyclePolicyText", id="a short lifecycle policy"),
    pytest.param({"repositoryPolicy": "{}"}, "PolicyText", id="an invalid repository policy"),
    pytest.param({"customRoleArn": "arn:aws:iam::300000000001:role/a/b"}, "customRoleArn", id="a role with a path"),
    pytest.param({"customRoleArn": "arn:aws:iam::300000000002:role/a"}, "customRoleArn",
                 id="a role of another account"),
    pytest.param({"resourceTags": [{"Key": "aws:x", "Value": ""}]}, "aws:x", id="a reserved tag"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "parameter"), REFUSED)
def test_a_template_with_invalid_settings_is_refused(ecr: Any, settings: dict[str, Any], parameter: str) -> None:
    request = {"prefix": "team-a", "appliedFor": ["CREATE_ON_PUSH"], **settings}
    if not parameter:
        assert create(ecr, **request)["prefix"] == settings["prefix"]
        return
    code, message = refusal(ecr.create_repository_creation_template, **request)
    assert code in {"InvalidParameterException", "InvalidTagParameterException"}
    assert parameter in message
    assert ecr.describe_repository_creation_templates()["repositoryCreationTemplates"] == []


def test_a_prefix_with_and_without_a_slash_is_the_same_template(ecr: Any) -> None:
    create(ecr, "team-a")
    for prefix in ("team-a", "team-a/"):
        code, message = refusal(ecr.create_repository_creation_template, prefix=prefix, appliedFor=["REPLICATION"])
        assert (code, SHOP in message) == ("TemplateAlreadyExistsException", True)


def test_an_update_keeps_omitted_settings_and_removes_empty_ones(ecr: Any) -> None:
    create(ecr, "team-a", description="first", imageTagMutability="IMMUTABLE")
    ecr.update_repository_creation_template(prefix="team-a", description="second")
    (found,) = ecr.describe_repository_creation_templates(prefixes=["team-a"])["repositoryCreationTemplates"]
    assert (found["description"], found["imageTagMutability"]) == ("second", "IMMUTABLE")
    assert found["updatedAt"] >= found["createdAt"]
    changed = ecr.update_repository_creation_template(prefix="team-a", description="")["repositoryCreationTemplate"]
    assert "description" not in changed


def test_templates_are_listed_in_pages_and_deleted(ecr: Any) -> None:
    for prefix in ("b", "a", "ROOT"):
        create(ecr, prefix)
    pages = list(ecr.get_paginator("describe_repository_creation_templates").paginate(PaginationConfig={"PageSize": 2}))
    assert [[item["prefix"] for item in page["repositoryCreationTemplates"]] for page in pages] == [
        ["ROOT", "a"],
        ["b"],
    ]
    assert ecr.describe_repository_creation_templates(prefixes=["c"])["repositoryCreationTemplates"] == []
    ecr.delete_repository_creation_template(prefix="a")
    for call in (ecr.delete_repository_creation_template, ecr.update_repository_creation_template):
        assert refusal(call, prefix="a")[0] == "TemplateNotFoundException"


parts = st.sampled_from(["a", "b", "ab"])
paths = st.lists(parts, min_size=1, max_size=3).map("/".join)


@given(prefixes=st.sets(paths | st.just("ROOT"), max_size=5), name=paths)
def test_the_template_with_the_longest_prefix_applies(prefixes: set[str], name: str) -> None:
    stored = {prefix: {"prefix": prefix, "appliedFor": ["CREATE_ON_PUSH"]} for prefix in prefixes}
    creation_templates._templates[SHOP, HOME] = stored
    try:
        found = template_for(name, account=SHOP, region=HOME, scenario=CREATE_ON_PUSH)
        assert template_for(name, account=SHOP, region=HOME, scenario="REPLICATION") is None
    finally:
        creation_templates._templates.clear()
    folders = name.split("/")[:-1]
    candidates = ["/".join(folders[:count]) for count in range(len(folders), 0, -1)] + ["ROOT"]
    expected = next((prefix for prefix in candidates if prefix in prefixes), None)
    assert (found["prefix"] if found else None) == expected


def test_a_registry_accepts_a_hundred_templates(ecr: Any) -> None:
    for number in range(100):
        create(ecr, f"p{number}")
    another = refusal(ecr.create_repository_creation_template, prefix="another", appliedFor=["CREATE_ON_PUSH"])
    assert another[0] == "LimitExceededException"
    ecr.delete_repository_creation_template(prefix="p0")
    create(ecr, "another")


def test_a_template_for_other_purposes_hides_one_with_a_shorter_prefix_and_applies_to_no_push(ecr: Any) -> None:
    create(ecr, "a")
    create(ecr, "a/cached", appliedFor=["PULL_THROUGH_CACHE"])

    def prefix(name: str, scenario: str = CREATE_ON_PUSH) -> str | None:
        found = template_for(name, account=SHOP, region=HOME, scenario=scenario)
        return str(found["prefix"]) if found else None

    assert (prefix("a/x"), prefix("a/cached/x")) == ("a", None)
    assert prefix("a/cached/x", "PULL_THROUGH_CACHE") == "a/cached"
    with altered(Behaviour.TEMPLATES_FOR_EVERYTHING):
        assert prefix("a/cached/x") == "a/cached"

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from handler.errors import PermanentError
from handler.repositories import Registry, Repositories, creation_request
from handler.settings import Encryption, RepositorySettings
from handler.tags import EVENT_ID_TAG
from tests.handler.fakes import LIFECYCLE, POLICY

REGISTRY = Registry(account="300000000001", region="eu-west-1", partition="aws")
KEY = "arn:aws:kms:{region}:{account}:alias/ecr"


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        pytest.param({}, {"imageTagMutability": "IMMUTABLE"}, id="immutable tags"),
        pytest.param(
            {"image_tag_mutability": "MUTABLE", "mutability_exclusions": ("v*", "release")},
            {
                "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
                "imageTagMutabilityExclusionFilters": [
                    {"filterType": "WILDCARD", "filter": "v*"},
                    {"filterType": "WILDCARD", "filter": "release"},
                ],
            },
            id="mutable tags with exclusions",
        ),
        pytest.param(
            {"scan_on_push": False}, {"imageScanningConfiguration": {"scanOnPush": False}}, id="no scan on push"
        ),
        pytest.param({}, {"encryptionConfiguration": {"encryptionType": "AES256"}}, id="encryption managed by ECR"),
        pytest.param(
            {"encryption": Encryption(type="KMS")}, {"encryptionConfiguration": {"encryptionType": "KMS"}}, id="aws/ecr"
        ),
        pytest.param(
            {"encryption": Encryption(type="KMS_DSSE", kms_key=KEY)},
            {
                "encryptionConfiguration": {
                    "encryptionType": "KMS_DSSE",
                    "kmsKey": "arn:aws:kms:eu-west-1:300000000001:alias/ecr",
                }
            },
            id="a key of the account",
        ),
        pytest.param(
            {"encryption": Encryption(type="AES256", kms_key=KEY)},
            {"encryptionConfiguration": {"encryptionType": "AES256"}},
            id="a key that the encryption type of a nearer OU overrides",
        ),
    ],
)
def test_settings_as_parameters(settings: dict[str, Any], parameters: dict[str, Any]) -> None:
    request = creation_request("a/b", settings=RepositorySettings(**settings), tags={"k": "v"}, registry=REGISTRY)
    assert request | parameters == request
    assert request["repositoryName"] == "a/b"
    assert request["tags"] == [{"Key": "k", "Value": "v"}]
    assert "registryId" not in request


@pytest.fixture
def repositories(sandbox: Sandbox) -> Repositories:
    client = sandbox.client("ecr", account=REGISTRY.account, region=REGISTRY.region)
    return Repositories(client, registry=REGISTRY, installation="deployer")


def test_a_repository_is_created_once_and_its_tag_names_its_creator(repositories: Repositories) -> None:
    settings = RepositorySettings()
    created = repositories.create("team-a/api", settings=settings, tags={EVENT_ID_TAG: "event-1"})
    assert created is not None
    assert created.arn == REGISTRY.repository_arn("team-a/api")
    assert created.created_at.tzinfo is UTC
    assert repositories.create("team-a/api", settings=settings, tags={EVENT_ID_TAG: "event-2"}) is None
    assert repositories.creator("team-a/api") == "event-1"
    assert repositories.describe("team-a/api") == created


def test_a_repository_of_somebody_else_has_no_creator(sandbox: Sandbox, repositories: Repositories) -> None:
    sandbox.client("ecr", account=REGISTRY.account).create_repository(repositoryName="theirs")
    assert repositories.creator("theirs") is None


def test_policies_are_set(sandbox: Sandbox, repositories: Repositories) -> None:
    repositories.create("team-a/api", settings=RepositorySettings(), tags={EVENT_ID_TAG: "event-1"})
    lifecycle = '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan",'
    lifecycle += '"countNumber":10},"action":{"type":"expire"}}]}'
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}]}'
    repositories.put_lifecycle_policy("team-a/api", lifecycle)
    repositories.set_repository_policy("team-a/api", policy)
    ecr = sandbox.client("ecr", account=REGISTRY.account)
    assert "untagged" in ecr.get_lifecycle_policy(repositoryName="team-a/api")["lifecyclePolicyText"]
    assert "BatchGetImage" in ecr.get_repository_policy(repositoryName="team-a/api")["policyText"]


Act = Callable[[Repositories], object]
ACTS: dict[str, Act] = {
    "CreateRepository": lambda on: on.create("a/b", settings=RepositorySettings(), tags={}),
    "DescribeRepositories": lambda on: on.describe("a/b"),
    "ListTagsForResource": lambda on: on.creator("a/b"),
    "PutLifecyclePolicy": lambda on: on.put_lifecycle_policy("a/b", LIFECYCLE),
    "SetRepositoryPolicy": lambda on: on.set_repository_policy("a/b", POLICY),
}


@pytest.mark.parametrize("operation", ACTS)
def test_a_denial_names_the_call_and_the_registry(sandbox: Sandbox, repositories: Repositories, operation: str) -> None:
    sandbox.faults.add(Fault(effect=Error(code="AccessDeniedException"), service="ecr", operation=operation))
    with pytest.raises(PermanentError, match=f"^access-denied: {operation} in 300000000001 eu-west-1: "):
        ACTS[operation](repositories)

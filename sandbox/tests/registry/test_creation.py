"""Creation on push with repository creation templates, as ECR does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.behaviours import Behaviour, altered
from aws_org_sandbox.iam.service_roles import ECR_TEMPLATES
from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import allow, arn_of, assume, deploy, policy, role, trust
from sandbox.tests.test_trail import Inbox

SHOP = "300000000001"
SEARCH = "300000000002"
HOME = "eu-west-1"
NAME = "team-a/api"
ECR_TRUST = trust({"Service": "ecr.amazonaws.com"})
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
                "action": {"type": "expire"},
            }
        ]
    }
)
PULL = policy({"Effect": "Allow", "Principal": {"AWS": SEARCH}, "Action": ["ecr:BatchGetImage"]})
PUSH = [
    "ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:BatchGetImage",
]  # fmt: skip
SETTINGS: dict[str, Any] = {
    "imageTagMutability": "IMMUTABLE",
    "lifecyclePolicy": LIFECYCLE,
    "repositoryPolicy": json.dumps(PULL),
    "resourceTags": [{"Key": "team", "Value": "a"}],
    "customRoleArn": arn_of("creator"),
}
NEEDED = ("ecr:CreateRepository", "ecr:TagResource", "ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy")


@pytest.fixture
def ecr(sandbox: Sandbox) -> Any:
    return sandbox.client("ecr", account=SHOP)


def template(ecr: Any, prefix: str = "team-a", **settings: Any) -> None:
    ecr.create_repository_creation_template(prefix=prefix, **{"appliedFor": ["CREATE_ON_PUSH"], **settings})


def creator(*actions: str, trusts: Any = ECR_TRUST, denied: Mapping[str, Any] | None = None) -> None:
    """Deploy the role of the templates, with these permissions."""
    statements = [allow(list(actions))] if actions else []
    deploy({"Creator": role("creator", *statements, *([denied] if denied else []), trusts=trusts)}, name="creator")


def client(sandbox: Sandbox, ecr: Any) -> Client:
    return Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(SHOP, HOME))


def push(sandbox: Sandbox, ecr: Any, name: str = NAME) -> None:
    client(sandbox, ecr).push(oci_images.build(), name, "1")


def names(ecr: Any) -> set[str]:
    return {item["repositoryName"] for item in ecr.describe_repositories()["repositories"]}


def pusher(sandbox: Sandbox, *, account: str = SHOP, actions: list[str] = PUSH) -> Any:
    """ECR's client with the permissions to push, and no others."""
    deploy({"Pusher": role("pusher", allow(actions))}, name="pusher", account=account)
    session = assume(sandbox, arn_of("pusher", account), by=sandbox.credentials(account))
    return sandbox.client_with(session, "ecr")


def test_the_first_push_creates_the_repository_with_the_settings_of_its_template(sandbox: Sandbox, ecr: Any) -> None:
    creator(*NEEDED)
    template(ecr, **SETTINGS)
    template(ecr, "team-a/other")
    inbox = Inbox(sandbox, SHOP, HOME)
    push(sandbox, pusher(sandbox))

    (made,) = ecr.describe_repositories()["repositories"]
    assert (made["repositoryName"], made["imageTagMutability"]) == (NAME, "IMMUTABLE")
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "team", "Value": "a"}]
    assert json.loads(ecr.get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"]) == json.loads(LIFECYCLE)
    assert json.loads(ecr.get_repository_policy(repositoryName=NAME)["policyText"]) == PULL
    assert [image["imageTags"] for image in ecr.describe_images(repositoryName=NAME)["imageDetails"]] == [["1"]]

    details = [event["detail"] for event in inbox.events()]
    (created,) = [detail for detail in details if detail["eventName"] == "CreateRepository"]
    assert "errorCode" not in created
    assert created["requestParameters"]["repositoryName"] == NAME
    assert created["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == arn_of("creator")
    assert created["userIdentity"]["invokedBy"] == created["sourceIPAddress"] == created["userAgent"]
    assert created["userAgent"] == "ecr.amazonaws.com"
    uploads = [detail for detail in details if detail["eventName"] in {"InitiateLayerUpload", "PutImage"}]
    assert not [detail for detail in uploads if detail.get("errorCode")]  # none of a missing repository

    ecr.update_repository_creation_template(prefix="team-a", imageTagMutability="MUTABLE")
    push(sandbox, ecr, "team-a/web")
    mutability = {
        item["repositoryName"]: item["imageTagMutability"] for item in ecr.describe_repositories()["repositories"]
    }
    assert mutability == {NAME: "IMMUTABLE", "team-a/web": "MUTABLE"}  # settings apply at creation only


def test_the_longest_prefix_applies_and_without_a_template_nothing_is_created(sandbox: Sandbox, ecr: Any) -> None:
    template(ecr, "team-a", imageTagMutability="IMMUTABLE")
    template(ecr, "team-b", appliedFor=["REPLICATION"])
    for name in ("other", "team-b/api", "team-ab/api", "team-a"):
        with pytest.raises(Rejected) as refused:
            push(sandbox, ecr, name)
        assert (refused.value.status, refused.value.code) == (404, "NAME_UNKNOWN")
    template(ecr, "ROOT", imageTagMutability="MUTABLE")
    for name in ("other", "team-ab/api", "team-a", "team-a/api"):
        push(sandbox, ecr, name)
    found = {item["repositoryName"]: item["imageTagMutability"] for item in ecr.describe_repositories()["repositories"]}
    assert found == {"other": "MUTABLE", "team-ab/api": "MUTABLE", "team-a": "MUTABLE", "team-a/api": "IMMUTABLE"}
    with pytest.raises(Rejected):
        push(sandbox, ecr, "team-b/api")  # the template of the longest prefix does not apply to pushes
    assert sandbox.client("iam", account=SHOP).get_role(RoleName=ECR_TEMPLATES)


REFUSED = [
    pytest.param(
        {"trusts": trust({"Service": "lambda.amazonaws.com"})}, NEEDED, id="a role that trusts another service"
    ),
    pytest.param(
        {"trusts": trust({"Service": "ecr.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": SHOP}})},
        NEEDED,
        id="a role whose trust policy requires a source account, which ECR is not documented to send",
    ),
    pytest.param({}, NEEDED[1:], id="a role without CreateRepository"),
    pytest.param({}, (NEEDED[0], *NEEDED[2:]), id="a role without TagResource"),
    pytest.param(
        {
            "denied": {
                "Effect": "Deny",
                "Action": "ecr:CreateRepository",
                "Resource": f"arn:aws:ecr:*:*:repository/{NAME}",
            }
        },
        NEEDED,
        id="a role that is denied this name",
    ),
]


@pytest.mark.parametrize(("options", "actions"), REFUSED)
def test_a_push_fails_as_for_a_missing_repository_if_the_role_may_not_create_it(
    sandbox: Sandbox, ecr: Any, options: dict[str, Any], actions: tuple[str, ...]
) -> None:
    creator(*actions, **options)
    template(ecr, **SETTINGS)
    inbox = Inbox(sandbox, SHOP, HOME)
    with pytest.raises(Rejected, match="does not exist in the registry") as refused:
        push(sandbox, ecr)
    assert (refused.value.status, refused.value.code) == (404, "NAME_UNKNOWN")
    assert names(ecr) == set()
    codes = {(event["detail"]["eventName"], event["detail"]["errorCode"]) for event in inbox.events()}
    assert ("InitiateLayerUpload", "RepositoryNotFoundException") in codes


@pytest.mark.parametrize("missing", ["ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy"])
def test_a_policy_that_the_role_may_not_set_is_missing_in_the_repository(
    sandbox: Sandbox, ecr: Any, missing: str
) -> None:
    creator(*(action for action in NEEDED if action != missing))
    template(ecr, **SETTINGS)
    push(sandbox, ecr)  # the second of the client's calls finds the repository
    with pytest.raises(ClientError, match="PolicyNotFound"):
        ecr.get_repository_policy(repositoryName=NAME)


def test_a_kms_key_needs_the_role_permissions_that_aws_documents(sandbox: Sandbox, ecr: Any) -> None:
    kms_actions = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")
    key = sandbox.client("kms", account=SHOP).create_key()["KeyMetadata"]["Arn"]
    encryption = {"encryptionType": "KMS", "kmsKey": key}
    creator("ecr:CreateRepository")
    template(ecr, customRoleArn=arn_of("creator"), encryptionConfiguration=encryption)
    for missing in kms_actions:
        creator("ecr:CreateRepository", *(action for action in kms_actions if action != missing))
        with pytest.raises(Rejected):
            push(sandbox, ecr)
    creator("ecr:CreateRepository", *kms_actions)
    push(sandbox, ecr)
    (made,) = ecr.describe_repositories()["repositories"]
    assert made["encryptionConfiguration"] == encryption


def test_the_service_linked_role_creates_with_policies_and_neither_tags_nor_kms(sandbox: Sandbox, ecr: Any) -> None:
    template(ecr, "plain", lifecyclePolicy=LIFECYCLE)
    template(ecr, "tagged", resourceTags=[{"Key": "team", "Value": "a"}])
    template(ecr, "encrypted", encryptionConfiguration={"encryptionType": "KMS"})
    push(sandbox, ecr, "plain/api")
    assert ecr.get_lifecycle_policy(repositoryName="plain/api")
    for name in ("tagged/api", "encrypted/api"):
        with pytest.raises(Rejected, match="does not exist"):
            push(sandbox, ecr, name)
    assert names(ecr) == {"plain/api"}


def test_a_caller_without_permission_to_push_creates_nothing(sandbox: Sandbox, ecr: Any) -> None:
    template(ecr)
    with pytest.raises(Rejected, match="not authorized to perform: ecr:InitiateLayerUpload"):
        push(sandbox, pusher(sandbox, actions=["ecr:GetAuthorizationToken"]))
    assert names(ecr) == set()
    with altered(Behaviour.PUSHERS_JUDGED_LATE), pytest.raises(Rejected, match="not authorized"):
        push(sandbox, pusher(sandbox, actions=["ecr:GetAuthorizationToken"]))
    assert names(ecr) == {NAME}


def test_another_account_with_push_permissions_creates_a_repository_but_may_not_push_to_it(
    sandbox: Sandbox, ecr: Any
) -> None:
    """https://github.com/aws/containers-roadmap/issues/853"""
    template(ecr)
    with pytest.raises(Rejected, match="not authorized to perform: ecr:InitiateLayerUpload") as denied:
        push(sandbox, pusher(sandbox, account=SEARCH))
    assert denied.value.status == 403
    assert names(ecr) == {NAME}


def test_api_calls_and_pulls_create_nothing(sandbox: Sandbox, ecr: Any) -> None:
    template(ecr)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.initiate_layer_upload(repositoryName=NAME)
    with pytest.raises(Rejected, match="does not exist"):
        client(sandbox, ecr).pull(NAME, "1")
    assert names(ecr) == set()


def test_pushing_a_manifest_creates_too_and_parallel_uploads_create_once(sandbox: Sandbox, ecr: Any) -> None:
    template(ecr, "ROOT")
    registry = client(sandbox, ecr)
    reply = registry.request("PUT", "/v2/manifest-only/manifests/1", oci_images.build().manifest)
    assert (reply.status, reply.json()["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: registry.request("POST", "/v2/parallel/blobs/uploads/"), range(4)))
    assert [reply.status for reply in replies] == [202] * 4
    assert len(sandbox.calls.of("ecr", "CreateRepository")) == 2
    assert names(ecr) == {"manifest-only", "parallel"}


def test_undocumented_behaviour_can_be_switched(sandbox: Sandbox, ecr: Any) -> None:
    creator("ecr:GetAuthorizationToken")
    template(ecr, customRoleArn=arn_of("creator"))
    inbox = Inbox(sandbox, SHOP, HOME)
    with altered(Behaviour.CREATION_REFUSALS_DENY_PUSHES):
        with pytest.raises(Rejected, match="not authorized to perform: ecr:CreateRepository") as denied:
            push(sandbox, ecr)
        details = [event["detail"] for event in inbox.events()]
    assert denied.value.status == 403
    assert {
        detail["errorCode"] for detail in details if detail["eventName"] in {"InitiateLayerUpload", "PutImage"}
    } == {"AccessDenied"}
    creator("ecr:CreateRepository")
    with altered(Behaviour.CREATIONS_WITHOUT_ROLE, Behaviour.CREATED_PUSHES_NOT_FOUND):
        push(sandbox, ecr)
        details = [event["detail"] for event in inbox.events()]
    (created,) = [detail for detail in details if detail["eventName"] == "CreateRepository"]
    assert created["userIdentity"] == {"type": "AWSService", "invokedBy": "ecr.amazonaws.com"}
    codes = [detail.get("errorCode") for detail in details if detail["eventName"] == "InitiateLayerUpload"]
    assert codes == ["RepositoryNotFoundException"]

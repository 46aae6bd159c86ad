"""AWS::ECR::RepositoryCreationTemplate: its schema, life cycle in a stack, and the permissions of its deployer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.cloudformation import StackFailed, detect_drift
from aws_org_sandbox.iam.service_roles import ECR_TEMPLATES
from aws_org_sandbox.resources.catalogue import TYPES
from aws_org_sandbox.resources.shapes import ShapeError, conform
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import HOME, MEMBER, allow, arn_of, assume, deploy, resource, role, stack_of, template, trust

TYPE = "AWS::ECR::RepositoryCreationTemplate"
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
FILTER = {"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "latest"}
SETTINGS = {
    "AppliedFor": ["CREATE_ON_PUSH"],
    "Description": "Team A",
    "EncryptionConfiguration": {"EncryptionType": "KMS"},
    "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "ImageTagMutabilityExclusionFilters": [FILTER],
    "LifecyclePolicy": LIFECYCLE,
    "Prefix": "team-a",
    "ResourceTags": [{"Key": "team", "Value": "a"}],
}
MINIMAL = {"Prefix": "team-a", "AppliedFor": ["CREATE_ON_PUSH"]}


def creation_template(**properties: Any) -> dict[str, Any]:
    return resource(TYPE, {**MINIMAL, **properties})


def templates(sandbox: Sandbox) -> list[dict[str, Any]]:
    found = sandbox.client("ecr", account=MEMBER).describe_repository_creation_templates()
    return list(found["repositoryCreationTemplates"])


REFUSED = [
    pytest.param({"AppliedFor": ["CREATE_ON_PUSH"]}, "#: required key [Prefix] not found", id="no prefix"),
    pytest.param({"Prefix": "a"}, "#: required key [AppliedFor] not found", id="no scenario"),
    pytest.param({"Prefix": "Team"}, "#/Prefix: string [Team] does not match pattern", id="uppercase letter"),
    pytest.param({"Prefix": "a/*"}, "#/Prefix: string [a/*] does not match pattern", id="wildcard in a prefix"),
    pytest.param({"Prefix": ""}, "#/Prefix: expected minLength: 1, actual: 0", id="empty prefix"),
    pytest.param({"Prefix": "a" * 257}, "#/Prefix: expected maxLength: 256, actual: 257", id="long prefix"),
    pytest.param({"AppliedFor": ["PUSH"]}, "#/AppliedFor/0: PUSH is not a valid enum value", id="unknown scenario"),
    pytest.param(
        {"AppliedFor": ["CREATE_ON_PUSH", "CREATE_ON_PUSH"]},
        "#/AppliedFor: array items are not unique",
        id="a duplicate value",
    ),
    pytest.param({"LifecyclePolicy": "{}"}, "#/LifecyclePolicy: expected minLength: 100", id="short policy"),
    pytest.param({"LifecyclePolicy": {"rules": []}}, "expected type: String, found: dict", id="policy as an object"),
    pytest.param({"LifecyclePolicy": "x" * 30_721}, "expected maxLength: 30720", id="long lifecycle policy"),
    pytest.param({"RepositoryPolicy": "x" * 10_241}, "expected maxLength: 10240", id="long repository policy"),
    pytest.param({"Description": "x" * 257}, "expected maxLength: 256", id="long description"),
    pytest.param({"CustomRoleArn": arn_of("path/role")}, "#/CustomRoleArn: string [", id="a role with a path"),
    pytest.param({"ImageTagMutability": "NEVER"}, "NEVER is not a valid enum value", id="unknown mutability"),
    pytest.param(
        {"ImageTagMutabilityExclusionFilters": []}, "expected minimum item count: 1, found: 0", id="no filters"
    ),
    pytest.param(
        {"ImageTagMutabilityExclusionFilters": [FILTER] * 6}, "expected maximum item count: 5", id="six filters"
    ),
    pytest.param({"EncryptionConfiguration": {}}, "required key [EncryptionType] not found", id="no encryption type"),
    pytest.param(
        {"ResourceTags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "maximum item count: 50", id="51 tags"
    ),
    pytest.param({"ResourceTags": [{"Key": "a"}]}, "required key [Value] not found", id="a tag without a value"),
    pytest.param({"ScanOnPush": True}, "extraneous key [ScanOnPush] is not permitted", id="unknown property"),
]


@pytest.mark.parametrize(("properties", "reason"), REFUSED)
def test_properties_that_the_schema_does_not_allow_are_refused(properties: dict[str, Any], reason: str) -> None:
    required = {} if "required key [Prefix]" in reason or "required key [AppliedFor]" in reason else MINIMAL
    with pytest.raises(ShapeError) as refused:
        conform({**required, **properties}, TYPES[TYPE].shape)
    assert reason in str(refused.value)


def test_a_stack_creates_updates_and_deletes_a_template(sandbox: Sandbox) -> None:
    stack = deploy({"Template": creation_template(**SETTINGS)})
    assert stack.status == "CREATE_COMPLETE", stack.events
    assert stack.resources["Template"].physical_id == "team-a"
    (made,) = templates(sandbox)
    assert made["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert made["imageTagMutabilityExclusionFilters"] == [{"filterType": "WILDCARD", "filter": "latest"}]
    assert made["resourceTags"] == [{"Key": "team", "Value": "a"}]
    assert not any(drift.is_drifted for drift in detect_drift(account=MEMBER, region=HOME, name="stack"))

    sandbox.client("ecr", account=MEMBER).update_repository_creation_template(prefix="team-a", description="mine")
    (drift,) = detect_drift(account=MEMBER, region=HOME, name="stack")
    assert [(item.path, item.actual) for item in drift.differences] == [("/Description", "mine")]

    assert deploy({"Template": creation_template(ImageTagMutability="IMMUTABLE")}).status == "UPDATE_COMPLETE"
    (changed,) = templates(sandbox)
    assert changed.keys() - {"createdAt", "updatedAt"} == {
        "prefix", "appliedFor", "imageTagMutability", "encryptionConfiguration"
    }  # fmt: skip
    assert (changed["imageTagMutability"], changed["encryptionConfiguration"]) == (
        "IMMUTABLE",
        {"encryptionType": "AES256"},
    )

    assert deploy({"Template": creation_template(Prefix="team-b")}).status == "UPDATE_COMPLETE"
    assert [item["prefix"] for item in templates(sandbox)] == ["team-b"]  # the prefix is create-only

    deploy({"Other": resource("AWS::SQS::Queue")})
    assert templates(sandbox) == []


def test_two_stacks_cannot_have_templates_with_one_prefix(sandbox: Sandbox) -> None:
    sandbox.client("ecr", account=MEMBER).create_repository_creation_template(
        prefix="team-a", appliedFor=["CREATE_ON_PUSH"]
    )
    with pytest.raises(StackFailed, match=r"already exists.*HandlerErrorCode: AlreadyExists"):
        deploy({"Template": creation_template()})
    assert stack_of().status == "ROLLBACK_COMPLETE"
    assert len(templates(sandbox)) == 1  # the rollback does not delete what the stack did not create


def test_a_deployer_needs_the_permissions_that_its_template_uses(sandbox: Sandbox) -> None:
    """CreateRepository, the two policies, PassRole for ECR, and the service-linked role the first time."""
    trusted = trust({"Service": "ecr.amazonaws.com"})
    pass_role = allow(
        "iam:PassRole", arn_of("creator"), Condition={"StringEquals": {"iam:PassedToService": "ecr.amazonaws.com"}}
    )
    statements = {
        "ecr:CreateRepositoryCreationTemplate": allow("ecr:CreateRepositoryCreationTemplate"),
        "ecr:CreateRepository": allow("ecr:CreateRepository", f"arn:aws:ecr:{HOME}:{MEMBER}:repository/team-a/*"),
        "ecr:PutLifecyclePolicy": allow("ecr:PutLifecyclePolicy"),
        "iam:PassRole": pass_role,
        "iam:CreateServiceLinkedRole": allow("iam:CreateServiceLinkedRole"),
    }
    roles = {"Creator": role("creator", allow("ecr:CreateRepository"), trusts=trusted)}
    for index, missing in enumerate(["none", *statements]):
        kept = [statement for name, statement in statements.items() if name != missing]
        roles[f"Deployer{index}"] = role(f"deployer-{index}", *kept)
    deploy(roles)
    request = {
        "prefix": "team-a",
        "appliedFor": ["CREATE_ON_PUSH"],
        "customRoleArn": arn_of("creator"),
        "lifecyclePolicy": LIFECYCLE,
    }
    for index, missing in enumerate(statements, start=1):
        ecr = sandbox.client_with(assume(sandbox, arn_of(f"deployer-{index}")), "ecr")
        with pytest.raises(ClientError, match=f"not authorized to perform: {missing} on") as refused:
            ecr.create_repository_creation_template(**request)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    sandbox.client_with(assume(sandbox, arn_of("deployer-0")), "ecr").create_repository_creation_template(**request)
    made = sandbox.client("iam", account=MEMBER).get_role(RoleName=ECR_TEMPLATES)["Role"]
    assert made["Path"] == "/aws-service-role/ecr.amazonaws.com/"


def test_a_template_of_a_stack_is_deployed_with_its_role(sandbox: Sandbox) -> None:
    body = {
        "Creator": role("creator", allow("ecr:CreateRepository"), trusts=trust({"Service": "ecr.amazonaws.com"})),
        "Template": creation_template(CustomRoleArn={"Fn::GetAtt": ["Creator", "Arn"]}),
    }
    cloudformation = sandbox.client("cloudformation", account=MEMBER)
    cloudformation.create_change_set(
        StackName="s",
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=template(body),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    sandbox.settle()
    cloudformation.execute_change_set(StackName="s", ChangeSetName="c")
    sandbox.settle()
    assert cloudformation.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    assert templates(sandbox)[0]["customRoleArn"] == arn_of("creator")

"""Properties of the policies that a security review requires and no linter checks."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest

from handler.adoption_requests import adoption_id
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG
from templates import access, audit_policies, central
from templates.names import Names
from tests.templates.reading import DIGEST, PlacedStatement, Templates, as_list, literal, resources, statements

ORGANIZATION_KEYS = {"aws:PrincipalOrgID", "aws:ResourceOrgID"}
SOURCE_KEYS = {"aws:SourceArn", "aws:SourceAccount"}

NEVER = ("Delete", "UploadLayerPart", "InitiateLayerUpload", "CompleteLayerUpload", "BatchDelete", "BatchGet", "Untag")

DELETIONS = {
    "sqs:DeleteMessage": {"HandleFailures", "HandleDeadLetters", "AdmitOperators"},
    "ecr:DeleteLifecyclePolicy": {"RepairRepositories"},
    "ecr:DeleteRepositoryPolicy": {"RepairRepositories"},
    "ecr:DeleteRepository": {"DeleteBlankRepositories", "DeleteProbe"},
    "ecr:InitiateLayerUpload": {"RequestProbe"},
}
"""The only actions of these kinds, and the statements that may have them."""

WILDCARDS = {
    "AssumeCreatorRoles": "which account a push went to is only known when it happens",
    "DescribeAccounts": "the account that a push went to",
    "ListParentOUs": "the account that a push went to, and the OUs above it",
    "WriteLogs": "Lambda names its log streams",
    "LookUpCallers": "the role that signed a request",
    "CreateByTemplates": "the repository that a push asks for, below the prefixes of the templates",
    "TagByTemplates": "the repository that a push asked for",
    "PutPoliciesByTemplates": "the repository that a push asked for",
    "CreateTaggedRepositories": "the repository that a push asks for, in any region that is covered",
    "AuditRepositories": "every repository is looked at, to find those that lack a record",
    "AuditQueues": "the queue of that one name in whichever region is covered",
    "AuditRegistries": "the actions take no resource",
    "AuditRoles": "the roles of creation templates have names of their regions and contents",
    "AuditRules": "the rule of that one name in whichever region is covered",
    "AuditStacks": "StackSets name their stacks, in whichever region is covered",
    "AuditKeys": "settings name keys, and change without this role being changed",
    "RepairRepositories": "whichever repository drifted; the tag narrows it",
    "RepairTags": "whichever repository drifted; the tag narrows it",
    "RestoreOwnershipTags": "whichever repository lost its tags; only the two can be set, where the first is missing",
    "RestoreEventTag": "whichever repository lost its tag; only that one can be set, where it is missing",
    "RequestProbe": "the repository of that one name in whichever region is covered",
    "DeleteProbe": "the repository of that one name in whichever region is covered",
    "DeleteBlankRepositories": "whichever repository stayed blank; the tag narrows it",
    "AssumeRepairerRoles": "which account is to be repaired is only known when it happens",
    "FinishCreatedRepositories": "the repository that a push asked for; the tag narrows it",
    "DescribeRepositories": "the repository that a push asks for",
    "DescribeKeys": "settings name keys, and change without this role being changed",
    "GrantKeysToECR": "settings name keys, and change without this role being changed",
    "RetireGrantsOfECR": "settings name keys, and change without this role being changed",
    "FindStackSets": "the action takes no resource",
    "CountDeadLetters": "the queue of that one name in whichever account and region is covered",
    "HandleDeadLetters": "the queue of that one name in whichever account and region is covered",
    "ReplayEvents": "a replay has the name of the time that it replays",
    "AssumeAuditorRoles": "the role exists in every account",
    "ReadStackSets": "the StackSets are the management account's, and CloudFormation gives them ids",
    "FindQueues": "the StackSet is the management account's, and CloudFormation gives it an id",
    "ReadAccountNames": "the actions take no resource",
    "ReadDelegatedAdministrators": "the action takes no resource",
    "SendTraces": "the actions take no resource",
}
"""Statements with `*` in a resource, and why it is necessary."""


@pytest.fixture
def allowed(templates: Templates) -> list[PlacedStatement]:
    return [placed for placed in statements(templates) if placed.statement["Effect"] == "Allow"]


def keys_of(placed: PlacedStatement) -> set[str]:
    return {key for tests in placed.conditions.values() for key in tests}


def test_every_statement_has_a_unique_id(templates: Templates) -> None:
    ids = [placed.id for placed in statements(templates)]
    assert len(ids) == len(set(ids))


def test_no_policy_allows_writing_an_image_or_deleting_more_than_is_listed(allowed: list[PlacedStatement]) -> None:
    for placed in allowed:
        for action in placed.actions:
            assert action != "ecr:PutImage", placed.id
            if action.split(":")[1].startswith(NEVER):
                assert placed.statement["Sid"] in DELETIONS.get(action, ()), placed.id


TURN_ON_SCANS = "ecr:PutImageScanningConfiguration"


def test_no_role_that_the_handler_can_assume_deletes_or_repairs(templates: Templates) -> None:
    """Functions only add; people change and delete, with roles that trust no function."""
    creators = [
        placed for placed in statements(templates) if placed.place.startswith(("access.Creator", "access.Forw"))
    ]
    actions = {action for placed in creators for action in placed.actions}
    assert not any(action.startswith(("ecr:Delete", "ecr:PutImage")) for action in actions - {TURN_ON_SCANS})
    (placed,) = [placed for placed in creators if TURN_ON_SCANS in placed.actions]
    assert placed.conditions == {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}}


@pytest.mark.parametrize("role", ["RepairerRole", "CleanerRole"])
def test_only_the_operator_role_changes_repositories_afterwards(role: str, templates: Templates, names: Names) -> None:
    (placed,) = [
        placed for placed in statements(templates) if placed.place == f"access.{role}.AssumeRolePolicyDocument"
    ]
    assert placed.conditions["ArnEquals"] == {"aws:PrincipalArn": names.operator_role_arn}


def test_the_probe_reaches_the_one_repository_of_its_name(allowed: list[PlacedStatement]) -> None:
    probes = [placed for placed in allowed if placed.statement["Sid"] in {"RequestProbe", "DeleteProbe"}]
    assert {placed.place.split(".")[1] for placed in probes} == {"RepairerRole"}
    assert {resource for placed in probes for resource in placed.resources} == {
        "arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/deployer-probe"
    }


def test_without_cleanup_only_the_repository_of_the_probe_can_be_deleted(names: Names) -> None:
    plain = {"access": access.template(names), "central": central.template(names, handler_digest=DIGEST)}
    deleting = {placed.statement["Sid"] for placed in statements(plain) if "ecr:DeleteRepository" in placed.actions}
    reachable = {resource for placed in statements(plain) for resource in placed.resources}
    assert deleting == {"DeleteProbe"}
    assert not any(names.cleaner_role in resource for resource in reachable)


def test_no_action_contains_a_wildcard(allowed: list[PlacedStatement]) -> None:
    for placed in allowed:
        assert not any("*" in action for action in placed.actions), placed.id


def test_only_statements_with_a_reason_have_wildcard_resources(allowed: list[PlacedStatement]) -> None:
    found = {placed.statement["Sid"] for placed in allowed if any("*" in resource for resource in placed.resources)}
    assert found == WILDCARDS.keys()


def test_no_statement_applies_to_all_resources(allowed: list[PlacedStatement]) -> None:
    """Except for lists of Organizations and StackSets, settings of a registry and traces, which have no resource."""
    everything = {placed.statement["Sid"]: placed.actions for placed in allowed if "*" in placed.resources}
    assert everything.pop("SendTraces") == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    registry = ["ecr:DescribeRepositoryCreationTemplates", "ecr:GetRegistryScanningConfiguration"]
    assert everything.pop("AuditRegistries") == registry
    assert everything.pop("FindStackSets") == ["cloudformation:ListStackSets"]
    assert everything.keys() == {"ReadAccountNames", "ReadDelegatedAdministrators"}
    assert all(action.startswith("organizations:List") for action in everything["ReadDelegatedAdministrators"])
    assert all(action.startswith("organizations:") for action in everything["ReadAccountNames"])


def test_a_wildcard_account_is_restricted_to_the_organization(allowed: list[PlacedStatement]) -> None:
    """An ARN with `*` for its account includes every AWS account, unless a condition restricts it.

    CloudFormation never lets another account in.
    """
    for placed in allowed:
        for resource in placed.resources:
            service, _, account = (resource.split(":") + [""] * 5)[2:5]
            if account == "*" and service != "cloudformation":
                assert keys_of(placed) & ORGANIZATION_KEYS or "/o-exampleorg1/" in resource, placed.id


def test_a_principal_of_everybody_is_always_restricted_to_the_organization(allowed: list[PlacedStatement]) -> None:
    for placed in allowed:
        if placed.statement.get("Principal") in ("*", {"AWS": "*"}):
            assert placed.conditions["StringEquals"]["aws:PrincipalOrgID"] == "o-exampleorg1", placed.id


def test_no_whole_account_is_trusted(allowed: list[PlacedStatement], names: Names) -> None:
    """The account root as a principal is the whole account, unless a condition names the intended role.

    (To the policy of the topic of notices it is the same account, whose IAM decides in any case.)
    """
    meant = {
        "AdmitOperators": names.operator_role_arn,
        "AdmitWatch": names.watch_role_arn,
        "OnlyTheHandler": names.function_role_arn,
        "OnlyTheOperatorRole": names.operator_role_arn,
    }
    for placed in allowed:
        principal = placed.statement.get("Principal", {})
        if isinstance(principal, dict) and "AWS" in principal and placed.statement["Sid"] != "AdmitPublishers":
            assert placed.conditions["StringEquals"] == {"aws:PrincipalOrgID": names.organization_id}, placed.id
            if placed.statement["Sid"] not in {"OnlyOperators", "OnlyAuditors"}:
                assert placed.conditions["ArnEquals"] == {"aws:PrincipalArn": meant[placed.statement["Sid"]]}, placed.id


@pytest.mark.parametrize(
    ("sid", "place"),
    [
        ("OnlyOperators", "central.OperatorRole.AssumeRolePolicyDocument"),
        ("OnlyAuditors", "access.AuditorRole.AssumeRolePolicyDocument"),
    ],
    ids=["the operator role", "an auditor role"],
)
def test_roles_that_the_central_account_assumes_are_never_the_handlers(
    sid: str, place: str, templates: Templates, names: Names
) -> None:
    (placed,) = [placed for placed in statements(templates) if placed.statement["Sid"] == sid]
    assert placed.place == place
    assert placed.statement["Principal"] == {"AWS": f"arn:aws:iam::{names.central_account}:root"}
    assert placed.conditions["ArnNotEquals"] == {"aws:PrincipalArn": names.function_role_arn}


LAMBDA = "OnlyLambda"


def test_lambda_assumes_the_roles_of_functions_without_a_condition(templates: Templates) -> None:
    """AWS documents no key that Lambda would send; a condition on a key that it does not send would stop every run."""
    trusted = [placed for placed in statements(templates) if placed.statement["Sid"] == LAMBDA]
    assert [placed.place.split(".")[1] for placed in trusted] == ["HandlerRole", "WatchRole"]
    assert [placed.conditions for placed in trusted] == [{}, {}]


REGISTRY = "OnlyRegistry"


def test_ecr_assumes_the_role_of_creation_templates_without_a_condition(templates: Templates) -> None:
    """AWS documents no key for it either."""
    (trusted,) = [placed for placed in statements(templates) if placed.statement["Sid"] == REGISTRY]
    assert trusted.place == "registry-creation-templates.CreationRole.AssumeRolePolicyDocument"
    assert trusted.statement["Principal"] == {"Service": "ecr.amazonaws.com"}
    assert trusted.conditions == {}


def test_the_policy_of_a_topic_has_no_condition(templates: Templates) -> None:
    """EventBridge does not support conditions there."""
    found = [placed for placed in statements(templates) if placed.place.startswith("central.NoticesTopicPolicy")]
    assert [placed.statement["Sid"] for placed in found] == ["AdmitPublishers"]
    assert not any("Condition" in placed.statement for placed in found)


def test_a_service_is_allowed_only_for_a_named_source(allowed: list[PlacedStatement]) -> None:
    """Otherwise any customer of the service could have it act here (the confused deputy).

    Lambda and ECR take on the roles that were passed to them, which no other account can do (iam:PassRole).
    """
    for placed in allowed:
        principal = placed.statement.get("Principal", {})
        if isinstance(principal, dict) and "Service" in principal and placed.statement["Sid"] not in {LAMBDA, REGISTRY}:
            assert keys_of(placed) & SOURCE_KEYS, placed.id


def test_no_condition_matches_because_a_key_is_missing(allowed: list[PlacedStatement]) -> None:
    """`ForAllValues` and `…IfExists` are true for a missing key."""
    for placed in allowed:
        for operator, tests in placed.conditions.items():
            assert not operator.endswith("IfExists"), placed.id
            if operator.startswith("ForAllValues"):
                assert {key: placed.conditions["Null"][key] for key in tests} == dict.fromkeys(tests, "false"), (
                    placed.id
                )


def test_repositories_are_created_and_changed_only_under_the_events_tag(allowed: list[PlacedStatement]) -> None:
    request, resource = f"aws:RequestTag/{EVENT_ID_TAG}", f"aws:ResourceTag/{EVENT_ID_TAG}"
    needed = {
        "CreateTaggedRepositories": {request: "false"},
        "FinishCreatedRepositories": {resource: "false"},
        "RepairRepositories": {resource: "false"},
        "RepairTags": {resource: "false", request: "true"},
        "DeleteBlankRepositories": {resource: "false"},
        "DeleteProbe": {resource: "false"},
    }
    changing = ("ecr:Create", "ecr:Delete", "ecr:Put", "ecr:Set", "ecr:Tag")
    found = {
        placed.statement["Sid"]: dict(placed.conditions)
        for placed in allowed
        if any(action.startswith(changing) for action in placed.actions)
    }
    by_ecr = {"CreateByTemplates", "TagByTemplates", "PutPoliciesByTemplates"}
    assert found.keys() - needed.keys() == {"RestoreOwnershipTags", "RestoreEventTag"} | by_ecr
    never_adopted = found["DeleteBlankRepositories"].pop("StringNotLike")
    assert never_adopted == {resource: "adopted.*"}
    assert fnmatchcase(adoption_id("arn", datetime(2026, 1, 1, tzinfo=UTC)), never_adopted[resource])
    assert {sid: found[sid] for sid in needed} == {sid: {"Null": keys} for sid, keys in needed.items()}


def test_a_repository_without_the_events_tag_can_only_be_given_the_ownership_tags(names: Names) -> None:
    restoring = (audit_policies.restore_ownership_tags(names), audit_policies.restore_event_tag(names))
    for statement in restoring:
        assert (statement["Effect"], statement["Action"]) == ("Allow", "ecr:TagResource")
        assert statement["Condition"]["Null"][f"aws:ResourceTag/{EVENT_ID_TAG}"] == "true"
        assert statement["Condition"]["Null"][f"aws:RequestTag/{EVENT_ID_TAG}"] == "false"
    keys = [statement["Condition"]["ForAllValues:StringEquals"]["aws:TagKeys"] for statement in restoring]
    assert keys == [[EVENT_ID_TAG, INSTALLATION_TAG], [EVENT_ID_TAG]]


def test_the_creator_role_reaches_repositories_of_its_own_account_only(templates: Templates) -> None:
    ecr = [
        placed
        for placed in statements(templates)
        if placed.place.startswith("access.CreatorRole") and placed.actions[0].startswith("ecr:")
    ]
    assert {resource for placed in ecr for resource in placed.resources} == {
        "arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/*"
    }


def test_keys_are_used_only_if_settings_request_kms(names: Names) -> None:
    with_keys = {placed.statement["Sid"] for placed in statements({"access": access.template(names, uses_kms=True)})}
    without = {placed.statement["Sid"] for placed in statements({"access": access.template(names)})}
    assert with_keys - without == {"AuditKeys", "DescribeKeys", "GrantKeysToECR", "RetireGrantsOfECR"}


def test_a_repository_can_be_deleted_whatever_key_todays_settings_have(names: Names) -> None:
    (kept,) = [
        placed
        for placed in statements({"access": access.template(names, cleanup=True)})
        if placed.statement["Sid"] == "RetireGrantsOfECR"
    ]
    assert kept.place.startswith("access.CleanerRole")


def test_a_session_of_a_role_lasts_an_hour_at_most(templates: Templates) -> None:
    for resource in typed(templates, "AWS::IAM::Role"):
        assert resource["MaxSessionDuration"] == 3600


def test_no_role_has_a_managed_policy(templates: Templates) -> None:
    """A managed policy changes when AWS or somebody else changes it."""
    for resource in typed(templates, "AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in resource


def test_each_function_is_invoked_only_by_its_one_rule(templates: Templates) -> None:
    permissions = [one for one in typed(templates, "AWS::Lambda::Permission") if one["Principal"] != "*"]
    assert {permission["Principal"] for permission in permissions} == {"events.amazonaws.com"}
    assert {literal(permission["FunctionName"]): literal(permission["SourceArn"]) for permission in permissions} == {
        "${HandlerFunction.Arn}": "${HandlerRule.Arn}",
        "${WatchFunction.Arn}": "${WatchRule.Arn}",
    }


def test_members_of_the_organization_can_invoke_the_handler_only_through_its_url(templates: Templates) -> None:
    (url,) = typed(templates, "AWS::Lambda::Url")
    assert (url["AuthType"], literal(url["TargetFunctionArn"])) == ("AWS_IAM", "${HandlerFunction.Arn}")
    assert "Cors" not in url
    shared = {"FunctionName": {"Ref": "HandlerFunction"}, "Principal": "*", "PrincipalOrgID": "o-exampleorg1"}
    found = [one for one in typed(templates, "AWS::Lambda::Permission") if one["Principal"] == "*"]
    assert found == [
        {**shared, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "AWS_IAM"},
        {**shared, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
    ]


def test_without_a_url_members_of_the_organization_can_invoke_nothing(names: Names) -> None:
    resources_ = central.template(names, handler_digest="0" * 64).to_dict()
    assert "Outputs" not in resources_
    assert "lambda:Invoke" not in str(resources_["Resources"]["HandlerRole"])
    assert "AWS::Lambda::Url" not in str(resources_)
    assert "'Principal': '*', 'PrincipalOrgID'" not in str(resources_)
    assert "iam:GetRole" not in str(access.template(names).to_dict()["Resources"]["CreatorRole"])


def test_data_at_rest_is_encrypted(templates: Templates) -> None:
    assert all(queue["SqsManagedSseEnabled"] is True for queue in typed(templates, "AWS::SQS::Queue"))
    assert all(table["SSESpecification"]["SSEEnabled"] is True for table in typed(templates, "AWS::DynamoDB::Table"))
    assert all("BucketEncryption" in bucket for bucket in typed(templates, "AWS::S3::Bucket"))


@pytest.mark.parametrize(
    ("kind", "policy", "reference"),
    [("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"), ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket")],
    ids=["queues", "buckets"],
)
def test_access_without_tls_is_denied(kind: str, policy: str, reference: str, templates: Templates) -> None:
    for template in templates.values():
        found = resources(template)
        guarded = {
            literal(target)
            for resource in found.values()
            if resource["Type"] == policy and refuses_plain_connections(resource["Properties"]["PolicyDocument"])
            for target in as_list(resource["Properties"][reference])
        }
        assert guarded == {"${" + id_ + "}" for id_, resource in found.items() if resource["Type"] == kind}


def test_the_bucket_is_never_public(templates: Templates) -> None:
    (bucket,) = typed(templates, "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


@pytest.mark.parametrize(("stack", "logical_id"), [("artifacts", "ArtifactsBucket"), ("central", "LedgerTable")])
def test_irreplaceable_resources_are_retained_when_the_stack_is_deleted(
    stack: str, logical_id: str, templates: Templates
) -> None:
    resource = resources(templates[stack])[logical_id]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_ledger_is_protected(templates: Templates) -> None:
    (table,) = typed(templates, "AWS::DynamoDB::Table")
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_queues_keep_messages_as_long_as_sqs_can(templates: Templates) -> None:
    assert {queue["MessageRetentionPeriod"] for queue in typed(templates, "AWS::SQS::Queue")} == {14 * 24 * 3600}


UNTAGGED = {
    "AWS::CloudWatch::Dashboard",
    "AWS::ECR::RegistryScanningConfiguration",
    "AWS::ECR::RepositoryCreationTemplate",
    "AWS::Events::Archive",
    "AWS::Events::EventBusPolicy",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
"""Types that take no tags."""


def test_every_taggable_resource_has_a_tag_that_names_its_manager(templates: Templates) -> None:
    for template in templates.values():
        for logical_id, resource in resources(template).items():
            tags = resource["Properties"].get("Tags", [])
            expected = [] if resource["Type"] in UNTAGGED else [{"Key": "deployer:managed-by", "Value": "deployer"}]
            assert tags == expected, logical_id


def typed(templates: Templates, kind: str) -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for template in templates.values()
        for resource in resources(template).values()
        if resource["Type"] == kind
    ]


def refuses_plain_connections(document: dict[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in document["Statement"]
    )

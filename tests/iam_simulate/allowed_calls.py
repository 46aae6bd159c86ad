"""The calls that the installation needs, each as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.iam_simulate.installation import (
    ABROAD,
    AUDITOR_ROLE,
    BUCKET,
    BUS,
    CENTRAL,
    CLEANER_ROLE,
    CREATOR_ROLE,
    DEAD_LETTERS,
    FAILURES,
    FORWARDING_ROLE,
    FORWARDING_RULE,
    HANDLER_ROLE,
    HANDLER_RULE,
    HOME,
    LEDGER,
    MEMBER,
    NAMES,
    OPERATOR_ROLE,
    ORGANIZATION,
    REPAIRER_ROLE,
    Role,
    artifacts,
    bus_policy,
    central,
    document,
    forwarding,
    member,
    role,
    trust,
)
from tests.iam_simulate.judge import ANYTHING, Call
from tests.iam_simulate.url_calls import URL_ALLOWED

HANDLER = role(central, "HandlerRole")
CREATOR = role(member, "CreatorRole")
FORWARDER = role(member, "ForwardingRole")
OPERATOR = role(central, "OperatorRole")
AUDITOR = role(member, "AuditorRole")
REPAIRER = role(member, "RepairerRole")
CLEANER = role(member, "CleanerRole")
PUBLISHER = role(central, "NoticesRole")
SECURITY = Role(
    arn=f"arn:aws:iam::{CENTRAL}:role/security",
    policies=[
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/deployer-auditor"}
            ],
        }
    ],
)
"""Somebody of the central account who may look at repositories, and nothing else."""
WATCH = role(central, "WatchRole")
PERSON = Role(
    arn=f"arn:aws:iam::{CENTRAL}:role/on-call",
    policies=[
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": OPERATOR_ROLE}],
        }
    ],
)
"""Somebody of the central account who may look after failures, and nothing else."""

REPOSITORY = f"arn:aws:ecr:{ABROAD}:{MEMBER}:repository/team-a/api"
KEY = f"arn:aws:kms:{ABROAD}:{MEMBER}:key/11111111-2222-3333-4444-555555555555"
EVENT_ID = "0d9ae3c2-6f4e-4b0f-9f43-6f2f1c1a2b3c"
MANAGEMENT = "100000000000"
"""Owns the ARNs of accounts and OUs; but a delegated administrator's calls are judged in its own account."""
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
"""What KMS gives a new key."""
THROUGH_ECR = {"kms:ViaService": f"ecr.{ABROAD}.amazonaws.com", "aws:ResourceOrgID": ORGANIZATION}
ECR_EVENT = {"events:source": ["aws.ecr"], "events:detail-type": ["AWS API Call via CloudTrail"]}


def by_handler(action: str, resource: str, *, account: str = CENTRAL) -> Call:
    return Call(
        principal=HANDLER.session,
        action=action,
        resource=resource,
        account=account,
        context=HANDLER.context,
        identity_policies=HANDLER.policies,
    )


def by_operator(action: str, resource: str, *, context: Mapping[str, str] | None = None) -> Call:
    return Call(
        principal=OPERATOR.session,
        action=action,
        resource=resource,
        account=resource.split(":")[4] if resource != "*" else CENTRAL,
        context={**OPERATOR.context, **(context or {})},
        identity_policies=OPERATOR.policies,
    )


def on_dead_letters(action: str) -> Call:
    call = by_operator(f"sqs:{action}", DEAD_LETTERS, context={"aws:ResourceOrgID": ORGANIZATION})
    return replace(call, resource_policy=document(forwarding, "DeadLetterQueuePolicy"))


def by_watch(action: str) -> Call:
    return Call(
        principal=WATCH.session,
        action=f"sqs:{action}",
        resource=DEAD_LETTERS,
        account=MEMBER,
        context={**WATCH.context, "aws:ResourceOrgID": ORGANIZATION},
        identity_policies=WATCH.policies,
        resource_policy=document(forwarding, "DeadLetterQueuePolicy"),
    )


def by_creator(action: str, *, resource: str = REPOSITORY, context: Mapping[str, str] | None = None) -> Call:
    return Call(
        principal=CREATOR.session,
        action=action,
        resource=resource,
        account=MEMBER,
        context={**CREATOR.context, **(context or {})},
        identity_policies=CREATOR.policies,
        resource_policy=KEY_POLICY if resource == KEY else None,
    )


def in_member(
    who: Role, action: str, *, resource: str = REPOSITORY, context: Mapping[str, str | list[str]] | None = None
) -> Call:
    """A call of one of the member's own roles."""
    return Call(
        principal=who.session,
        action=action,
        resource=resource,
        account=MEMBER,
        context={**who.context, **(context or {})},
        identity_policies=who.policies,
        resource_policy=KEY_POLICY if resource == KEY else None,
    )


def assuming_role(who: Role, role_arn: str, logical_id: str) -> Call:
    """A principal of the central account assumes a role of the member."""
    return Call(
        principal=who.session,
        action="sts:AssumeRole",
        resource=role_arn,
        account=MEMBER,
        context={**who.context, "aws:ResourceOrgID": ORGANIZATION},
        identity_policies=who.policies,
        resource_policy=trust(member, logical_id),
    )


def by_service(service: str, action: str, resource: str, *, policy: object, source: str) -> Call:
    """A call that an AWS service makes on behalf of `source`, an ARN."""
    assert isinstance(policy, dict)
    return Call(
        principal=f"{service}.amazonaws.com",
        action=action,
        resource=resource,
        account=resource.split(":")[4],
        context={
            "aws:SourceArn": source,
            "aws:SourceAccount": source.split(":")[4],
            "aws:SecureTransport": "true",
        },
        resource_policy=policy,
    )


TAGGED_REQUEST = {"aws:RequestTag/deployer:event-id": EVENT_ID}
OWNERSHIP_KEYS = ["deployer:event-id", "deployer:installation"]
OWNERSHIP_REQUEST = {**TAGGED_REQUEST, "aws:RequestTag/deployer:installation": "deployer"}
INSTALLATION_ON_REPOSITORY = {"aws:ResourceTag/deployer:installation": "deployer"}
PROBE_REPOSITORY = f"arn:aws:ecr:{ABROAD}:{MEMBER}:repository/deployer-probe"
TAGGED_REPOSITORY = {"aws:ResourceTag/deployer:event-id": EVENT_ID}

ASSUME_CREATOR = replace(
    by_handler("sts:AssumeRole", CREATOR_ROLE, account=MEMBER),
    context={**HANDLER.context, "aws:ResourceOrgID": ORGANIZATION},
    resource_policy=trust(member, "CreatorRole"),
)

FORWARD = Call(
    principal=FORWARDER.session,
    action="events:PutEvents",
    resource=BUS,
    account=CENTRAL,
    context={**FORWARDER.context, **ECR_EVENT},
    identity_policies=FORWARDER.policies,
    resource_policy=bus_policy(),
)

COUNT = replace(
    by_handler("dynamodb:UpdateItem", LEDGER),
    context={**HANDLER.context, "dynamodb:LeadingKeys": [f"limit#{MEMBER}#2026-11-23T08"]},
)

ADMINISTRATOR = f"arn:aws:sts::{CENTRAL}:assumed-role/administrator/someone"

UPLOAD = Call(
    principal=ADMINISTRATOR,
    action="s3:PutObject",
    resource=f"{BUCKET}/handler/0.zip",
    account=CENTRAL,
    context={"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"},
    identity_policies=[ANYTHING],
    resource_policy=document(artifacts, "ArtifactsBucketPolicy"),
)

REDRIVE = Call(
    principal=ADMINISTRATOR,
    action="sqs:ReceiveMessage",
    resource=FAILURES,
    account=CENTRAL,
    context={"aws:SecureTransport": "true"},
    identity_policies=[ANYTHING],
    resource_policy=document(central, "FailuresQueuePolicy"),
)

ASSUME_HANDLER = by_service(
    "lambda",
    "sts:AssumeRole",
    HANDLER_ROLE,
    policy=trust(central, "HandlerRole"),
    source=f"arn:aws:lambda:{HOME}:{CENTRAL}:function:deployer-handler",
)
ASSUME_FORWARDING = by_service(
    "events", "sts:AssumeRole", FORWARDING_ROLE, policy=trust(member, "ForwardingRole"), source=FORWARDING_RULE
)
ASSUME_PUBLISHER = by_service(
    "events",
    "sts:AssumeRole",
    central.arn("NoticesRole"),
    policy=trust(central, "NoticesRole"),
    source=central.arn("NoticesRule"),
)
CENTRAL_DEAD_LETTER = by_service(
    "events", "sqs:SendMessage", FAILURES, policy=document(central, "FailuresQueuePolicy"), source=HANDLER_RULE
)
MEMBER_DEAD_LETTER = by_service(
    "events",
    "sqs:SendMessage",
    DEAD_LETTERS,
    policy=document(forwarding, "DeadLetterQueuePolicy"),
    source=FORWARDING_RULE,
)

ASSUME_OPERATOR = Call(
    principal=PERSON.session,
    action="sts:AssumeRole",
    resource=OPERATOR_ROLE,
    account=CENTRAL,
    context=PERSON.context,
    identity_policies=PERSON.policies,
    resource_policy=trust(central, "OperatorRole"),
)

ASSUME_AUDITOR = assuming_role(SECURITY, AUDITOR_ROLE, "AuditorRole")
AUDITED_BY_WATCH = replace(
    ASSUME_AUDITOR,
    action="sts:AssumeRole",
    principal=WATCH.session,
    context={**WATCH.context, "aws:ResourceOrgID": ORGANIZATION},
    identity_policies=WATCH.policies,
)
ASSUME_REPAIRER = assuming_role(OPERATOR, REPAIRER_ROLE, "RepairerRole")
ASSUME_CLEANER = assuming_role(OPERATOR, CLEANER_ROLE, "CleanerRole")

STACK = f"arn:aws:cloudformation:{ABROAD}:{MEMBER}:stack/StackSet-deployer-forwarding-1f2e3d4c/11111111-2222"
REPLAY = f"arn:aws:events:{HOME}:{CENTRAL}:replay/deployer-20261123T080000-20261123T090000"

ALLOWED: dict[str, Call] = {
    "an allowed principal assumes the operator role": ASSUME_OPERATOR,
    "an operator receives messages of the failures queue": by_operator("sqs:ReceiveMessage", FAILURES),
    "an operator deletes a message of the failures queue that was redriven": by_operator("sqs:DeleteMessage", FAILURES),
    "an operator finds a member's dead letters": on_dead_letters("GetQueueUrl"),
    "an operator counts a member's dead letters": on_dead_letters("GetQueueAttributes"),
    "an operator receives a member's dead letters": on_dead_letters("ReceiveMessage"),
    "an operator extends the visibility timeout of a member's dead letters": on_dead_letters("ChangeMessageVisibility"),
    "an operator deletes a dead letter that was redriven": on_dead_letters("DeleteMessage"),
    "an operator invokes the handler again with an event": by_operator("lambda:InvokeFunction", NAMES.function_arn),
    "an operator describes the archive": by_operator("events:DescribeArchive", NAMES.event_archive_arn),
    "an operator replays the archive": by_operator("events:StartReplay", NAMES.event_archive_arn),
    "an operator replays to the central bus": by_operator("events:StartReplay", BUS),
    "an operator names the replay": by_operator("events:StartReplay", REPLAY),
    "an operator reads the progress of a replay": by_operator("events:DescribeReplay", REPLAY),
    "the watch counts a member's dead letters": by_watch("GetQueueAttributes"),
    **{
        f"the watch reads the {name} StackSet": replace(
            by_handler(
                f"cloudformation:{action}",
                f"arn:aws:cloudformation:{HOME}:{CENTRAL}:stackset/deployer-{name}:11111111-2222-3333-4444-555555555555",
            ),
            principal=WATCH.session,
            context=WATCH.context,
            identity_policies=WATCH.policies,
        )
        for name, action in (("access", "DescribeStackSet"), ("forwarding", "ListStackInstances"))
    },
    "the watch assumes a member's auditor role": AUDITED_BY_WATCH,
    "an operator finds dead-letter queues": by_operator(
        "cloudformation:ListStackInstances",
        f"arn:aws:cloudformation:{HOME}:{CENTRAL}:stackset/deployer-forwarding:11111111-2222-3333-4444-555555555555",
    ),
    "an operator reads StackSets as a delegated administrator": by_operator(
        "organizations:ListDelegatedAdministrators", "*"
    ),
    "the watch reads StackSets as a delegated administrator": replace(
        by_handler("organizations:ListDelegatedAdministrators", "*"),
        principal=WATCH.session,
        context=WATCH.context,
        identity_policies=WATCH.policies,
    ),
    "an operator reads the names of accounts": by_operator("organizations:ListAccounts", "*"),
    "an allowed principal assumes a member's auditor role": ASSUME_AUDITOR,
    "the auditor role lists repositories": in_member(AUDITOR, "ecr:DescribeRepositories"),
    "the auditor role reads the tags of a repository": in_member(AUDITOR, "ecr:ListTagsForResource"),
    "the auditor role reads a lifecycle policy": in_member(AUDITOR, "ecr:GetLifecyclePolicy"),
    "the auditor role reads a repository policy": in_member(AUDITOR, "ecr:GetRepositoryPolicy"),
    "the auditor role checks whether an image exists": in_member(AUDITOR, "ecr:ListImages"),
    "the auditor role reads the sizes of images": in_member(AUDITOR, "ecr:DescribeImages"),
    "the auditor role finds the key behind an alias": in_member(
        AUDITOR, "kms:DescribeKey", resource=KEY, context={"aws:ResourceOrgID": ORGANIZATION}
    ),
    **{
        f"the auditor role compares the {name} of its account with the template": in_member(
            AUDITOR, action, resource=resource
        )
        for name, action, resource in (
            ("creator role", "iam:GetRole", CREATOR_ROLE),
            ("permissions of the creator role", "iam:GetRolePolicy", CREATOR_ROLE),
            ("policies added to the creator role", "iam:ListRolePolicies", CREATOR_ROLE),
            ("policies attached to the creator role", "iam:ListAttachedRolePolicies", CREATOR_ROLE),
            ("instance profiles of the creator role", "iam:ListInstanceProfilesForRole", CREATOR_ROLE),
            ("cleaner role", "iam:GetRole", CLEANER_ROLE),
            ("auditor role", "iam:GetRole", AUDITOR_ROLE),
            ("rule", "events:DescribeRule", FORWARDING_RULE),
            ("rule's target", "events:ListTargetsByRule", FORWARDING_RULE),
            ("queue", "sqs:GetQueueAttributes", DEAD_LETTERS),
            ("queue by its name", "sqs:GetQueueUrl", DEAD_LETTERS),
            ("stack", "cloudformation:DescribeStacks", STACK),
            ("scanning", "ecr:GetRegistryScanningConfiguration", "*"),
        )
    },
    "the operator role assumes a member's repairer role": ASSUME_REPAIRER,
    "the operator role passes its source identity to a member's repairer role": replace(
        ASSUME_REPAIRER, action="sts:SetSourceIdentity"
    ),
    "the operator role passes its transitive tags to a member's repairer role": replace(
        ASSUME_REPAIRER, action="sts:TagSession"
    ),
    "the repairer role restores image tag mutability": in_member(
        REPAIRER, "ecr:PutImageTagMutability", context=TAGGED_REPOSITORY
    ),
    "the repairer role restores scanning": in_member(
        REPAIRER, "ecr:PutImageScanningConfiguration", context=TAGGED_REPOSITORY
    ),
    "the repairer role restores a lifecycle policy": in_member(
        REPAIRER, "ecr:PutLifecyclePolicy", context=TAGGED_REPOSITORY
    ),
    "the repairer role restores a repository policy": in_member(
        REPAIRER, "ecr:SetRepositoryPolicy", context=TAGGED_REPOSITORY
    ),
    "the repairer role restores a tag": in_member(
        REPAIRER, "ecr:TagResource", context={**TAGGED_REPOSITORY, "aws:RequestTag/env": "prod"}
    ),
    "the repairer role restores the ownership tags": in_member(
        REPAIRER, "ecr:TagResource", context={**OWNERSHIP_REQUEST, "aws:TagKeys": OWNERSHIP_KEYS}
    ),
    "the repairer role restores the tag with the event besides the installation's": in_member(
        REPAIRER,
        "ecr:TagResource",
        context={**INSTALLATION_ON_REPOSITORY, **TAGGED_REQUEST, "aws:TagKeys": OWNERSHIP_KEYS[:1]},
    ),
    "the repairer role requests the probe's repository": in_member(
        REPAIRER, "ecr:InitiateLayerUpload", resource=PROBE_REPOSITORY
    ),
    "the repairer role deletes the probe's repository": in_member(
        REPAIRER, "ecr:DeleteRepository", resource=PROBE_REPOSITORY, context=TAGGED_REPOSITORY
    ),
    "the repairer role retires the grants of the key of the probe's repository": in_member(
        REPAIRER, "kms:RetireGrant", resource=KEY, context=THROUGH_ECR
    ),
    "the repairer role restores a setting of a repository that a person adopted": in_member(
        REPAIRER,
        "ecr:PutImageTagMutability",
        context={"aws:ResourceTag/deployer:event-id": f"adopted.{'0' * 32}"},
    ),
    "the operator role assumes a member's cleaner role": ASSUME_CLEANER,
    "the cleaner role deletes a repository of the handler": in_member(
        CLEANER, "ecr:DeleteRepository", context=TAGGED_REPOSITORY
    ),
    "EventBridge assumes the forwarding role for the forwarding rule": ASSUME_FORWARDING,
    "the forwarding role puts ECR's events on the central bus": FORWARD,
    "EventBridge keeps what it could not forward in the member's queue": MEMBER_DEAD_LETTER,
    "EventBridge keeps what it could not hand over in the failures queue": CENTRAL_DEAD_LETTER,
    "Lambda assumes the handler's role": ASSUME_HANDLER,
    "the handler reads the OU of an account": by_handler(
        "organizations:DescribeAccount",
        f"arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{MEMBER}",
    ),
    "the handler reads the OU above an account": by_handler(
        "organizations:ListParents",
        f"arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{MEMBER}",
    ),
    "the handler reads the OU above an OU": by_handler(
        "organizations:ListParents",
        f"arn:aws:organizations::{MANAGEMENT}:ou/{ORGANIZATION}/ou-exam-prod0001",
    ),
    "the handler assumes the creator role of a member": ASSUME_CREATOR,
    "the creator role creates a repository with the event's tag": by_creator(
        "ecr:CreateRepository", context=TAGGED_REQUEST
    ),
    "the creator role tags the repository that it creates": by_creator("ecr:TagResource", context=TAGGED_REQUEST),
    "the creator role sets a lifecycle policy on its repository": by_creator(
        "ecr:PutLifecyclePolicy", context=TAGGED_REPOSITORY
    ),
    "the creator role sets a repository policy on its repository": by_creator(
        "ecr:SetRepositoryPolicy", context=TAGGED_REPOSITORY
    ),
    "the creator role enables scan on push of a repository that it tagged": by_creator(
        "ecr:PutImageScanningConfiguration", context=TAGGED_REPOSITORY
    ),
    "the creator role describes a repository": by_creator("ecr:DescribeRepositories"),
    "the creator role reads the tags of a repository": by_creator("ecr:ListTagsForResource"),
    "the creator role describes a key through ECR": by_creator("kms:DescribeKey", resource=KEY, context=THROUGH_ECR),
    "the creator role grants a key to ECR": by_creator(
        "kms:CreateGrant", resource=KEY, context={**THROUGH_ECR, "kms:GrantIsForAWSResource": "true"}
    ),
    "the creator role retires a grant of ECR": by_creator("kms:RetireGrant", resource=KEY, context=THROUGH_ECR),
    "the cleaner role retires the grants of a repository's key": in_member(
        CLEANER, "kms:RetireGrant", resource=KEY, context=THROUGH_ECR
    ),
    "the handler adds a record to the ledger": by_handler("dynamodb:PartiQLInsert", LEDGER),
    "the handler reads a record of the ledger": by_handler("dynamodb:GetItem", LEDGER),
    "the handler finds the records of an event": by_handler("dynamodb:Query", f"{LEDGER}/index/by-event"),
    "a member's rule puts an event of a service on the central bus": replace(
        FORWARD, context={**FORWARD.context, "events:detail-type": ["AWS Service Event via CloudTrail"]}
    ),
    "the handler counts new repositories for a limit": COUNT,
    "the handler reports a failure": replace(
        by_handler("sqs:SendMessage", FAILURES), resource_policy=document(central, "FailuresQueuePolicy")
    ),
    "the handler sends a notice": replace(
        by_handler("events:PutEvents", BUS),
        context={**HANDLER.context, "events:source": ["deployer"], "events:detail-type": ["ECR Repository Decision"]},
        resource_policy=bus_policy(),
    ),
    "EventBridge assumes the role for notices for its rule": ASSUME_PUBLISHER,
    "the role for notices publishes one": Call(
        principal=PUBLISHER.session,
        action="sns:Publish",
        resource=central.arn("NoticesTopic"),
        account=CENTRAL,
        context=PUBLISHER.context,
        identity_policies=PUBLISHER.policies,
        resource_policy=document(central, "NoticesTopicPolicy"),
    ),
    "EventBridge keeps a notice that it could not publish in the queue of notices": by_service(
        "events",
        "sqs:SendMessage",
        central.arn("NoticesDeadLetterQueue"),
        policy=document(central, "NoticesDeadLetterQueuePolicy"),
        source=central.arn("NoticesRule"),
    ),
    "the handler's logs are written": by_handler(
        "logs:PutLogEvents",
        f"arn:aws:logs:{HOME}:{CENTRAL}:log-group:/aws/lambda/deployer-handler:log-stream:2026/11/23/[$LATEST]0",
    ),
    "the handler's traces are sent": by_handler("xray:PutTraceSegments", "*"),
    "the result of the handler's traces is counted": by_handler("xray:PutTelemetryRecords", "*"),
    "an administrator uploads the handler's zip": UPLOAD,
    "an administrator reads the failures queue": REDRIVE,
    "the handler hands a request over to itself": by_handler("lambda:InvokeFunction", NAMES.function_arn),
    "the creator role reads the role of a caller": by_creator(
        "iam:GetRole", resource=f"arn:aws:iam::{MEMBER}:role/ci/ci-build"
    ),
    **URL_ALLOWED,
}

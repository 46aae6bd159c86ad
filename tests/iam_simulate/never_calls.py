"""Calls that must never be allowed. If the caller has all permissions, the other side must deny the call."""

from __future__ import annotations

from dataclasses import replace

from tests.iam_simulate.allowed_calls import (
    ALLOWED,
    ASSUME_AUDITOR,
    ASSUME_CLEANER,
    ASSUME_CREATOR,
    ASSUME_FORWARDING,
    ASSUME_HANDLER,
    ASSUME_OPERATOR,
    ASSUME_PUBLISHER,
    ASSUME_REPAIRER,
    AUDITED_BY_WATCH,
    AUDITOR,
    CENTRAL_DEAD_LETTER,
    CLEANER,
    COUNT,
    CREATOR,
    ECR_EVENT,
    FORWARD,
    FORWARDER,
    HANDLER,
    INSTALLATION_ON_REPOSITORY,
    KEY,
    MEMBER_DEAD_LETTER,
    OWNERSHIP_KEYS,
    OWNERSHIP_REQUEST,
    PROBE_REPOSITORY,
    REDRIVE,
    REPAIRER,
    REPOSITORY,
    STACK,
    TAGGED_REPOSITORY,
    TAGGED_REQUEST,
    THROUGH_ECR,
    UPLOAD,
    WATCH,
    by_creator,
    by_handler,
    by_operator,
    by_service,
    by_watch,
    in_member,
    on_dead_letters,
)
from tests.iam_simulate.installation import (
    ABROAD,
    CENTRAL,
    CREATOR_ROLE,
    DEAD_LETTERS,
    FORWARDING_ROLE,
    FORWARDING_RULE,
    HANDLER_ROLE,
    HANDLER_RULE,
    HOME,
    LEDGER,
    MEMBER,
    NAMES,
    ORGANIZATION,
    OTHER_MEMBER,
    STRANGER,
    Role,
    artifacts,
    bus_policy,
    central,
    document,
    member,
    trust,
)
from tests.iam_simulate.judge import ANYTHING, Call, Policy
from tests.iam_simulate.never_by_operators import BY_OPERATORS
from tests.iam_simulate.url_calls import URL_NEVER

OTHER_ORGANIZATION = "o-otherorg99"


def as_role(call: Call, who: Role) -> Call:
    """The same call by another role, whose own policies allow everything."""
    changed = {key: value for key, value in call.context.items() if key not in who.context}
    return replace(call, principal=who.session, context={**changed, **who.context}, identity_policies=[ANYTHING])


def with_context(call: Call, **changes: str | list[str]) -> Call:
    return replace(call, context={**call.context, **{key.replace("__", ":"): value for key, value in changes.items()}})


def on(call: Call, resource: str, *, account: str | None = None, policy: Policy | None = None) -> Call:
    return replace(call, resource=resource, account=account or call.account, resource_policy=policy)


def somebody(arn: str, *, organization: str = ORGANIZATION) -> Role:
    return Role(arn=arn, policies=[ANYTHING], organization=organization)


CENTRAL_ADMINISTRATOR = somebody(f"arn:aws:iam::{CENTRAL}:role/administrator")
NAMESAKE = somebody(f"arn:aws:iam::{OTHER_MEMBER}:role/deployer-handler")
STRANGERS_NAMESAKE = somebody(f"arn:aws:iam::{STRANGER}:role/deployer-handler", organization=OTHER_ORGANIZATION)
STRANGERS_FORWARDER = somebody(f"arn:aws:iam::{STRANGER}:role/deployer-forwarding", organization=OTHER_ORGANIZATION)
LEFT_THE_ORGANIZATION = somebody(HANDLER.arn, organization=OTHER_ORGANIZATION)

CREATE = by_creator("ecr:CreateRepository", context=TAGGED_REQUEST)

_ROLES: dict[str, Call] = {
    "an administrator of the central account assumes a creator role": as_role(ASSUME_CREATOR, CENTRAL_ADMINISTRATOR),
    "a role with the handler's name in another member assumes a creator role": as_role(ASSUME_CREATOR, NAMESAKE),
    "a role with the handler's name in another organization assumes a creator role": as_role(
        ASSUME_CREATOR, STRANGERS_NAMESAKE
    ),
    "the handler assumes a creator role after the central account left the organization": as_role(
        ASSUME_CREATOR, LEFT_THE_ORGANIZATION
    ),
    "the handler assumes a creator role of another organization that allows it": replace(
        with_context(ASSUME_CREATOR, aws__ResourceOrgID=OTHER_ORGANIZATION),
        resource=f"arn:aws:iam::{STRANGER}:role/deployer-creator",
        account=STRANGER,
    ),
    "the handler assumes a member's forwarding role": on(
        ASSUME_CREATOR, FORWARDING_ROLE, policy=trust(member, "ForwardingRole")
    ),
    "the handler assumes some other role of a member that allows it": replace(
        ASSUME_CREATOR, resource=f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole"
    ),
    "the handler assumes another role of the central account that allows it": replace(
        ASSUME_CREATOR,
        resource=CENTRAL_ADMINISTRATOR.arn,
        account=CENTRAL,
        resource_policy={
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{CENTRAL}:root"}, "Action": "sts:*"}],
        },
    ),
    "an administrator of a member assumes its creator role": as_role(
        ASSUME_CREATOR, somebody(f"arn:aws:iam::{MEMBER}:role/administrator")
    ),
    "a person assumes the handler's role": Call(
        principal=CENTRAL_ADMINISTRATOR.session,
        action="sts:AssumeRole",
        resource=HANDLER_ROLE,
        account=CENTRAL,
        context=CENTRAL_ADMINISTRATOR.context,
        identity_policies=[ANYTHING],
        resource_policy=ASSUME_HANDLER.resource_policy,
    ),
    "another service assumes the handler's role": replace(ASSUME_HANDLER, principal="events.amazonaws.com"),
    "EventBridge assumes the role for notices for another rule": with_context(
        ASSUME_PUBLISHER, aws__SourceArn=HANDLER_RULE
    ),
    "EventBridge assumes the role for notices for another account's rule": with_context(
        ASSUME_PUBLISHER,
        aws__SourceAccount=STRANGER,
        aws__SourceArn=f"arn:aws:events:{HOME}:{STRANGER}:rule/deployer-events/deployer-notices",
    ),
    "the handler assumes the role for notices": on(
        ASSUME_CREATOR, ASSUME_PUBLISHER.resource, account=CENTRAL, policy=trust(central, "NoticesRole")
    ),
    "EventBridge assumes the forwarding role for another rule": with_context(
        ASSUME_FORWARDING, aws__SourceArn=f"arn:aws:events:{ABROAD}:{MEMBER}:rule/anything-else"
    ),
    "EventBridge assumes the forwarding role for another account's rule": with_context(
        ASSUME_FORWARDING,
        aws__SourceAccount=STRANGER,
        aws__SourceArn=f"arn:aws:events:{ABROAD}:{STRANGER}:rule/deployer-forwarding",
    ),
    "another service assumes the forwarding role": replace(ASSUME_FORWARDING, principal="lambda.amazonaws.com"),
}

_SESSIONS: dict[str, Call] = {
    "an outside principal sets a source identity on a member's repairer role": replace(
        as_role(ASSUME_REPAIRER, somebody(f"arn:aws:iam::{STRANGER}:role/x")), action="sts:SetSourceIdentity"
    ),
    "the handler tags a session of a member's repairer role": replace(
        on(ASSUME_CREATOR, ASSUME_REPAIRER.resource, policy=trust(member, "RepairerRole")), action="sts:TagSession"
    ),
}

_BUS: dict[str, Call] = {
    "another organization puts events on the central bus": as_role(FORWARD, STRANGERS_FORWARDER),
    "a member puts events of another source on the central bus": with_context(FORWARD, events__source=["my.app"]),
    "a member puts events of another kind on the central bus": with_context(
        FORWARD, **{"events__detail-type": ["ECR Image Action"]}
    ),
    "a member puts one event of another source among ECR's on the central bus": with_context(
        FORWARD, events__source=["aws.ecr", "my.app"]
    ),
    "a member puts an event without a source on the central bus": replace(
        FORWARD, context={key: value for key, value in FORWARD.context.items() if key != "events:source"}
    ),
    "the forwarding role puts events on its own default bus": on(
        FORWARD, f"arn:aws:events:{ABROAD}:{MEMBER}:event-bus/default", account=MEMBER
    ),
    "the forwarding role puts events on a bus of that name in another region": on(
        FORWARD, f"arn:aws:events:{ABROAD}:{CENTRAL}:event-bus/deployer-events", policy=bus_policy()
    ),
    "the forwarding role puts events on another organization's bus that allows it": replace(
        FORWARD,
        resource=f"arn:aws:events:{HOME}:{STRANGER}:event-bus/deployer-events",
        account=STRANGER,
        resource_policy={
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "*"}],
        },
    ),
    "a member puts a rule on the central bus": Call(
        principal=FORWARDER.session,
        action="events:PutRule",
        resource=f"arn:aws:events:{HOME}:{CENTRAL}:rule/deployer-events/mine",
        account=CENTRAL,
        context={**FORWARDER.context, **ECR_EVENT},
        identity_policies=[ANYTHING],
        resource_policy=bus_policy(),
    ),
}

_REPOSITORIES: dict[str, Call] = {
    "the creator role creates a repository without the event's tag": by_creator("ecr:CreateRepository"),
    "the creator role creates a repository with some other tag only": by_creator(
        "ecr:CreateRepository", context={"aws:RequestTag/env": "prod"}
    ),
    "the creator role creates a repository in another account": on(
        CREATE,
        f"arn:aws:ecr:{ABROAD}:{OTHER_MEMBER}:repository/team-a/api",
        account=OTHER_MEMBER,
    ),
    "the creator role tags a repository without the event's tag": by_creator("ecr:TagResource"),
    "the creator role changes the policy of a repository that no event created": by_creator("ecr:SetRepositoryPolicy"),
    "the creator role changes the lifecycle of a repository that no event created": by_creator(
        "ecr:PutLifecyclePolicy"
    ),
    "the creator role changes the scans of a repository that no event created": by_creator(
        "ecr:PutImageScanningConfiguration"
    ),
    "the creator role changes the tag mutability of a repository": by_creator(
        "ecr:PutImageTagMutability", context=TAGGED_REPOSITORY
    ),
    "the creator role deletes a repository": by_creator("ecr:DeleteRepository", context=TAGGED_REPOSITORY),
    "the creator role deletes images": by_creator("ecr:BatchDeleteImage", context=TAGGED_REPOSITORY),
    "the creator role pushes an image": by_creator("ecr:PutImage", context=TAGGED_REPOSITORY),
    "the creator role uploads a layer": by_creator("ecr:InitiateLayerUpload", context=TAGGED_REPOSITORY),
    "the creator role pulls an image": by_creator("ecr:BatchGetImage", context=TAGGED_REPOSITORY),
    "the creator role takes the tags off a repository": by_creator("ecr:UntagResource", context=TAGGED_REPOSITORY),
    "the creator role sets the policy of the whole registry": by_creator("ecr:PutRegistryPolicy", resource="*"),
    "the creator role replicates images to another account": by_creator(
        "ecr:PutReplicationConfiguration", resource="*"
    ),
    "the creator role has ECR create repositories by a template": by_creator(
        "ecr:CreateRepositoryCreationTemplate", resource="*"
    ),
    "the creator role changes how the registry is scanned": by_creator(
        "ecr:PutRegistryScanningConfiguration", resource="*"
    ),
    "the creator role gets a password for the registry": by_creator("ecr:GetAuthorizationToken", resource="*"),
    "the creator role takes a policy off a repository": by_creator(
        "ecr:DeleteRepositoryPolicy", context=TAGGED_REPOSITORY
    ),
    "the creator role changes its own permissions": by_creator("iam:PutRolePolicy", resource=CREATOR_ROLE),
    "the forwarding role creates a repository": in_member(FORWARDER, "ecr:CreateRepository", context=TAGGED_REQUEST),
    "the forwarding role assumes the creator role": as_role(ASSUME_CREATOR, FORWARDER),
    "the creator role makes a role": by_creator("iam:CreateRole", resource=f"arn:aws:iam::{MEMBER}:role/new"),
    "the creator role assumes another role": replace(
        by_creator("sts:AssumeRole", resource=CREATOR_ROLE.replace(MEMBER, OTHER_MEMBER)), account=OTHER_MEMBER
    ),
    "the creator role uses a key itself": by_creator(
        "kms:DescribeKey", resource=KEY, context={"aws:ResourceOrgID": ORGANIZATION}
    ),
    "the creator role grants a key to a person": by_creator("kms:CreateGrant", resource=KEY, context=THROUGH_ECR),
    "the creator role grants a key of another organization": by_creator(
        "kms:CreateGrant",
        resource=KEY,
        context={
            **THROUGH_ECR,
            "aws:ResourceOrgID": OTHER_ORGANIZATION,
            "kms:GrantIsForAWSResource": "true",
        },
    ),
    "the creator role retires a grant itself": by_creator(
        "kms:RetireGrant", resource=KEY, context={"aws:ResourceOrgID": ORGANIZATION}
    ),
    "the cleaner role retires a grant of another organization's key": in_member(
        CLEANER,
        "kms:RetireGrant",
        resource=KEY,
        context={**THROUGH_ECR, "aws:ResourceOrgID": OTHER_ORGANIZATION},
    ),
    "the creator role decrypts with a key": by_creator("kms:Decrypt", resource=KEY, context=THROUGH_ECR),
    "the handler creates a repository in its own account by itself": by_handler(
        "ecr:CreateRepository", REPOSITORY.replace(MEMBER, CENTRAL)
    ),
}

_LEDGER: dict[str, Call] = {
    "the handler changes a record of the ledger": replace(
        COUNT, context={**HANDLER.context, "dynamodb:LeadingKeys": [MEMBER]}
    ),
    "the handler updates the ledger without saying what": by_handler("dynamodb:UpdateItem", LEDGER),
    "the handler puts a record over another": by_handler("dynamodb:PutItem", LEDGER),
    "the handler changes a record by PartiQL": by_handler("dynamodb:PartiQLUpdate", LEDGER),
    "the handler deletes a record by PartiQL": by_handler("dynamodb:PartiQLDelete", LEDGER),
    "the handler deletes a record of the ledger": by_handler("dynamodb:DeleteItem", LEDGER),
    "the handler deletes the ledger": by_handler("dynamodb:DeleteTable", LEDGER),
    "the handler lifts the ledger's protection": by_handler("dynamodb:UpdateTable", LEDGER),
    "the handler reads the whole ledger": by_handler("dynamodb:Scan", LEDGER),
    "the handler reads all records of an account": by_handler("dynamodb:Query", LEDGER),
    "the handler reads all records of a repository": by_handler("dynamodb:Query", f"{LEDGER}/index/by-repository"),
    "the handler reads all records of an outcome": by_handler("dynamodb:Query", f"{LEDGER}/index/by-outcome"),
    "the handler lists all events": by_handler("dynamodb:Scan", f"{LEDGER}/index/by-event"),
    "the handler writes to another table": by_handler(
        "dynamodb:PartiQLInsert", f"arn:aws:dynamodb:{HOME}:{CENTRAL}:table/customers"
    ),
    "the creator role writes to the ledger": Call(
        principal=CREATOR.session,
        action="dynamodb:PartiQLInsert",
        resource=LEDGER,
        account=CENTRAL,
        context=CREATOR.context,
        identity_policies=CREATOR.policies,
    ),
}

_ORGANIZATION: dict[str, Call] = {
    "the handler moves an account": by_handler(
        "organizations:MoveAccount", f"arn:aws:organizations::100000000000:account/{ORGANIZATION}/{MEMBER}"
    ),
    "the handler asks about an account of another organization": by_handler(
        "organizations:DescribeAccount", f"arn:aws:organizations::{STRANGER}:account/{OTHER_ORGANIZATION}/{STRANGER}"
    ),
    "the handler reads its own zip": by_handler("s3:GetObject", f"{artifacts.arn('ArtifactsBucket')}/handler/0.zip"),
    "the handler reads the secrets of the central account": by_handler(
        "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:x-AbCdEf"
    ),
    "the handler gives itself more permissions": by_handler("iam:PutRolePolicy", HANDLER_ROLE),
    "the handler changes a StackSet": by_handler(
        "cloudformation:UpdateStackSet", f"arn:aws:cloudformation:{HOME}:{CENTRAL}:stackset/deployer-access:0"
    ),
    "the handler lists all accounts": by_handler("organizations:ListAccounts", "*"),
    "the handler reads traces of the central account": by_handler("xray:GetTraceSummaries", "*"),
    "the handler changes what is traced": by_handler(
        "xray:CreateSamplingRule", f"arn:aws:xray:{HOME}:{CENTRAL}:sampling-rule/everything"
    ),
    "the watch sends traces": replace(
        by_handler("xray:PutTraceSegments", "*"),
        principal=WATCH.session,
        context=WATCH.context,
        identity_policies=WATCH.policies,
    ),
    "the handler changes its own code": by_handler(
        "lambda:UpdateFunctionCode", f"arn:aws:lambda:{HOME}:{CENTRAL}:function:deployer-handler"
    ),
}

TELL, PUBLISH = ALLOWED["the handler sends a notice"], ALLOWED["the role for notices publishes one"]

_REQUESTS: dict[str, Call] = {
    "the handler invokes the watch": by_handler(
        "lambda:InvokeFunction", f"arn:aws:lambda:{HOME}:{CENTRAL}:function:deployer-watch"
    ),
    "the handler opens its URL to others": by_handler("lambda:AddPermission", NAMES.function_arn),
    "the creator role reads a role of another account": replace(
        by_creator("iam:GetRole", resource=f"arn:aws:iam::{OTHER_MEMBER}:role/ci-build"), account=OTHER_MEMBER
    ),
    "the creator role lists roles": by_creator("iam:ListRoles", resource="*"),
    **URL_NEVER,
}

_NOTICES: dict[str, Call] = {
    "the handler puts an event of another source on the central bus": with_context(TELL, events__source=["my.app"]),
    "the handler puts another's event among its own on the central bus": with_context(
        TELL, events__source=["deployer", "my.app"]
    ),
    "the handler puts an event on the default bus": on(TELL, f"arn:aws:events:{HOME}:{CENTRAL}:event-bus/default"),
    "a member puts a notice on the central bus": with_context(
        FORWARD, **{"events__source": ["deployer"], "events__detail-type": ["ECR Repository Decision"]}
    ),
    "EventBridge publishes a notice without the role": by_service(
        "events",
        "sns:Publish",
        PUBLISH.resource,
        policy=document(central, "NoticesTopicPolicy"),
        source=central.arn("NoticesRule"),
    ),
    "the role for notices publishes to another topic": on(PUBLISH, f"arn:aws:sns:{HOME}:{CENTRAL}:on-call"),
    "an outside principal publishes a notice": as_role(PUBLISH, somebody(f"arn:aws:iam::{STRANGER}:role/x")),
}

_QUEUES_AND_BUCKET: dict[str, Call] = {
    "EventBridge sends to the failures queue for another rule": with_context(
        CENTRAL_DEAD_LETTER, aws__SourceArn=f"arn:aws:events:{HOME}:{CENTRAL}:rule/anything-else"
    ),
    "EventBridge sends to a member's queue for another account": with_context(
        MEMBER_DEAD_LETTER,
        aws__SourceAccount=STRANGER,
        aws__SourceArn=f"arn:aws:events:{ABROAD}:{STRANGER}:rule/deployer-forwarding",
    ),
    "an outside principal sends to the failures queue": as_role(
        replace(REDRIVE, action="sqs:SendMessage"), somebody(f"arn:aws:iam::{STRANGER}:role/x")
    ),
    "another member reads the failures queue": as_role(REDRIVE, somebody(f"arn:aws:iam::{MEMBER}:role/x")),
    "an administrator reads the failures queue without TLS": with_context(REDRIVE, aws__SecureTransport="false"),
    "the handler sends to another queue": by_handler("sqs:SendMessage", f"arn:aws:sqs:{HOME}:{CENTRAL}:orders"),
    "the handler receives messages of the failures queue": by_handler(
        "sqs:ReceiveMessage", CENTRAL_DEAD_LETTER.resource
    ),
    "the handler deletes messages of the failures queue": by_handler("sqs:DeleteMessage", CENTRAL_DEAD_LETTER.resource),
    "the handler empties the failures queue": by_handler("sqs:PurgeQueue", CENTRAL_DEAD_LETTER.resource),
    "an administrator uploads a zip without TLS": with_context(UPLOAD, aws__SecureTransport="false"),
    "an administrator uploads a zip with an old TLS": with_context(UPLOAD, s3__TlsVersion="1.1"),
    "another member reads the handler's zip": replace(
        as_role(UPLOAD, somebody(f"arn:aws:iam::{MEMBER}:role/x")),
        action="s3:GetObject",
        resource_policy=document(artifacts, "ArtifactsBucketPolicy"),
    ),
}

_OPERATORS: dict[str, Call] = {
    "the watch assumes a creator role": as_role(ASSUME_CREATOR, WATCH),
    "the watch assumes a repairer role": as_role(ASSUME_REPAIRER, WATCH),
    "the watch assumes an auditor role of another organization": with_context(
        AUDITED_BY_WATCH, aws__ResourceOrgID=OTHER_ORGANIZATION
    ),
    "the watch receives a member's dead letters": by_watch("ReceiveMessage"),
    "the watch deletes a member's dead letters": by_watch("DeleteMessage"),
    "the watch receives a member's dead letters even if its own role allowed it": replace(
        by_watch("ReceiveMessage"), identity_policies=[ANYTHING]
    ),
    "the handler counts a member's dead letters": as_role(by_watch("GetQueueAttributes"), HANDLER),
    "the handler assumes the operator role": as_role(ASSUME_OPERATOR, HANDLER),
    "a member's administrator assumes the operator role": as_role(
        ASSUME_OPERATOR, somebody(f"arn:aws:iam::{MEMBER}:role/x")
    ),
    "a principal without permission assumes the operator role": replace(ASSUME_OPERATOR, identity_policies=[]),
    "the central account's administrator reads a member's dead letters without the operator role": as_role(
        on_dead_letters("ReceiveMessage"), somebody(f"arn:aws:iam::{CENTRAL}:role/administrator")
    ),
    "the handler reads a member's dead letters": as_role(on_dead_letters("ReceiveMessage"), HANDLER),
    "another member reads a member's dead letters": as_role(
        on_dead_letters("ReceiveMessage"), somebody(f"arn:aws:iam::{OTHER_MEMBER}:role/deployer-operator")
    ),
    "an operator whose account left the organization reads a member's dead letters": with_context(
        on_dead_letters("ReceiveMessage"), aws__PrincipalOrgID=OTHER_ORGANIZATION
    ),
    "an operator puts a message on a member's dead letters": on_dead_letters("SendMessage"),
    "an operator empties a member's dead letters at once": on_dead_letters("PurgeQueue"),
    "an operator reads another queue of a member": by_operator(
        "sqs:ReceiveMessage", DEAD_LETTERS.replace("deployer-forwarding-dead-letters", "orders")
    ),
    "an operator changes the handler's code": by_operator("lambda:UpdateFunctionCode", NAMES.function_arn),
    "an operator runs another function": by_operator("lambda:InvokeFunction", f"{NAMES.function_arn}-2"),
    "an operator replays to another bus": by_operator("events:StartReplay", f"{NAMES.event_bus_arn}-2"),
    "an operator assumes the creator role": by_operator("sts:AssumeRole", CREATOR_ROLE),
    "an operator writes to the ledger": by_operator("dynamodb:PartiQLInsert", LEDGER),
}

_CLAIMS: dict[str, dict[str, str | list[str]]] = {
    "sets another tag with the ownership tags": {
        **OWNERSHIP_REQUEST,
        "aws:RequestTag/team": "a",
        "aws:TagKeys": [*OWNERSHIP_KEYS, "team"],
    },
    "sets another tag with the tag of the event": {
        **INSTALLATION_ON_REPOSITORY,
        **TAGGED_REQUEST,
        "aws:RequestTag/team": "a",
        "aws:TagKeys": [OWNERSHIP_KEYS[0], "team"],
    },
    "sets the installation's tag alone on a repository that no event created": {
        "aws:RequestTag/deployer:installation": "deployer",
        "aws:TagKeys": OWNERSHIP_KEYS[1:],
    },
    "sets the tag of the event alone on a repository without the installation's": {
        **TAGGED_REQUEST,
        "aws:TagKeys": OWNERSHIP_KEYS[:1],
    },
    "claims a repository for another installation": {
        **OWNERSHIP_REQUEST,
        "aws:RequestTag/deployer:installation": "other",
        "aws:TagKeys": OWNERSHIP_KEYS,
    },
    "claims a repository of another installation": {
        **OWNERSHIP_REQUEST,
        "aws:ResourceTag/deployer:installation": "other",
        "aws:TagKeys": OWNERSHIP_KEYS,
    },
    "sets the ownership tags of a repository that has them": {
        **TAGGED_REPOSITORY,
        **OWNERSHIP_REQUEST,
        "aws:TagKeys": OWNERSHIP_KEYS,
    },
}
"""Contexts of calls that set ownership tags other than to restore those of this installation."""

_AUDITORS: dict[str, Call] = {
    "the handler assumes an auditor role": as_role(ASSUME_AUDITOR, HANDLER),
    "a member's administrator assumes another member's auditor role": as_role(
        ASSUME_AUDITOR, somebody(f"arn:aws:iam::{OTHER_MEMBER}:role/administrator")
    ),
    "a principal without permission assumes an auditor role": replace(ASSUME_AUDITOR, identity_policies=[]),
    "an auditor whose account left the organization assumes an auditor role": with_context(
        ASSUME_AUDITOR, aws__PrincipalOrgID=OTHER_ORGANIZATION
    ),
    "the auditor role pulls an image": in_member(AUDITOR, "ecr:BatchGetImage", context=TAGGED_REPOSITORY),
    "the auditor role changes a repository": in_member(AUDITOR, "ecr:PutImageTagMutability", context=TAGGED_REPOSITORY),
    "the auditor role tags a repository": in_member(AUDITOR, "ecr:TagResource", context=TAGGED_REPOSITORY),
    "the auditor role decrypts with a key": in_member(
        AUDITOR, "kms:Decrypt", resource=KEY, context={"aws:ResourceOrgID": ORGANIZATION}
    ),
    **{
        f"the auditor role {what}": in_member(AUDITOR, action, resource=resource)
        for what, action, resource in (
            ("reads another role", "iam:GetRole", f"arn:aws:iam::{MEMBER}:role/administrator"),
            ("changes a role", "iam:PutRolePolicy", CREATOR_ROLE),
            ("reads another rule", "events:DescribeRule", f"arn:aws:events:{HOME}:{MEMBER}:rule/another"),
            ("disables the rule", "events:DisableRule", FORWARDING_RULE),
            ("receives dead letters", "sqs:ReceiveMessage", DEAD_LETTERS),
            (
                "reads another stack",
                "cloudformation:DescribeStacks",
                f"arn:aws:cloudformation:{HOME}:{MEMBER}:stack/another/11111111-2222",
            ),
            ("reads a stack's template", "cloudformation:GetTemplate", STACK),
            ("configures scanning", "ecr:PutRegistryScanningConfiguration", "*"),
        )
    },
    "the handler assumes a repairer role": as_role(ASSUME_REPAIRER, HANDLER),
    "the central account's administrator assumes a repairer role past the operator role": as_role(
        ASSUME_REPAIRER, CENTRAL_ADMINISTRATOR
    ),
    "an operator assumes a repairer role of another organization": with_context(
        ASSUME_REPAIRER, aws__ResourceOrgID=OTHER_ORGANIZATION
    ),
    "the repairer role changes a repository that no event created": in_member(REPAIRER, "ecr:PutImageTagMutability"),
    "the repairer role sets the policy of a repository that no event created": in_member(
        REPAIRER, "ecr:SetRepositoryPolicy"
    ),
    "the repairer role tags a repository that no event created": in_member(
        REPAIRER, "ecr:TagResource", context={"aws:RequestTag/env": "prod"}
    ),
    "the repairer role claims a repository": in_member(
        REPAIRER, "ecr:TagResource", context={**TAGGED_REPOSITORY, **TAGGED_REQUEST}
    ),
    **{
        f"the repairer role {what}": in_member(REPAIRER, "ecr:TagResource", context=context)
        for what, context in _CLAIMS.items()
    },
    "the repairer role removes tags": in_member(REPAIRER, "ecr:UntagResource", context=TAGGED_REPOSITORY),
    "the repairer role deletes a repository": in_member(REPAIRER, "ecr:DeleteRepository", context=TAGGED_REPOSITORY),
    "the repairer role deletes a probe's repository that no event created": in_member(
        REPAIRER, "ecr:DeleteRepository", resource=PROBE_REPOSITORY
    ),
    "the repairer role deletes a repository below the probe's name": in_member(
        REPAIRER, "ecr:DeleteRepository", resource=f"{PROBE_REPOSITORY}/api", context=TAGGED_REPOSITORY
    ),
    "the repairer role starts an upload to any other repository": in_member(REPAIRER, "ecr:InitiateLayerUpload"),
    "the repairer role starts an upload to a repository whose name begins with the probe's": in_member(
        REPAIRER, "ecr:InitiateLayerUpload", resource=f"{PROBE_REPOSITORY}-2"
    ),
    "the repairer role uploads a layer to the probe's repository": in_member(
        REPAIRER, "ecr:UploadLayerPart", resource=PROBE_REPOSITORY, context=TAGGED_REPOSITORY
    ),
    "the repairer role completes an upload to the probe's repository": in_member(
        REPAIRER, "ecr:CompleteLayerUpload", resource=PROBE_REPOSITORY, context=TAGGED_REPOSITORY
    ),
    "the repairer role pushes an image to the probe's repository": in_member(
        REPAIRER, "ecr:PutImage", resource=PROBE_REPOSITORY, context=TAGGED_REPOSITORY
    ),
    "the repairer role creates the probe's repository itself": in_member(
        REPAIRER, "ecr:CreateRepository", resource=PROBE_REPOSITORY, context=TAGGED_REQUEST
    ),
    "the auditor role requests the probe's repository": in_member(
        AUDITOR, "ecr:InitiateLayerUpload", resource=PROBE_REPOSITORY
    ),
    "the repairer role pushes an image": in_member(REPAIRER, "ecr:PutImage", context=TAGGED_REPOSITORY),
    "the handler assumes a cleaner role": as_role(ASSUME_CLEANER, HANDLER),
    "the central account's administrator assumes a cleaner role past the operator role": as_role(
        ASSUME_CLEANER, CENTRAL_ADMINISTRATOR
    ),
    "the cleaner role deletes a repository that no event created": in_member(CLEANER, "ecr:DeleteRepository"),
    "the cleaner role deletes a repository that a person adopted": in_member(
        CLEANER, "ecr:DeleteRepository", context={"aws:ResourceTag/deployer:event-id": f"adopted.{'0' * 32}"}
    ),
    "the cleaner role deletes images": in_member(CLEANER, "ecr:BatchDeleteImage", context=TAGGED_REPOSITORY),
    "the cleaner role changes a repository": in_member(CLEANER, "ecr:SetRepositoryPolicy", context=TAGGED_REPOSITORY),
}

NEVER: dict[str, Call] = {
    **_ROLES,
    **_SESSIONS,
    **_BUS,
    **_REPOSITORIES,
    **_LEDGER,
    **_ORGANIZATION,
    **_QUEUES_AND_BUCKET,
    **_OPERATORS,
    **_AUDITORS,
    **_REQUESTS,
    **_NOTICES,
    **BY_OPERATORS,
}

"""IAM statements of the roles, as pure functions; each docstring is the reason for the statement.

No statement permits reading or writing images, and each `*` in a resource stands for a part that is unknown when the
template is generated. Deletion is limited to messages of failures and to repositories with the ownership tag.
"""

from __future__ import annotations

from troposphere import Sub

from handler.ledger import COUNTER_PREFIX, EVENT_INDEX
from handler.notices import SOURCE
from handler.tags import EVENT_ID_TAG
from templates.names import Names
from templates.policy_documents import Conditions, Statement


def arn_here(service: str, resource: str, *, region: str = "*") -> Sub:
    """ARN in the account and partition of the stack; IAM ARNs have no region (`region=""`)."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}")


def allow(sid: str, actions: str | list[str], *, on: object, when: Conditions | None = None) -> Statement:
    """A statement that allows actions on resources (an ARN or several), under conditions if any are given."""
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": on}
    if when:
        statement["Condition"] = when
    return statement


def in_organization(names: Names) -> dict[str, dict[str, str]]:
    """The condition that the resource belongs to an account of the organization."""
    return {"StringEquals": {"aws:ResourceOrgID": names.organization_id}}


CREATED_BY_HANDLER = {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}}
"""The condition that a repository has the ownership tag with the id of an event."""


ASSUME = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
"""The actions for assuming a role, needed on both sides. Sessions of identity providers often have a source identity or
transitive tags, which the new session inherits, so both must be allowed.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""


# The handler, in the central account


def assume_creator_roles(names: Names) -> Statement:
    """Assume the creator role; the event determines the account."""
    return allow(
        "AssumeCreatorRoles",
        "sts:AssumeRole",
        on=names.role_arn("*", names.creator_role),
        when=in_organization(names),
    )


def look_up_accounts(names: Names) -> list[Statement]:
    """Look up the OU of an account."""
    owned = f"arn:{names.partition}:organizations::*"
    accounts = f"{owned}:account/{names.organization_id}/*"
    return [
        allow("DescribeAccounts", "organizations:DescribeAccount", on=accounts),
        allow("ListParentOUs", "organizations:ListParents", on=[accounts, f"{owned}:ou/{names.organization_id}/*"]),
    ]


def write_ledger(table_arn: object) -> Statement:
    """Read and add records; PartiQL's INSERT, unlike PutItem, replaces no item."""
    return allow("WriteLedger", ["dynamodb:GetItem", "dynamodb:PartiQLInsert"], on=table_arn)


def find_created(names: Names) -> Statement:
    """Find the `created` record of an event; the index holds only keys."""
    return allow("FindCreated", "dynamodb:Query", on=f"{names.ledger_table_arn}/index/{EVENT_INDEX}")


def count_in_ledger(table_arn: object) -> Statement:
    """Update counters, but no records."""
    return allow(
        "CountInLedger",
        "dynamodb:UpdateItem",
        on=table_arn,
        when={
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{COUNTER_PREFIX}*"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    )


def send_failures(queue_arn: object) -> Statement:
    """Keep events that could not be handled; the handler does so, and Lambda on its behalf."""
    return allow("SendFailures", "sqs:SendMessage", on=queue_arn)


def send_notices(names: Names) -> Statement:
    """Send notices of decisions."""
    return allow(
        "SendNotices",
        "events:PutEvents",
        on=names.event_bus_arn,
        when={
            "ForAllValues:StringEquals": {"events:source": SOURCE},
            "Null": {"events:source": "false"},
        },
    )


def write_logs(names: Names, *, log_group: str) -> Statement:
    """Write the function's log."""
    group = f"arn:{names.partition}:logs:{names.central_region}:{names.central_account}:log-group:{log_group}"
    return allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], on=f"{group}:log-stream:*")


def invoke_itself(names: Names) -> Statement:
    """Run once for each repository of a request."""
    return allow("InvokeItself", "lambda:InvokeFunction", on=names.function_arn)


def send_traces() -> Statement:
    """Send traces; X-Ray supports no narrower resource."""
    return allow("SendTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], on="*")


# The creator role, in its own account


def create_repositories() -> Statement:
    """Create a repository with the tag of its event."""
    return allow(
        "CreateTaggedRepositories",
        ["ecr:CreateRepository", "ecr:TagResource"],
        on=_own_repositories(),
        when={"Null": {f"aws:RequestTag/{EVENT_ID_TAG}": "false"}},
    )


def finish_created_repositories() -> Statement:
    """Add what a repository of deployer lacks.

    How soon IAM sees a new tag is assumption A12. Scans are for repositories that ECR created by a template. Every
    creator role may turn them on, since such an event can arrive after the last OU left the engine `native`.
    """
    return allow(
        "FinishCreatedRepositories",
        ["ecr:PutImageScanningConfiguration", "ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy"],
        on=_own_repositories(),
        when=CREATED_BY_HANDLER,
    )


def describe_repositories() -> Statement:
    """Find a repository and its event."""
    return allow(
        "DescribeRepositories", ["ecr:DescribeRepositories", "ecr:ListTagsForResource"], on=_own_repositories()
    )


def look_up_callers() -> Statement:
    """Read the path of a caller's role; rules for principals may contain it, and a request lacks it."""
    return allow("LookUpCallers", "iam:GetRole", on=arn_here("iam", "role/*", region=""))


def use_keys(names: Names) -> list[Statement]:
    """Encrypt a new repository.

    The settings determine the key, and can change without a change of this role.
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html)
    """
    keys = f"arn:{names.partition}:kms:*:*:key/*"
    through_ecr = {"StringLike": {"kms:ViaService": f"ecr.*.{names.dns_suffix}"}}
    ours = in_organization(names)
    return [
        allow("DescribeKeys", "kms:DescribeKey", on=keys, when=through_ecr | ours),
        allow(
            "GrantKeysToECR",
            "kms:CreateGrant",
            on=keys,
            when=through_ecr | ours | {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        retire_grants(names),
    ]


def retire_grants(names: Names) -> Statement:
    """Retire ECR's grant of a key.

    ECR requires this when an encrypted repository is deleted.
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html)
    """
    return allow(
        "RetireGrantsOfECR",
        "kms:RetireGrant",
        on=f"arn:{names.partition}:kms:*:*:key/*",
        when={"StringLike": {"kms:ViaService": f"ecr.*.{names.dns_suffix}"}} | in_organization(names),
    )


# The forwarding role


def forward_events(names: Names) -> Statement:
    """Forward events."""
    return allow("ForwardEvents", "events:PutEvents", on=names.event_bus_arn)


# EventBridge, for the rule that publishes notices


def publish_notices(topic_arn: object) -> Statement:
    """Publish notices."""
    return allow("PublishNotices", "sns:Publish", on=topic_arn)


# The operator role, in the central account, and in members if their queue policies allow it

HANDLE_MESSAGES = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)


def handle_failures(names: Names) -> Statement:
    """Read failures, and delete them after their redrive."""
    return allow("HandleFailures", list(HANDLE_MESSAGES), on=names.failures_queue_arn)


def handle_dead_letters(names: Names) -> Statement:
    """Read failures, and delete them after their redrive; the policies of the members' queues allow it too."""
    return allow(
        "HandleDeadLetters",
        list(HANDLE_MESSAGES),
        on=f"arn:{names.partition}:sqs:*:*:{names.forwarding_dead_letter_queue}",
        when=in_organization(names),
    )


def count_dead_letters(names: Names) -> Statement:
    """Count dead letters of member accounts."""
    return allow(
        "CountDeadLetters",
        "sqs:GetQueueAttributes",
        on=f"arn:{names.partition}:sqs:*:*:{names.forwarding_dead_letter_queue}",
        when=in_organization(names),
    )


def redrive_events(names: Names) -> Statement:
    """Hand events to the handler, and adoptions; PutEvents does not accept such events."""
    return allow("RedriveEvents", "lambda:InvokeFunction", on=names.function_arn)


def find_queues(names: Names) -> Statement:
    """Find dead-letter queues."""
    return allow(
        "FindQueues",
        "cloudformation:ListStackInstances",
        on=f"arn:{names.partition}:cloudformation:*:*:stackset/{names.forwarding_stack_set}:*",
    )


def find_stack_sets() -> Statement:
    """Find StackSets and stacks to inspect; those of creation templates have names that the watch does not know."""
    return allow("FindStackSets", "cloudformation:ListStackSets", on="*")


def read_stack_sets(names: Names) -> Statement:
    """Find StackSets and stacks to inspect; and the templates to compare the stacks with."""
    stack_sets = (names.access_stack_set, names.forwarding_stack_set, f"{names.creation_templates_stack_sets}*")
    return allow(
        "ReadStackSets",
        ["cloudformation:DescribeStackSet", "cloudformation:ListStackInstances"],
        on=[f"arn:{names.partition}:cloudformation:*:*:stackset/{name}:*" for name in stack_sets],
    )


def assume_auditor_roles(names: Names) -> Statement:
    """Assume the auditor role."""
    return allow(
        "AssumeAuditorRoles",
        "sts:AssumeRole",
        on=names.role_arn("*", names.auditor_role),
        when=in_organization(names),
    )


def read_delegated_administrators() -> Statement:
    """Read StackSets as a delegated administrator; AWS verifies that the account is one with the caller's permissions.

    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html)
    """
    return allow("ReadDelegatedAdministrators", "organizations:ListDelegatedAdministrators", on="*")


def assume_repairer_roles(names: Names, *, cleanup: bool) -> Statement:
    """Assume the repairer and cleaner roles."""
    roles = (names.repairer_role, names.cleaner_role) if cleanup else (names.repairer_role,)
    return allow(
        "AssumeRepairerRoles",
        list(ASSUME),
        on=[names.role_arn("*", role) for role in roles],
        when=in_organization(names),
    )


def read_account_names() -> Statement:
    """Show names of accounts and OUs."""
    actions = ("DescribeOrganization", "ListAccounts", "ListOrganizationalUnitsForParent", "ListParents", "ListRoots")
    return allow("ReadAccountNames", [f"organizations:{action}" for action in actions], on="*")


def replay_events(names: Names) -> Statement:
    """Replay the event archive."""
    return allow(
        "ReplayEvents",
        ["events:DescribeArchive", "events:DescribeReplay", "events:StartReplay"],
        on=[names.event_archive_arn, names.event_bus_arn, names.replay_arns],
    )


def _own_repositories() -> Sub:
    return arn_here("ecr", "repository/*")

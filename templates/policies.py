"""What each role may do: IAM statements as pure functions that compose, each with the reason for it.

A role is `policy(statement, …)`. No statement writes or reads an image, and every `*` in a resource stands for
something that nobody knows when the template is written. What deletes is held to a queue for failures, or to
repositories that carry our tag.
"""

from __future__ import annotations

from typing import Any

from troposphere import Sub

from handler.ledger import COUNTER_PREFIX
from handler.notices import SOURCE
from handler.tags import EVENT_ID_TAG
from templates.names import Names

Statement = dict[str, Any]
Policy = dict[str, Any]


def arn_here(service: str, resource: str, *, region: str = "*") -> Sub:
    """ARN in the account and partition of the stack; IAM's have no region (`region=""`)."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}")


def policy(*statements: Statement) -> Policy:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


ASSUME = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
"""What assuming a role takes, on both sides, for a caller whose session may have a source identity or transitive tags,
as sessions of an identity provider often do. They go on to the role, so each is set once more.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""


# What the handler may do in the central account


def assume_creator_roles(names: Names) -> Statement:
    """Take on the creator role of any account of the organization; which account, only the event tells."""
    return {
        "Sid": "AssumeCreatorRoles",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": names.role_arn("*", names.creator_role),
        "Condition": {"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    }


def look_up_accounts(names: Names) -> list[Statement]:
    """Ask which OU an account is in, at the moment of the push; accounts and OUs of this organization only."""
    owned = f"arn:{names.partition}:organizations::*"
    accounts = f"{owned}:account/{names.organization_id}/*"
    return [
        {"Sid": "DescribeAccounts", "Effect": "Allow", "Action": "organizations:DescribeAccount", "Resource": accounts},
        {
            "Sid": "ListParentOUs",
            "Effect": "Allow",
            "Action": "organizations:ListParents",
            "Resource": [accounts, f"{owned}:ou/{names.organization_id}/*"],
        },
    ]


def write_ledger(table_arn: Any) -> Statement:
    """Add records to the ledger and read one back by its key: PartiQL's INSERT, unlike PutItem, replaces nothing."""
    return {
        "Sid": "WriteLedger",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PartiQLInsert"],
        "Resource": table_arn,
    }


def count_in_ledger(table_arn: Any) -> Statement:
    """Change counters of a limit in place; records, whose keys begin otherwise, can never be changed this way."""
    return {
        "Sid": "CountInLedger",
        "Effect": "Allow",
        "Action": "dynamodb:UpdateItem",
        "Resource": table_arn,
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{COUNTER_PREFIX}*"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }


def send_failures(queue_arn: Any) -> Statement:
    """Put an event that could not be handled on the failures queue: the handler itself, and Lambda for it."""
    return {"Sid": "SendFailures", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn}


def send_notices(names: Names) -> Statement:
    """Put notices of decisions on the central bus, as `deployer` and as nobody else."""
    return {
        "Sid": "SendNotices",
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": names.event_bus_arn,
        "Condition": {
            "ForAllValues:StringEquals": {"events:source": SOURCE},
            "Null": {"events:source": "false"},
        },
    }


def write_logs(names: Names, *, log_group: str) -> Statement:
    """Write log lines to the function's own log group, which the stack makes."""
    group = f"arn:{names.partition}:logs:{names.central_region}:{names.central_account}:log-group:{log_group}"
    return {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{group}:log-stream:*",
    }


def hand_requests_over(names: Names) -> Statement:
    """Invoke itself with an event for each repository that a request asks for, so that no request is left half done."""
    return {
        "Sid": "HandRequestsOver",
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": names.function_arn,
    }


def send_traces() -> Statement:
    """Send traces of sampled runs to X-Ray, which takes no narrower resource."""
    return {
        "Sid": "SendTraces",
        "Effect": "Allow",
        "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
        "Resource": "*",
    }


# What the creator role may do in its own account


def create_repositories() -> Statement:
    """Create a repository, only together with the tag that names the event it was made for."""
    return {
        "Sid": "CreateTaggedRepositories",
        "Effect": "Allow",
        "Action": ["ecr:CreateRepository", "ecr:TagResource"],
        "Resource": _own_repositories(),
        "Condition": {"Null": {f"aws:RequestTag/{EVENT_ID_TAG}": "false"}},
    }


def finish_created_repositories() -> Statement:
    """Give policies to a repository, only where the tag shows that an event of ours made it.

    How soon a new tag counts in authorization is assumption A12.
    """
    return {
        "Sid": "FinishCreatedRepositories",
        "Effect": "Allow",
        "Action": ["ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy"],
        "Resource": _own_repositories(),
        "Condition": {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}},
    }


def look_at_repositories() -> Statement:
    """See whether a repository is there and which event made it."""
    return {
        "Sid": "LookAtRepositories",
        "Effect": "Allow",
        "Action": ["ecr:DescribeRepositories", "ecr:ListTagsForResource"],
        "Resource": _own_repositories(),
    }


def look_up_callers() -> Statement:
    """Read the path of the role that signed a request, which rules on principals may name; the request lacks it."""
    return {
        "Sid": "LookUpCallers",
        "Effect": "Allow",
        "Action": "iam:GetRole",
        "Resource": arn_here("iam", "role/*", region=""),
    }


def use_keys(names: Names) -> list[Statement]:
    """Let ECR use a KMS key for a new repository: through ECR only, and only keys of the organization.

    Which key, the settings say, and they may change without this role being changed.
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html)
    """
    keys = f"arn:{names.partition}:kms:*:*:key/*"
    through_ecr = {"StringLike": {"kms:ViaService": f"ecr.*.{names.dns_suffix}"}}
    ours = {"StringEquals": {"aws:ResourceOrgID": names.organization_id}}
    return [
        {
            "Sid": "DescribeKeys",
            "Effect": "Allow",
            "Action": "kms:DescribeKey",
            "Resource": keys,
            "Condition": through_ecr | ours,
        },
        {
            "Sid": "GrantKeysToECR",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": keys,
            "Condition": through_ecr | ours | {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
        retire_grants(names),
    ]


def retire_grants(names: Names) -> Statement:
    """Let ECR give up a KMS key that it used for a repository: through ECR only, and only keys of the organization.

    ECR asks for it when an encrypted repository is deleted.
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html)
    """
    return {
        "Sid": "RetireGrantsOfECR",
        "Effect": "Allow",
        "Action": "kms:RetireGrant",
        "Resource": f"arn:{names.partition}:kms:*:*:key/*",
        "Condition": {
            "StringLike": {"kms:ViaService": f"ecr.*.{names.dns_suffix}"},
            "StringEquals": {"aws:ResourceOrgID": names.organization_id},
        },
    }


# What the forwarding role may do


def forward_events(names: Names) -> Statement:
    """Put events on the one central bus."""
    return {
        "Sid": "ForwardEvents",
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": names.event_bus_arn,
    }


# What EventBridge may do for the rule that tells people


def publish_notices(topic_arn: Any) -> Statement:
    """Publish to the one topic of notices."""
    return {"Sid": "PublishNotices", "Effect": "Allow", "Action": "sns:Publish", "Resource": topic_arn}


# What the operator role may do in the central account, and in members as far as their queues admit it

HANDLE_MESSAGES = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)


def handle_failures(names: Names) -> Statement:
    """Look into the failures queue, and take out what was put back."""
    return {
        "Sid": "HandleFailures",
        "Effect": "Allow",
        "Action": list(HANDLE_MESSAGES),
        "Resource": names.failures_queue_arn,
    }


def handle_dead_letters(names: Names) -> Statement:
    """The same for the dead-letter queues of the organization's accounts, whose policies admit the central account."""
    return {
        "Sid": "HandleDeadLetters",
        "Effect": "Allow",
        "Action": list(HANDLE_MESSAGES),
        "Resource": f"arn:{names.partition}:sqs:*:*:{names.forwarding_dead_letter_queue}",
        "Condition": {"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    }


def count_dead_letters(names: Names) -> Statement:
    """See how many messages wait in the dead-letter queues of the organization's accounts, but none of them."""
    return {
        "Sid": "CountDeadLetters",
        "Effect": "Allow",
        "Action": "sqs:GetQueueAttributes",
        "Resource": f"arn:{names.partition}:sqs:*:*:{names.forwarding_dead_letter_queue}",
        "Condition": {"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    }


def put_events_back(names: Names) -> Statement:
    """Hand an event to the handler once more, as it was: PutEvents takes no event of an AWS service."""
    return {
        "Sid": "PutEventsBack",
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": names.function_arn,
    }


def find_queues(names: Names) -> Statement:
    """Know in which accounts and regions there are dead-letter queues."""
    return {
        "Sid": "FindQueues",
        "Effect": "Allow",
        "Action": "cloudformation:ListStackInstances",
        "Resource": f"arn:{names.partition}:cloudformation:*:*:stackset/{names.forwarding_stack_set}:*",
    }


def prove_delegation() -> Statement:
    """Ask about StackSets as a delegated administrator: AWS checks by the caller's permission that the account is one.

    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html)
    """
    return {
        "Sid": "ProveDelegation",
        "Effect": "Allow",
        "Action": "organizations:ListDelegatedAdministrators",
        "Resource": "*",
    }


def take_on_repairers(names: Names, *, cleanup: bool) -> Statement:
    """Take on the repairer role of any account of the organization, and with `cleanup` its cleaner role."""
    roles = (names.repairer_role, names.cleaner_role) if cleanup else (names.repairer_role,)
    return {
        "Sid": "TakeOnRepairers",
        "Effect": "Allow",
        "Action": list(ASSUME),
        "Resource": [names.role_arn("*", role) for role in roles],
        "Condition": {"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    }


def name_accounts() -> Statement:
    """Show the names of accounts and OUs beside their ids, and filter by them."""
    actions = ("DescribeOrganization", "ListAccounts", "ListOrganizationalUnitsForParent", "ListParents", "ListRoots")
    return {
        "Sid": "NameAccounts",
        "Effect": "Allow",
        "Action": [f"organizations:{action}" for action in actions],
        "Resource": "*",
    }


def replay_events(names: Names) -> Statement:
    """Replay the event archive to the bus that it is of, and see how far that is."""
    return {
        "Sid": "ReplayEvents",
        "Effect": "Allow",
        "Action": ["events:DescribeArchive", "events:DescribeReplay", "events:StartReplay"],
        "Resource": [names.event_archive_arn, names.event_bus_arn, names.replay_arns],
    }


def _own_repositories() -> Sub:
    return arn_here("ecr", "repository/*")

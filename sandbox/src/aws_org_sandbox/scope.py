"""Which operations of the services on this path are here: those of the seams, and those of moto's that are right.

moto (5.2.5) answers many more. Some it makes up, as credentials that nobody knows or a restored table that is the one
of today; others it keeps and nothing comes of them, as a bucket's notifications. An operation that
nobody has looked at is refused, and says so. Other services are moto's as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from aws_org_sandbox import seams
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.iam.actions import TABLES
from aws_org_sandbox.iam.special_actions import SPECIAL

MODELED: Mapping[str, frozenset[str]] = {
    "account": frozenset(),
    "cloudformation": frozenset(),
    "cloudtrail": frozenset(
        {"CreateTrail", "DeleteTrail", "PutEventSelectors", "StartLogging", "StopLogging", "UpdateTrail"}
    ),
    "cloudwatch": frozenset({"ListDashboards"}),
    "dynamodb": frozenset({"DescribeEndpoints", "DescribeLimits"}),
    "ecr": frozenset({"BatchGetRepositoryScanningConfiguration"}),
    "events": frozenset({"ListReplays", "ListRuleNamesByTarget"}),
    "iam": frozenset(
        {
            "AddUserToGroup", "AttachGroupPolicy", "AttachUserPolicy", "CreateAccessKey", "CreateGroup", "CreatePolicy",
            "CreatePolicyVersion", "CreateUser", "DeleteAccessKey", "DeleteGroup", "DeleteGroupPolicy",
            "DeletePolicyVersion", "DeleteUser", "DeleteUserPolicy", "DetachGroupPolicy", "DetachUserPolicy",
            "GetAccountPasswordPolicy", "ListAccountAliases",
            "GetGroup", "GetGroupPolicy", "GetUser", "GetUserPolicy", "ListAccessKeys", "ListAttachedGroupPolicies",
            "ListAttachedUserPolicies", "ListEntitiesForPolicy", "ListGroupPolicies", "ListGroups", "ListGroupsForUser",
            "ListPolicyVersions", "ListUserPolicies", "ListUsers", "PutGroupPolicy", "PutUserPolicy",
            "RemoveUserFromGroup", "SetDefaultPolicyVersion",
        }
    ),
    "kms": frozenset(
        {
            "CancelKeyDeletion", "CreateAlias", "DeleteAlias", "DisableKey", "DisableKeyRotation", "EnableKey",
            "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants", "ListResourceTags",
            "PutKeyPolicy", "RevokeGrant", "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias",
            "UpdateKeyDescription",
        }
    ),
    "lambda": frozenset(
        {
            "CreateAlias", "DeleteAlias", "GetAlias", "ListAliases",
            "ListFunctionEventInvokeConfigs", "ListVersionsByFunction", "PublishVersion", "UpdateAlias",
        }
    ),
    "logs": frozenset({"DeleteLogStream", "DeleteResourcePolicy", "DescribeResourcePolicies", "PutResourcePolicy"}),
    "organizations": frozenset(
        {
            "AttachPolicy", "CreateOrganization", "CreatePolicy", "DeletePolicy", "DeregisterDelegatedAdministrator",
            "DetachPolicy", "DisableAWSServiceAccess", "DisablePolicyType",
            "EnableAWSServiceAccess", "EnablePolicyType", "ListAWSServiceAccessForOrganization",
            "ListCreateAccountStatus", "ListDelegatedServicesForAccount",
            "RegisterDelegatedAdministrator", "TagResource", "UntagResource",
            "UpdateOrganizationalUnit", "UpdatePolicy",
        }
    ),
    "s3": frozenset(
        {
            "AbortMultipartUpload", "CopyObject", "DeleteObjectTagging", "GetBucketAcl", "GetObjectAttributes",
            "GetObjectTagging", "ListMultipartUploads", "ListParts", "PutObjectTagging",
        }
    ),
    "service-quotas": frozenset(),
    "sns": frozenset({"GetSubscriptionAttributes", "ListSubscriptions", "SetSubscriptionAttributes", "Unsubscribe"}),
    "sqs": frozenset({"ListDeadLetterSourceQueues"}),
    "sts": frozenset({"AssumeRole", "GetAccessKeyInfo"}),
}  # fmt: skip
"""By service, what moto does as AWS does, beyond what roles are allowed by IAM's tables."""


def check(call: Call) -> None:
    """Refuse an operation that the sandbox does not have, whoever calls it."""
    if not is_here(call.service, call.operation):
        message = f"{call.operation} of {call.service} is not supported by the sandbox"
        raise Refused("NotInSandbox", message, status=501)


@cache
def is_here(service: str, operation: str) -> bool:
    """Whether an operation has a seam or has been looked at; True for services that are moto's as they are."""
    if service not in MODELED or seams.answer_for(service, operation) is not None:
        return True
    known = operation in TABLES.get(service, {}) or (service, operation) in SPECIAL
    return known or operation in MODELED[service]

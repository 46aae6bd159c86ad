"""IAM statements of the auditor, repairer and cleaner roles, which permit actions in their own account only.

The handler can assume none of these roles. Actions that change or delete apply only to repositories with the ownership
tag; one without it can be given the ownership tags, and nothing else.
"""

from __future__ import annotations

from handler.adoption_requests import PREFIX
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG, OWN_TAGS
from templates.names import Names
from templates.policies import CREATED_BY_HANDLER, allow, arn_here, in_organization
from templates.policy_documents import Statement


def audit_repositories() -> Statement:
    """Read settings of repositories, and sizes and times of images; never the images themselves."""
    reads = (
        "DescribeImages",
        "DescribeRepositories",
        "GetLifecyclePolicy",
        "GetRepositoryPolicy",
        "ListImages",
        "ListTagsForResource",
    )
    return allow("AuditRepositories", [f"ecr:{read}" for read in reads], on=arn_here("ecr", "repository/*"))


def audit_keys(names: Names) -> Statement:
    """Resolve key aliases in the settings; to compare the key with that of a repository."""
    return allow(
        "AuditKeys",
        "kms:DescribeKey",
        on=f"arn:{names.partition}:kms:*:*:key/*",
        when=in_organization(names),
    )


def audit_roles(names: Names, *, cleanup: bool) -> Statement:
    """Compare deployer's resources with their templates; of roles, also find what was added."""
    reads = ("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies")
    roles = [names.creator_role, names.forwarding_role, names.auditor_role, names.repairer_role]
    roles += [names.cleaner_role] if cleanup else []
    roles.append(names.native_role("*", "*"))
    return allow(
        "AuditRoles",
        [f"iam:{read}" for read in reads],
        on=[arn_here("iam", f"role/{role}", region="") for role in roles],
    )


def audit_rules(names: Names) -> Statement:
    """Compare deployer's resources with their templates; the forwarding rule and its target."""
    return allow(
        "AuditRules",
        ["events:DescribeRule", "events:ListTargetsByRule"],
        on=arn_here("events", f"rule/{names.forwarding_rule}"),
    )


def audit_queues(names: Names) -> Statement:
    """Compare deployer's resources with their templates; of the dead-letter queue, also count messages."""
    return allow(
        "AuditQueues",
        ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
        on=arn_here("sqs", names.forwarding_dead_letter_queue),
    )


def audit_stacks(names: Names) -> Statement:
    """Compare deployer's resources with their templates; here, whether the stacks still exist."""
    return allow(
        "AuditStacks",
        "cloudformation:DescribeStacks",
        on=arn_here("cloudformation", f"stack/StackSet-{names.prefix}-*"),
    )


def audit_registries() -> Statement:
    """Compare registries with the settings; ECR supports no narrower resource."""
    return allow(
        "AuditRegistries", ["ecr:DescribeRepositoryCreationTemplates", "ecr:GetRegistryScanningConfiguration"], on="*"
    )


def repair_repositories() -> Statement:
    """Restore settings."""
    changes = (
        "DeleteLifecyclePolicy",
        "DeleteRepositoryPolicy",
        "PutImageScanningConfiguration",
        "PutImageTagMutability",
        "PutLifecyclePolicy",
        "SetRepositoryPolicy",
    )
    return allow(
        "RepairRepositories",
        [f"ecr:{change}" for change in changes],
        on=arn_here("ecr", "repository/*"),
        when=CREATED_BY_HANDLER,
    )


def repair_tags() -> Statement:
    """Restore tags, but not the ownership tag."""
    return allow(
        "RepairTags",
        "ecr:TagResource",
        on=arn_here("ecr", "repository/*"),
        when={
            "Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false", f"aws:RequestTag/{EVENT_ID_TAG}": "true"},
        },
    )


def restore_ownership_tags(names: Names) -> Statement:
    """Set both ownership tags; on a repository that has neither."""
    return allow(
        "RestoreOwnershipTags",
        "ecr:TagResource",
        on=arn_here("ecr", "repository/*"),
        when={
            "Null": {
                f"aws:ResourceTag/{EVENT_ID_TAG}": "true",
                f"aws:ResourceTag/{INSTALLATION_TAG}": "true",
                f"aws:RequestTag/{EVENT_ID_TAG}": "false",
                "aws:TagKeys": "false",
            },
            "StringEquals": {f"aws:RequestTag/{INSTALLATION_TAG}": names.prefix},
            "ForAllValues:StringEquals": {"aws:TagKeys": list(OWN_TAGS)},
        },
    )


def restore_event_tag(names: Names) -> Statement:
    """Set the missing ownership tag; on a repository that has only the tag of this installation."""
    return allow(
        "RestoreEventTag",
        "ecr:TagResource",
        on=arn_here("ecr", "repository/*"),
        when={
            "Null": {
                f"aws:ResourceTag/{EVENT_ID_TAG}": "true",
                f"aws:RequestTag/{EVENT_ID_TAG}": "false",
                "aws:TagKeys": "false",
            },
            "StringEquals": {f"aws:ResourceTag/{INSTALLATION_TAG}": names.prefix},
            "ForAllValues:StringEquals": {"aws:TagKeys": [EVENT_ID_TAG]},
        },
    )


def delete_blank_repositories() -> Statement:
    """Delete repositories, but not adopted ones; ECR refuses while one holds images.

    (Unless the request sets `force`, which no IAM condition can prevent; `deployer` never sets it.)
    """
    return allow(
        "DeleteBlankRepositories",
        "ecr:DeleteRepository",
        on=arn_here("ecr", "repository/*"),
        when=CREATED_BY_HANDLER | {"StringNotLike": {f"aws:ResourceTag/{EVENT_ID_TAG}": f"{PREFIX}*"}},
    )


def request_probe_repository(names: Names) -> Statement:
    """Probe; begin a push for `deployer doctor --probe`.

    While the repository is missing, ECR refuses the call, and the resulting event is the probe. If it exists, the call
    begins an upload, which the role has no permission to continue.
    """
    return allow("RequestProbe", "ecr:InitiateLayerUpload", on=arn_here("ecr", f"repository/{names.probe_repository}"))


def delete_probe(names: Names) -> Statement:
    """Probe; delete the repository of `deployer doctor --probe`.

    ECR refuses while it holds images (but see `delete_blank_repositories`).
    """
    return allow(
        "DeleteProbe",
        "ecr:DeleteRepository",
        on=arn_here("ecr", f"repository/{names.probe_repository}"),
        when=CREATED_BY_HANDLER,
    )

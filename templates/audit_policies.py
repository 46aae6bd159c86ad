"""IAM statements of the auditor, repairer and cleaner roles, which permit actions in their own account only.

The handler can assume none of these roles. Actions that change or delete apply only to repositories with the ownership
tag.
"""

from __future__ import annotations

from handler.tags import EVENT_ID_TAG
from templates.names import Names
from templates.policies import Statement, arn_here


def audit_repositories() -> Statement:
    """Read the settings and tags of repositories, and whether they hold images; never the images themselves."""
    reads = ("DescribeRepositories", "GetLifecyclePolicy", "GetRepositoryPolicy", "ListImages", "ListTagsForResource")
    return {
        "Sid": "AuditRepositories",
        "Effect": "Allow",
        "Action": [f"ecr:{read}" for read in reads],
        "Resource": arn_here("ecr", "repository/*"),
    }


def audit_keys(names: Names) -> Statement:
    """Resolve a key alias in the settings, to compare the key with that of a repository."""
    return {
        "Sid": "AuditKeys",
        "Effect": "Allow",
        "Action": "kms:DescribeKey",
        "Resource": f"arn:{names.partition}:kms:*:*:key/*",
        "Condition": {"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    }


def repair_repositories() -> Statement:
    """Restore the settings of a repository, only if its tag shows that the handler created it."""
    changes = (
        "DeleteLifecyclePolicy",
        "DeleteRepositoryPolicy",
        "PutImageScanningConfiguration",
        "PutImageTagMutability",
        "PutLifecyclePolicy",
        "SetRepositoryPolicy",
    )
    return {
        "Sid": "RepairRepositories",
        "Effect": "Allow",
        "Action": [f"ecr:{change}" for change in changes],
        "Resource": arn_here("ecr", "repository/*"),
        "Condition": {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}},
    }


def repair_tags() -> Statement:
    """Restore tags from the settings on a repository that the handler created, but never the ownership tag."""
    return {
        "Sid": "RepairTags",
        "Effect": "Allow",
        "Action": "ecr:TagResource",
        "Resource": arn_here("ecr", "repository/*"),
        "Condition": {
            "Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false", f"aws:RequestTag/{EVENT_ID_TAG}": "true"},
        },
    }


def delete_blank_repositories() -> Statement:
    """Delete a repository, only if its tag shows that the handler created it; ECR refuses while it holds images.

    (Unless the request sets `force`, which no IAM condition can prevent; `deployer` never sets it.)
    """
    return {
        "Sid": "DeleteBlankRepositories",
        "Effect": "Allow",
        "Action": "ecr:DeleteRepository",
        "Resource": arn_here("ecr", "repository/*"),
        "Condition": {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}},
    }


def request_probe_repository(names: Names) -> Statement:
    """Begin a push to the repository of `deployer doctor --probe`, and to no other.

    While the repository is missing, ECR refuses the call, and the resulting event is the probe. If it exists, the call
    begins an upload, which the role has no permission to continue.
    """
    return {
        "Sid": "RequestProbe",
        "Effect": "Allow",
        "Action": "ecr:InitiateLayerUpload",
        "Resource": arn_here("ecr", f"repository/{names.probe_repository}"),
    }


def delete_probe(names: Names) -> Statement:
    """Delete the repository of `deployer doctor --probe`, only if its tag shows that the handler created it.

    ECR refuses while it holds images (but see `delete_blank_repositories`).
    """
    return {
        "Sid": "DeleteProbe",
        "Effect": "Allow",
        "Action": "ecr:DeleteRepository",
        "Resource": arn_here("ecr", f"repository/{names.probe_repository}"),
        "Condition": {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}},
    }

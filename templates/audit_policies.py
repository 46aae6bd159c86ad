"""What the auditor, repairer and cleaner roles may do in their own account: IAM statements, each with its reason.

None of the three is within reach of the handler; what changes or deletes is held to repositories that carry our tag.
"""

from __future__ import annotations

from handler.tags import EVENT_ID_TAG
from templates.names import Names
from templates.policies import Statement, arn_here


def audit_repositories() -> Statement:
    """See how repositories are set up, what tags they carry, and whether any image is in them; never the images."""
    looks = ("DescribeRepositories", "GetLifecyclePolicy", "GetRepositoryPolicy", "ListImages", "ListTagsForResource")
    return {
        "Sid": "AuditRepositories",
        "Effect": "Allow",
        "Action": [f"ecr:{look}" for look in looks],
        "Resource": arn_here("ecr", "repository/*"),
    }


def audit_keys(names: Names) -> Statement:
    """Find the key that an alias in the settings stands for, to compare it with the key of a repository."""
    return {
        "Sid": "AuditKeys",
        "Effect": "Allow",
        "Action": "kms:DescribeKey",
        "Resource": f"arn:{names.partition}:kms:*:*:key/*",
        "Condition": {"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    }


def repair_repositories() -> Statement:
    """Bring a repository back to its settings, only where the tag shows that an event of ours made it."""
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
    """Put back a tag that the settings ask for, on a repository of ours, but never the tag that proves whose it is."""
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
    """Delete a repository, only where the tag shows that an event of ours made it; ECR refuses while it holds images.

    (Unless it is told to force it, which no condition of IAM can keep out; `deployer` never does.)
    """
    return {
        "Sid": "DeleteBlankRepositories",
        "Effect": "Allow",
        "Action": "ecr:DeleteRepository",
        "Resource": arn_here("ecr", "repository/*"),
        "Condition": {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}},
    }


def ask_for_probe(names: Names) -> Statement:
    """Ask for the repository of `deployer doctor --probe` as a push does, by its name and no other.

    While it is missing, the call changes nothing: it is refused, and the refusal is the event that is followed. On a
    repository that exists it begins an upload, for which no further permission is given.
    """
    return {
        "Sid": "AskForProbe",
        "Effect": "Allow",
        "Action": "ecr:InitiateLayerUpload",
        "Resource": arn_here("ecr", f"repository/{names.probe_repository}"),
    }


def delete_probe(names: Names) -> Statement:
    """Delete the repository of `deployer doctor --probe`, only where the tag shows that an event of ours made it.

    ECR refuses while it holds images (but see `delete_blank_repositories`).
    """
    return {
        "Sid": "DeleteProbe",
        "Effect": "Allow",
        "Action": "ecr:DeleteRepository",
        "Resource": arn_here("ecr", f"repository/{names.probe_repository}"),
        "Condition": {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}},
    }

"""The current settings of one repository, in the terms of its ledger record; read through the auditor role."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from handler.requested import policy_digest

_NO_REPOSITORY = "RepositoryNotFoundException"
_NO_POLICY = frozenset({"LifecyclePolicyNotFoundException", "RepositoryPolicyNotFoundException"})
_WITH_EXCLUSION = "_WITH_EXCLUSION"


def read_settings(session: Session, name: str, *, region: str) -> dict[str, object] | None:
    """Settings of a repository of the session's account, as `handler.requested` has them; None if it does not exist."""
    client = session.ecr_client(region=region)
    with translated():
        try:
            found = client.describe_repositories(repositoryNames=[name])["repositories"][0]
            tags = client.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        except ClientError as error:
            if code_of(error) == _NO_REPOSITORY:
                return None
            raise
        filters = found.get("imageTagMutabilityExclusionFilters", [])
        encryption = found.get("encryptionConfiguration", {})
        return {
            "image_tag_mutability": found["imageTagMutability"].removesuffix(_WITH_EXCLUSION),
            "mutability_exclusions": [one["filter"] for one in filters],
            "scan_on_push": found.get("imageScanningConfiguration", {}).get("scanOnPush", False),
            "encryption": {"type": encryption.get("encryptionType", "AES256"), "kms_key": encryption.get("kmsKey")},
            "lifecycle_policy": _policy(
                lambda: client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
            ),
            "repository_policy": _policy(lambda: client.get_repository_policy(repositoryName=name)["policyText"]),
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
        }


def _policy(read: Callable[[], str]) -> dict[str, str] | None:
    try:
        return {"sha256": policy_digest(read())}
    except ClientError as error:
        if code_of(error) in _NO_POLICY:
            return None
        raise

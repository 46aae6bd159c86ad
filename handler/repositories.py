"""Repositories of one registry, through the creator role of its account. One method, one call.

Creation carries all settings that CreateRepository takes, and the tag that proves whose repository it is. It knows two
policies less than ECR has, so those are put after it, and only on a repository that the event itself created.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from handler.aws_errors import told
from handler.ports import Repository
from handler.settings import RepositorySettings
from handler.tags import EVENT_ID_TAG, fill

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Whose registry it is, and where."""

    account: str
    region: str
    partition: str

    def repository_arn(self, name: str) -> str:
        """ARN of a repository in this registry."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{name}"

    def __str__(self) -> str:
        return f"{self.account} {self.region}"


class Repositories:
    """What the handler does to repositories of one registry. Permanent errors come as PermanentError."""

    def __init__(self, client: ECRClient, *, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    def create(self, name: str, *, settings: RepositorySettings, tags: Mapping[str, str]) -> Repository | None:
        """Create the repository; None when there is one of this name."""
        request = creation_request(name, settings=settings, tags=tags, registry=self._registry)
        with told("CreateRepository", where=str(self._registry)):
            try:
                created = self._client.create_repository(**request)["repository"]
            except self._client.exceptions.RepositoryAlreadyExistsException:
                return None
        return Repository(arn=created["repositoryArn"], created_at=created["createdAt"].astimezone(UTC))

    def creator(self, name: str) -> str | None:
        """CloudTrail's id of the event that created the repository; None for one that the handler did not create."""
        with told("ListTagsForResource", where=str(self._registry)):
            tags = self._client.list_tags_for_resource(resourceArn=self._registry.repository_arn(name))["tags"]
        return next((tag["Value"] for tag in tags if tag["Key"] == EVENT_ID_TAG), None)

    def describe(self, name: str) -> Repository:
        """The repository as it is."""
        with told("DescribeRepositories", where=str(self._registry)):
            found = self._client.describe_repositories(repositoryNames=[name])["repositories"][0]
        return Repository(arn=found["repositoryArn"], created_at=found["createdAt"].astimezone(UTC))

    def put_lifecycle_policy(self, name: str, text: str) -> None:
        """Put the lifecycle policy; the same text again changes nothing."""
        with told("PutLifecyclePolicy", where=str(self._registry)):
            self._client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)

    def set_repository_policy(self, name: str, text: str) -> None:
        """Set the repository policy; the same text again changes nothing."""
        with told("SetRepositoryPolicy", where=str(self._registry)):
            self._client.set_repository_policy(repositoryName=name, policyText=text)


def creation_request(
    name: str, *, settings: RepositorySettings, tags: Mapping[str, str], registry: Registry
) -> dict[str, Any]:
    """Parameters of CreateRepository. Without registryId: a repository can only be made in the role's own registry."""
    return {
        "repositoryName": name,
        "tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "imageScanningConfiguration": {"scanOnPush": settings.scan_on_push},
        "encryptionConfiguration": _encryption(settings, registry),
        **_mutability(settings),
    }


def _encryption(settings: RepositorySettings, registry: Registry) -> dict[str, str]:
    encryption: dict[str, str] = {"encryptionType": settings.encryption.type}
    if settings.encryption.type != "AES256" and settings.encryption.kms_key is not None:
        values = {"account": registry.account, "region": registry.region}
        encryption["kmsKey"] = fill(settings.encryption.kms_key, values)
    return encryption


def _mutability(settings: RepositorySettings) -> dict[str, Any]:
    if not settings.mutability_exclusions:
        return {"imageTagMutability": settings.image_tag_mutability}
    return {
        "imageTagMutability": f"{settings.image_tag_mutability}_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [
            {"filterType": "WILDCARD", "filter": tag} for tag in settings.mutability_exclusions
        ],
    }

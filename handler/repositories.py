"""Repositories of one registry, accessed with the creator role of its account. One AWS call for each method.

CreateRepository sets everything that it has parameters for, and the tag that records which event created the
repository. It has none for the lifecycle policy and the repository policy, so those are put afterwards, and only on a
repository that the event itself created.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from handler.aws_errors import translate_errors
from handler.ports import Repository
from handler.settings import RepositorySettings
from handler.tags import creator_of, fill

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        EncryptionConfigurationTypeDef,
        TagTypeDef,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The account and region of a registry."""

    account: str
    region: str
    partition: str

    def repository_arn(self, name: str) -> str:
        """ARN of a repository in this registry."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{name}"

    def __str__(self) -> str:
        return f"{self.account} {self.region}"


class Repositories:
    """The calls of the handler to one registry. Permanent errors are raised as PermanentError."""

    def __init__(self, client: ECRClient, *, registry: Registry, installation: str) -> None:
        self._client = client
        self._registry = registry
        self._installation = installation

    def exists(self, name: str) -> bool:
        """Whether a repository with this name exists."""
        return self.find(name) is not None

    def find(self, name: str) -> Repository | None:
        """The repository with this name; None if it does not exist."""
        with translate_errors("DescribeRepositories", location=str(self._registry)):
            try:
                return self._describe(name)
            except self._client.exceptions.RepositoryNotFoundException:
                return None

    def create(self, name: str, *, settings: RepositorySettings, tags: Mapping[str, str]) -> Repository | None:
        """Create the repository; None if one with this name exists."""
        request = creation_request(name, settings=settings, tags=tags, registry=self._registry)
        with translate_errors("CreateRepository", location=str(self._registry)):
            try:
                created = self._client.create_repository(**request)["repository"]
            except self._client.exceptions.RepositoryAlreadyExistsException:
                return None
        return Repository(arn=created["repositoryArn"], created_at=created["createdAt"].astimezone(UTC))

    def creator(self, name: str) -> str | None:
        """CloudTrail's id of the event that created the repository; None if this installation did not create it."""
        return creator_of(self.tags(name), installation=self._installation)

    def tags(self, name: str) -> Mapping[str, str]:
        """All tags of the repository."""
        with translate_errors("ListTagsForResource", location=str(self._registry)):
            tags = self._client.list_tags_for_resource(resourceArn=self._registry.repository_arn(name))["tags"]
        return {tag["Key"]: tag["Value"] for tag in tags}

    def describe(self, name: str) -> Repository:
        """The existing repository."""
        with translate_errors("DescribeRepositories", location=str(self._registry)):
            return self._describe(name)

    def _describe(self, name: str) -> Repository:
        found = self._client.describe_repositories(repositoryNames=[name])["repositories"][0]
        return Repository(arn=found["repositoryArn"], created_at=found["createdAt"].astimezone(UTC))

    def put_lifecycle_policy(self, name: str, text: str) -> None:
        """Put the lifecycle policy; idempotent."""
        with translate_errors("PutLifecyclePolicy", location=str(self._registry)):
            self._client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)

    def set_repository_policy(self, name: str, text: str) -> None:
        """Set the repository policy; idempotent."""
        with translate_errors("SetRepositoryPolicy", location=str(self._registry)):
            self._client.set_repository_policy(repositoryName=name, policyText=text)

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Set tags, with the ownership tag among them; idempotent."""
        listed: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in tags.items()]
        with translate_errors("TagResource", location=str(self._registry)):
            self._client.tag_resource(resourceArn=self._registry.repository_arn(name), tags=listed)

    def scan_on_push(self, name: str) -> None:
        """Scan images when they are pushed; idempotent."""
        with translate_errors("PutImageScanningConfiguration", location=str(self._registry)):
            self._client.put_image_scanning_configuration(
                repositoryName=name, imageScanningConfiguration={"scanOnPush": True}
            )


def creation_request(
    name: str, *, settings: RepositorySettings, tags: Mapping[str, str], registry: Registry
) -> CreateRepositoryRequestTypeDef:
    """Parameters of CreateRepository, without registryId: a role can only create repositories in its own registry."""
    request: CreateRepositoryRequestTypeDef = {
        "repositoryName": name,
        "tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "imageScanningConfiguration": {"scanOnPush": settings.scan_on_push},
        "encryptionConfiguration": _encryption(settings, registry),
        "imageTagMutability": settings.image_tag_mutability,
    }
    if settings.mutability_exclusions:
        is_mutable = settings.image_tag_mutability == "MUTABLE"
        request["imageTagMutability"] = "MUTABLE_WITH_EXCLUSION" if is_mutable else "IMMUTABLE_WITH_EXCLUSION"
        request["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": tag} for tag in settings.mutability_exclusions
        ]
    return request


def _encryption(settings: RepositorySettings, registry: Registry) -> EncryptionConfigurationTypeDef:
    encryption: EncryptionConfigurationTypeDef = {"encryptionType": settings.encryption.type}
    if settings.encryption.type != "AES256" and settings.encryption.kms_key is not None:
        values = {"account": registry.account, "region": registry.region}
        encryption["kmsKey"] = fill(settings.encryption.kms_key, values)
    return encryption

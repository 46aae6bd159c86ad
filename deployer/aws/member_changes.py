"""Registries of member accounts, through the repairer and the cleaner role. Implements `deployer.drift.repairing`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from botocore import exceptions as botocore

from deployer.aws.errors import code_of, translated
from deployer.aws.members import Members
from deployer.drift.ports import RepositoryGoneError
from deployer.drift.repairing import (
    Change,
    PutLifecyclePolicy,
    PutMutability,
    PutScanOnPush,
    PutTags,
    SetRepositoryPolicy,
)
from handler.repositories import Registry
from handler.tags import EVENT_ID_TAG

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.literals import ImageTagMutabilityType
    from mypy_boto3_ecr.type_defs import PutImageTagMutabilityRequestTypeDef

_MISSING = "RepositoryNotFoundException"
_POLICY_MISSING = frozenset({"LifecyclePolicyNotFoundException", "RepositoryPolicyNotFoundException"})


class MemberChanges:
    """One registry, changed."""

    def __init__(self, client: ECRClient, *, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    def creator(self, name: str) -> str | None:
        """The event that created the repository, from its tag."""
        with self._asking():
            tags = self._client.list_tags_for_resource(resourceArn=self._registry.repository_arn(name))["tags"]
        return next((tag["Value"] for tag in tags if tag["Key"] == EVENT_ID_TAG), None)

    def created_at(self, name: str) -> datetime:
        """The time at which ECR created the repository, in UTC."""
        with self._asking():
            (found,) = self._client.describe_repositories(repositoryNames=[name])["repositories"]
        return found["createdAt"].astimezone(UTC)

    def change(self, name: str, change: Change) -> None:
        """Make one change; idempotent."""
        with self._asking():
            match change:
                case PutMutability():
                    self._put_mutability(name, change)
                case PutScanOnPush():
                    self._client.put_image_scanning_configuration(
                        repositoryName=name, imageScanningConfiguration={"scanOnPush": change.scan_on_push}
                    )
                case PutLifecyclePolicy(text=None):
                    self._client.delete_lifecycle_policy(repositoryName=name)
                case PutLifecyclePolicy(text=str(text)):
                    self._client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
                case SetRepositoryPolicy(text=None):
                    self._client.delete_repository_policy(repositoryName=name)
                case SetRepositoryPolicy(text=str(text)):
                    self._client.set_repository_policy(repositoryName=name, policyText=text)
                case PutTags():
                    self._client.tag_resource(
                        resourceArn=self._registry.repository_arn(name),
                        tags=[{"Key": key, "Value": value} for key, value in change.tags.items()],
                    )

    def delete(self, name: str) -> bool:
        """Delete the repository, never by force: ECR refuses while it holds an image.

        If a response is lost, the SDK repeats the call. That is refused then, since a missing repository has no tag
        that would allow it; the first call deleted the repository.
        """
        with self._asking():
            try:
                self._client.delete_repository(repositoryName=name, force=False)
            except self._client.exceptions.RepositoryNotEmptyException:
                return False
            except botocore.ClientError as error:
                if not (error.response["ResponseMetadata"].get("RetryAttempts") and self._is_gone(name)):
                    raise
        return True

    def _is_gone(self, name: str) -> bool:
        try:
            self.creator(name)
        except RepositoryGoneError:
            return True
        return False

    def _put_mutability(self, name: str, change: PutMutability) -> None:
        mutability: ImageTagMutabilityType = cast("ImageTagMutabilityType", change.mutability)
        request: PutImageTagMutabilityRequestTypeDef = {"repositoryName": name, "imageTagMutability": mutability}
        if change.exclusions:
            request["imageTagMutabilityExclusionFilters"] = [
                {"filterType": "WILDCARD", "filter": tag} for tag in change.exclusions
            ]
        self._client.put_image_tag_mutability(**request)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with translated(str(self._registry)):
            try:
                yield
            except botocore.ClientError as error:
                if code_of(error) == _MISSING:
                    raise RepositoryGoneError from error
                if code_of(error) not in _POLICY_MISSING:
                    raise


def open_changes(members: Members, account: str, region: str, *, partition: str) -> MemberChanges:
    """A registry through the role that `members` assumes."""
    registry = Registry(account=account, region=region, partition=partition)
    return MemberChanges(members.ecr(account, region), registry=registry)

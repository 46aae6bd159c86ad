"""Settings of repositories and of the registry, checked against AWS's rules before moto (5.2.5) stores them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.ecr.models import ECRBackend, Repository
from moto.ecr.policy_validation import EcrLifecyclePolicyValidator

from aws_org_sandbox import context
from aws_org_sandbox.ecr import encryption as ecr_encryption
from aws_org_sandbox.ecr import rules as ecr_rules
from aws_org_sandbox.ecr.lifecycle_policies import check_lifecycle_policy
from aws_org_sandbox.ecr.repository_policies import check_repository_policy
from aws_org_sandbox.iam import documents
from aws_org_sandbox.seams import original, replace


@replace(ECRBackend, "create_repository")
def _create_repository(self: ECRBackend, **request: Any) -> Repository:
    """CreateRepository, with an existing KMS key."""
    encryption = request.get("encryption_config")
    ecr_rules.check_repository_name(request["repository_name"])
    ecr_rules.check_mutability(
        request.get("image_tag_mutability"), request.get("image_tag_mutability_exclusion_filters")
    )
    ecr_rules.check_encryption(encryption, region=self.region_name)
    ecr_rules.check_tags(request.get("tags") or [])
    request["encryption_config"] = ecr_encryption.resolve(encryption, account=self.account_id, region=self.region_name)
    created: Repository = original(ECRBackend, "create_repository")(self, **request)
    visibility = context.current().visibility
    visibility.made(created.arn, hidden_from=visibility.tags)
    return created


@replace(ECRBackend, "tag_resource")
def _tag_resource(self: ECRBackend, arn: str, tags: Sequence[Mapping[str, Any]]) -> None:
    present = {tag["Key"]: tag["Value"] for tag in self.list_tags_for_resource(arn)["tags"]}
    ecr_rules.check_tags(tags, present=present)
    original(ECRBackend, "tag_resource")(self, arn, tags)


@replace(ECRBackend, "put_image_tag_mutability")
def _put_image_tag_mutability(self: ECRBackend, **request: Any) -> dict[str, Any]:
    ecr_rules.check_mutability(
        request.get("image_tag_mutability"), request.get("image_tag_mutability_exclusion_filters")
    )
    answer: dict[str, Any] = original(ECRBackend, "put_image_tag_mutability")(self, **request)
    return answer


@replace(EcrLifecyclePolicyValidator, "validate")
def _validate_lifecycle_policy(self: EcrLifecyclePolicyValidator) -> None:
    """Check a policy against ECR's rules instead of moto's, which predate the archive."""
    check_lifecycle_policy(self._policy_text)


@replace(ECRBackend, "set_repository_policy")
def _set_repository_policy(self: ECRBackend, **request: Any) -> dict[str, Any]:
    repository = self._get_repository(request["repository_name"], request["registry_id"])
    check_repository_policy(request["policy_text"])
    if documents.policy_error(request["policy_text"], about=None, service="ecr") is not None:
        raise ecr_rules.refuse("PolicyText", "Invalid repository policy provided")
    repository.policy = request["policy_text"]  # moto would refuse numbers in conditions
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "policyText": repository.policy,
    }


@replace(ECRBackend, "put_registry_scanning_configuration")
def _put_registry_scanning_configuration(
    self: ECRBackend, scan_type: str, rules: Sequence[Mapping[str, Any]] | None
) -> None:
    ecr_rules.check_scanning(scan_type, rules)
    original(ECRBackend, "put_registry_scanning_configuration")(self, scan_type, rules or [])


@replace(ECRBackend, "_match_repository_filter")
def _match_repository_filter(self: ECRBackend, filter: str, repository_name: str) -> bool:  # noqa: A002 - moto's name
    """Without a wildcard a filter matches any name that contains it; with one, the whole name.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
    """
    del self
    if "*" not in filter:
        return filter in repository_name
    return re.fullmatch(".*".join(map(re.escape, filter.split("*"))), repository_name) is not None

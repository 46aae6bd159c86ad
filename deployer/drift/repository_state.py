"""Actual and desired state of a repository, limited to what settings govern. Pure.

Desired state comes from the handler's own functions, so that an audit expects exactly what a push would get.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from handler.json_values import JsonValue
from handler.repositories import Registry, creation_request
from handler.settings import RepositorySettings

MANAGED_KEY = "alias/aws/ecr"
"""The key that KMS uses if settings name none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryState:
    """One repository; policies are JSON texts. Of `tags` those that settings request; others are ignored."""

    image_tag_mutability: str
    mutability_exclusions: tuple[str, ...]
    scan_on_push: bool
    encryption: str
    kms_key: str | None
    """ARN of the key; of an alias if settings name one; None if there is none, or it is unknown."""
    lifecycle_policy: str | None
    repository_policy: str | None
    tags: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Policy files of its desired state, by setting; empty for actual state."""

    @property
    def key_alias(self) -> str | None:
        """The alias in place of a key."""
        return self.kms_key if self.kms_key and ":alias/" in self.kms_key else None

    def with_key(self, key: str | None) -> RepositoryState:
        """The same with the key that the alias refers to."""
        return replace(self, kms_key=key)


def desired_state_of(
    name: str,
    settings: RepositorySettings,
    *,
    tags: Mapping[str, str],
    registry: Registry,
    document: Callable[[str], str],
) -> RepositoryState:
    """The settings that a repository of this name would get today; `document` returns the text of a policy file."""
    request = creation_request(name, settings=settings, tags=tags, registry=registry)
    state = actual_state_of(request)
    key = state.kms_key
    if state.encryption != "AES256" and key is None:
        key = f"arn:{registry.partition}:kms:{registry.region}:{registry.account}:{MANAGED_KEY}"
    return replace(
        state,
        kms_key=key,
        lifecycle_policy=document(settings.lifecycle_policy) if settings.lifecycle_policy else None,
        repository_policy=document(settings.repository_policy) if settings.repository_policy else None,
        tags=dict(tags),
        files={
            setting: file
            for setting, file in (
                ("lifecycle_policy", settings.lifecycle_policy),
                ("repository_policy", settings.repository_policy),
            )
            if file
        },
    )


def actual_state_of(members: Mapping[str, JsonValue]) -> RepositoryState:
    """All but policies and tags, from the members that CreateRepository and DescribeRepositories share."""
    encryption = members.get("encryptionConfiguration") or {}
    exclusions = members.get("imageTagMutabilityExclusionFilters") or ()
    return RepositoryState(
        image_tag_mutability=members.get("imageTagMutability", "MUTABLE"),
        mutability_exclusions=tuple(sorted(item["filter"] for item in exclusions)),
        scan_on_push=bool((members.get("imageScanningConfiguration") or {}).get("scanOnPush", False)),
        encryption=encryption.get("encryptionType", "AES256"),
        kms_key=encryption.get("kmsKey"),
        lifecycle_policy=None,
        repository_policy=None,
        tags={},
    )

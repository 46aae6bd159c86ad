"""What settings require of ECR's repository creation templates (create on push), as values.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repositorycreationtemplate.html
"""

from __future__ import annotations

from dataclasses import dataclass

from handler.settings import Encryption, TagMutability

ROOT = "ROOT"
"""The prefix of the template for every name that no other template matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationTemplate:
    """One `AWS::ECR::RepositoryCreationTemplate`, applied for CREATE_ON_PUSH.

    Equal settings have equal values, so that accounts that require the same share a StackSet.
    """

    prefix: str
    """Without the slash that ECR implies after it, or `ROOT`."""
    image_tag_mutability: TagMutability
    mutability_exclusions: tuple[str, ...]
    encryption: Encryption
    """Its `kms_key` may hold `{account}` and `{region}`."""
    lifecycle_policy: str | None
    """The JSON text: 100 to 30,720 characters."""
    repository_policy: str | None
    """The JSON text: at most 10,240 characters."""
    tags: tuple[tuple[str, str], ...]
    """At most 50 keys and values, sorted by key. Values may hold `{account}` and `{region}`, no other placeholder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationTemplates:
    """The content of one StackSet: all creation templates of a registry."""

    templates: tuple[CreationTemplate, ...]
    """Sorted by prefix; no two have the same one."""
    denied: tuple[str, ...]
    """Globs over repository names that the role of the templates may not create, as in `create.names.deny`."""

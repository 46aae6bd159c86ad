"""ECR repository creation templates (create on push) of an OU's registries: one StackSet for each distinct content.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repositorycreationtemplate.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from troposphere import GetAtt, Sub, Tags, Template, ecr, iam

from handler.tags import fill
from templates import native_policies, trust
from templates.creation_templates import ROOT, CreationTemplate, CreationTemplates
from templates.names import Names
from templates.parts import compose, role

NAME = "registry-creation-templates"
MAX_PREFIXES_LENGTH = 200
"""Maximum length of the prefixes in a description."""
AFTERWARDS = "no creation templates: the first push of a repository is refused, and the handler creates it"
"""The state after CloudFormation deleted the resources."""

TEMPLATE_TYPE = ecr.RepositoryCreationTemplate.resource_type

_ROLE = "CreationRole"


def description(content: CreationTemplates) -> str:
    """The prefixes, as far as they fit."""
    prefixes = " ".join(one.prefix for one in content.templates)
    shown = prefixes if len(prefixes) <= MAX_PREFIXES_LENGTH else f"{len(content.templates)} prefixes"
    return f"deployer: ECR creates repositories on push, by creation templates for {shown}"


def template(names: Names, content: CreationTemplates, digest: str) -> Template:
    """The role with which ECR creates repositories, and the creation templates; `digest` is in the role's name.

    ECR uses the template with the longest prefix that matches. So templates of longer prefixes are created earlier and
    deleted later than those that would otherwise match the same names.
    """
    covered = covered_by(one.prefix for one in content.templates)
    return compose(
        description(content),
        [_role(names, content, digest)],
        [_creation_template(one, after=covered[one.prefix]) for one in content.templates],
    )


def covered_by(prefixes: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The prefixes whose names would get the template of each prefix if they had no template of their own."""
    known = sorted(prefixes)
    covered: dict[str, list[str]] = {prefix: [] for prefix in known}
    for prefix in known:
        parents = [one for one in known if _is_below(prefix, one)]
        if parents:
            covered[max(parents, key=lambda one: -1 if one == ROOT else len(one))].append(prefix)
    return {prefix: tuple(below) for prefix, below in covered.items()}


def _is_below(prefix: str, other: str) -> bool:
    return prefix != ROOT and (other == ROOT or prefix.startswith(f"{other}/"))


def _role(names: Names, content: CreationTemplates, digest: str) -> iam.Role:
    return role(
        _ROLE,
        names,
        name=Sub(names.native_role("${AWS::Region}", digest)),
        description="Creates repositories during pushes, by the creation templates of this region; only ECR can "
        "assume it",
        trusted=trust.registry(),
        purpose="create-by-templates",
        allowed=native_policies.statements(names, content),
    )


def _creation_template(one: CreationTemplate, *, after: Iterable[str]) -> ecr.RepositoryCreationTemplate:
    encryption, exclusions = one.encryption, one.mutability_exclusions
    optional = {
        "ImageTagMutabilityExclusionFilters": [_exclusion(pattern) for pattern in exclusions],
        "LifecyclePolicy": one.lifecycle_policy,
        "RepositoryPolicy": one.repository_policy,
        "ResourceTags": Tags({key: _here(value) for key, value in one.tags}) if one.tags else None,
        "DependsOn": [_logical_id(prefix) for prefix in after],
    }
    return ecr.RepositoryCreationTemplate(
        _logical_id(one.prefix),
        Prefix=one.prefix,
        Description="Repositories that deployer's settings allow, created on push",
        AppliedFor=["CREATE_ON_PUSH"],
        ImageTagMutability=f"{one.image_tag_mutability}_WITH_EXCLUSION" if exclusions else one.image_tag_mutability,
        EncryptionConfiguration=ecr.EncryptionConfiguration(
            EncryptionType=encryption.type, **({"KmsKey": _here(encryption.kms_key)} if encryption.kms_key else {})
        ),
        CustomRoleArn=GetAtt(_ROLE, "Arn"),
        **{name: value for name, value in optional.items() if value},
    )


def _logical_id(prefix: str) -> str:
    """A prefix may contain characters that logical ids may not."""
    return f"Template{prefix if prefix == ROOT else hashlib.sha256(prefix.encode()).hexdigest()[:8]}"


def _exclusion(pattern: str) -> ecr.ImageTagMutabilityExclusionFilter:
    return ecr.ImageTagMutabilityExclusionFilter(
        ImageTagMutabilityExclusionFilterType="WILDCARD", ImageTagMutabilityExclusionFilterValue=pattern
    )


def _here(text: str) -> str | Sub:
    """The text with `{account}` and `{region}` replaced by CloudFormation."""
    found = fill(text.replace("${", "${!"), {"account": "${AWS::AccountId}", "region": "${AWS::Region}"})
    return text if found == text.replace("${", "${!") else Sub(found)

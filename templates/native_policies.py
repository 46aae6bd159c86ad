"""IAM statements of the role with which ECR creates repositories during pushes, by creation templates.

Each docstring is the reason for the statement, as in `policies`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from templates.creation_templates import ROOT, CreationTemplate, CreationTemplates
from templates.denied_names import denied_patterns
from templates.names import Names
from templates.policies import allow, arn_here, use_keys
from templates.policy_documents import Statement


def statements(names: Names, content: CreationTemplates) -> list[Statement]:
    """All statements that the templates of one registry require (assumption A29)."""
    templates = content.templates
    tagged = tuple(one for one in templates if one.tags)
    with_policies = tuple(one for one in templates if one.lifecycle_policy or one.repository_policy)
    return [
        create_by_templates(templates),
        *([tag_by_templates(tagged)] if tagged else []),
        *([put_policies_by_templates(with_policies)] if with_policies else []),
        *(use_keys(names) if any(one.encryption.type != "AES256" for one in templates) else []),
        *([deny_names(content.denied)] if content.denied else []),
    ]


def create_by_templates(templates: Iterable[CreationTemplate]) -> Statement:
    """Create repositories; only those whose names a template matches."""
    return allow("CreateByTemplates", "ecr:CreateRepository", on=_repositories(templates))


def tag_by_templates(templates: Iterable[CreationTemplate]) -> Statement:
    """Set their tags and policies; here, the tags of the creation template.

    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html)
    """
    return allow("TagByTemplates", "ecr:TagResource", on=_repositories(templates))


def put_policies_by_templates(templates: Sequence[CreationTemplate]) -> Statement:
    """Set their tags and policies; here, the policies of the creation template."""
    needed = {
        "ecr:PutLifecyclePolicy": any(one.lifecycle_policy for one in templates),
        "ecr:SetRepositoryPolicy": any(one.repository_policy for one in templates),
    }
    return allow(
        "PutPoliciesByTemplates",
        [action for action, is_needed in needed.items() if is_needed],
        on=_repositories(templates),
    )


def deny_names(globs: Iterable[str]) -> Statement:
    """Apply `create.names.deny`.

    The resources match all of these names, and possibly more: the handler decides about those (assumption A25).
    """
    return {
        "Sid": "DenyNames",
        "Effect": "Deny",
        "Action": "ecr:CreateRepository",
        "Resource": [f"arn:*:ecr:*:*:repository/{name}" for name in denied_patterns(globs)],
    }


def _repositories(templates: Iterable[CreationTemplate]) -> list[object]:
    """Their names, each once; those below a prefix that is named too are left out."""
    prefixes = sorted({one.prefix for one in templates})
    if ROOT in prefixes:
        return [arn_here("ecr", "repository/*", region="${AWS::Region}")]
    widest = [one for one in prefixes if not any(one.startswith(f"{other}/") for other in prefixes)]
    return [arn_here("ecr", f"repository/{prefix}/*", region="${AWS::Region}") for prefix in widest]

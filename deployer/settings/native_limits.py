"""Limits of AWS on the resources that hold the creation templates of a registry, and on the policy of their role."""

from __future__ import annotations

import json
from collections.abc import Iterable

from deployer.settings.native_names import widest
from deployer.settings.native_rules import Violation
from templates.creation_templates import ROOT, CreationTemplate, CreationTemplates
from templates.denied_names import denied_patterns

MOST_POLICY_CHARACTERS = 10_240
"""Of all inline policies of a role. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
MOST_TEMPLATES = 499
"""CloudFormation accepts 500 resources in a template; one is the role.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
MOST_BODY_BYTES = 1_000_000
"""The largest template in a bucket."""
_ALLOWED = len('"arn:aws-us-gov:ecr:ap-southeast-1:000000000000:repository//*",')
_DENIED = len('"arn:*:ecr:*:*:repository/",')
_STATEMENTS = 550
"""All of the policy but names and the statements for keys."""
_KEYS = 900
_TEMPLATE = 1_000
"""All of a template but its policies and tags."""


def exceeded_limits(content: CreationTemplates) -> Iterable[Violation]:
    """What AWS would refuse; no entry of `native.unenforced` permits it."""
    allowed, denied = allowed_characters(content.templates), denied_characters(content.denied)
    if allowed + denied > MOST_POLICY_CHARACTERS:
        message = (
            f"the policy of the role that ECR uses needs {allowed + denied:,} characters for the names that are "
            f"allowed and denied, and IAM accepts {MOST_POLICY_CHARACTERS:,}"
        )
        yield Violation(rule=("create", "names", "deny" if denied > allowed else "allow"), message=message)
    if len(content.templates) > MOST_TEMPLATES:
        message = f"{len(content.templates)} prefixes need a creation template, and a stack holds {MOST_TEMPLATES}"
        yield Violation(rule=("create", "names", "allow"), message=message)
    if (size := sum(map(_bytes, content.templates))) > MOST_BODY_BYTES:
        message = f"creation templates need {size:,} bytes, and CloudFormation accepts {MOST_BODY_BYTES:,}"
        yield Violation(rule=("create", "names", "allow"), message=message)


def denied_characters(globs: Iterable[str]) -> int:
    """Characters of the resources that the policy denies."""
    return sum(_DENIED + len(pattern) for pattern in denied_patterns(globs))


def allowed_characters(templates: Iterable[CreationTemplate]) -> int:
    """Characters of everything else in the policy, at most."""
    all_ = tuple(templates)
    tagged = (one.prefix for one in all_ if one.tags)
    with_policies = (one.prefix for one in all_ if one.lifecycle_policy or one.repository_policy)
    keys = _KEYS if any(one.encryption.type != "AES256" for one in all_) else 0
    return _STATEMENTS + keys + sum(map(_resources, ((one.prefix for one in all_), tagged, with_policies)))


def _resources(prefixes: Iterable[str]) -> int:
    """A statement names a prefix only if it names none that it is below."""
    return sum(_ALLOWED + (0 if prefix == ROOT else len(prefix)) for prefix in widest(frozenset(prefixes)))


def _bytes(template: CreationTemplate) -> int:
    texts = (template.lifecycle_policy, template.repository_policy, *(text for tag in template.tags for text in tag))
    return _TEMPLATE + sum(len(json.dumps(text)) for text in texts)

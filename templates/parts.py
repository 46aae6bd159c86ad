"""Parts of all templates: tags, roles, delivery settings of EventBridge targets, and the text of a template."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from troposphere import AWSObject, GetAtt, Tags, Template, events, iam

from templates.names import MANAGED_BY_TAG, Names
from templates.policy_documents import Statement, policy

RETRY_FOR = timedelta(hours=24)
"""The maximum; EventBridge makes at most 185 attempts in this time."""


def compose(description: str, *parts: Iterable[AWSObject]) -> Template:
    """A template of all resources of all parts; a repeated logical id is an error."""
    template = Template(Description=description)
    for part in parts:
        for resource in part:
            template.add_resource(resource)
    return template


def body(template: Template) -> str:
    """The template for CloudFormation: minified with sorted keys, so that equal templates have equal bytes."""
    return json.dumps(template.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def readable(template: Template) -> str:
    """The template for people and for git."""
    return json.dumps(template.to_dict(), sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def tags(names: Names) -> Tags:
    """Tags for a resource; the value is the prefix, so that two installations can be distinguished."""
    return Tags({MANAGED_BY_TAG: names.prefix})


def role(  # noqa: PLR0913 - all by keyword
    logical_id: str,
    names: Names,
    *,
    name: str,
    description: str,
    trusted: Statement,
    purpose: str,
    allowed: Sequence[Statement],
) -> iam.Role:
    """A role with sessions of one hour and one inline policy.

    `trusted` is the statement of its trust policy; `purpose` is the name of the inline policy, which holds `allowed`.
    """
    return iam.Role(
        logical_id,
        RoleName=name,
        Description=description,
        AssumeRolePolicyDocument=policy(trusted),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName=purpose, PolicyDocument=policy(*allowed))],
        Tags=tags(names),
    )


def retry_policy() -> events.RetryPolicy:
    """The maximum of EventBridge: a late repository is better than a lost event."""
    return events.RetryPolicy(MaximumEventAgeInSeconds=int(RETRY_FOR.total_seconds()), MaximumRetryAttempts=185)


def dead_letters(queue: str) -> events.DeadLetterConfig:
    """The queue (a logical id) for undelivered events; EventBridge does not retry if a permission is missing."""
    return events.DeadLetterConfig(Arn=GetAtt(queue, "Arn"))

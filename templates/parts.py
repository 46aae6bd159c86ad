"""What every template is made of: tags, roles, delivery settings of EventBridge targets, and the text of a template."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from troposphere import AWSObject, GetAtt, Tags, Template, events, iam

from templates.names import MANAGED_BY_TAG, Names
from templates.policies import Statement, policy

RETRY_FOR = timedelta(hours=24)
"""The longest time that EventBridge retries; with 185 attempts, the most that it makes."""


def compose(description: str, *parts: Iterable[AWSObject]) -> Template:
    """A template of all resources of all parts; two with one logical id are an error."""
    template = Template(Description=description)
    for part in parts:
        for resource in part:
            template.add_resource(resource)
    return template


def body(template: Template) -> str:
    """The template as CloudFormation gets it: minified, keys sorted, so that equal templates are equal bytes."""
    return json.dumps(template.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def readable(template: Template) -> str:
    """The same for people and for git."""
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

    `trusted` is the statement about who may assume it, `purpose` the name of the policy of what is `allowed`.
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
    """The longest retries that EventBridge has: a late repository is better than a lost event."""
    return events.RetryPolicy(MaximumEventAgeInSeconds=int(RETRY_FOR.total_seconds()), MaximumRetryAttempts=185)


def dead_letters(queue: str) -> events.DeadLetterConfig:
    """The queue, by logical id, that gets undelivered events; a missing permission sends them there without a retry."""
    return events.DeadLetterConfig(Arn=GetAtt(queue, "Arn"))

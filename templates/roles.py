"""How every role is made: a name that others may rely on, one caller, one inline policy, sessions of an hour."""

from __future__ import annotations

from collections.abc import Sequence

from troposphere import iam

from templates.names import Names
from templates.policies import Statement, policy
from templates.tagging import tags


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
    """A role; `trusted` says who may use it, `purpose` is the name of the policy of what is `allowed`."""
    return iam.Role(
        logical_id,
        RoleName=name,
        Description=description,
        AssumeRolePolicyDocument=policy(trusted),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName=purpose, PolicyDocument=policy(*allowed))],
        Tags=tags(names),
    )

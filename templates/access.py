"""StackSet `<prefix>-access`: the two roles of a member account. IAM is global, so it goes to one region only."""

from __future__ import annotations

from troposphere import Template, iam

from templates import policies, trust
from templates.composition import compose
from templates.names import Names
from templates.tagging import tags

DESCRIPTION = "deployer: roles by which the central account creates repositories here and gets events from here"


def template(names: Names, *, uses_kms: bool = False) -> Template:
    """The creator role and the forwarding role; `uses_kms` when some repository is to be encrypted with a KMS key."""
    return compose(DESCRIPTION, [_creator_role(names, uses_kms=uses_kms), _forwarding_role(names)])


def _creator_role(names: Names, *, uses_kms: bool) -> iam.Role:
    statements = [
        policies.create_repositories(),
        policies.finish_created_repositories(),
        policies.look_at_repositories(),
        *(policies.use_keys(names) if uses_kms else ()),
    ]
    return iam.Role(
        "CreatorRole",
        RoleName=names.creator_role,
        Description="Creates repositories for pushes that found none; used by the handler in the central account only",
        AssumeRolePolicyDocument=policies.policy(trust.handler(names)),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="create-repositories", PolicyDocument=policies.policy(*statements))],
        Tags=tags(names),
    )


def _forwarding_role(names: Names) -> iam.Role:
    document = policies.policy(policies.forward_events(names))
    return iam.Role(
        "ForwardingRole",
        RoleName=names.forwarding_role,
        Description="Lets EventBridge put this account's failed pushes on the central event bus",
        AssumeRolePolicyDocument=policies.policy(trust.forwarding_rule(names)),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="forward-events", PolicyDocument=document)],
        Tags=tags(names),
    )

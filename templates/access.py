"""StackSet `<prefix>-access`: the roles of a member account. IAM is global, so it goes to one region only."""

from __future__ import annotations

from troposphere import Template, iam

from templates import audit_policies, policies, trust
from templates.composition import compose
from templates.names import Names
from templates.tagging import tags

DESCRIPTION = "deployer: roles by which the central account creates repositories here and gets events from here"


def template(names: Names, *, uses_kms: bool = False, cleanup: bool = False) -> Template:
    """One role for each thing that is done in a member, so that each may do that alone.

    `uses_kms` when some repository is to be encrypted with a KMS key, `cleanup` when blank ones may be deleted.
    """
    roles = [
        _creator_role(names, uses_kms=uses_kms),
        _forwarding_role(names),
        _auditor_role(names, uses_kms=uses_kms),
        _repairer_role(names),
    ]
    return compose(DESCRIPTION, roles, [_cleaner_role(names)] if cleanup else [])


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


def _auditor_role(names: Names, *, uses_kms: bool) -> iam.Role:
    statements = [audit_policies.audit_repositories(), *([audit_policies.audit_keys(names)] if uses_kms else [])]
    return iam.Role(
        "AuditorRole",
        RoleName=names.auditor_role,
        Description="Compares repositories with the settings that hold for them; changes nothing",
        AssumeRolePolicyDocument=policies.policy(trust.auditors(names)),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="audit-repositories", PolicyDocument=policies.policy(*statements))],
        Tags=tags(names),
    )


def _repairer_role(names: Names) -> iam.Role:
    statements = [policies.look_at_repositories(), audit_policies.repair_repositories(), audit_policies.repair_tags()]
    return iam.Role(
        "RepairerRole",
        RoleName=names.repairer_role,
        Description="Brings repositories of ours back to their settings; used through the operator role only",
        AssumeRolePolicyDocument=policies.policy(trust.operator_role(names)),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="repair-repositories", PolicyDocument=policies.policy(*statements))],
        Tags=tags(names),
    )


def _cleaner_role(names: Names) -> iam.Role:
    statements = [policies.look_at_repositories(), audit_policies.delete_blank_repositories()]
    return iam.Role(
        "CleanerRole",
        RoleName=names.cleaner_role,
        Description="Deletes repositories of ours that no image ever came to; used through the operator role only",
        AssumeRolePolicyDocument=policies.policy(trust.operator_role(names)),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="delete-blank-repositories", PolicyDocument=policies.policy(*statements))],
        Tags=tags(names),
    )

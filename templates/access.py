"""StackSet `<prefix>-access`: the roles of a member account. IAM is global, so it goes to one region only."""

from __future__ import annotations

from troposphere import Template, iam

from templates import audit_policies, policies, trust
from templates.names import Names
from templates.parts import compose, role

DESCRIPTION = "deployer: roles by which the central account creates repositories here and gets events from here"


def template(
    names: Names, *, uses_kms: bool = False, cleanup: bool = False, answers_requests: bool = False
) -> Template:
    """One role for each thing that is done in a member, so that each may do that alone.

    `uses_kms` when some repository is to be encrypted with a KMS key, `cleanup` when blank ones may be deleted,
    `answers_requests` when the handler has a URL.
    """
    roles = [
        _creator_role(names, uses_kms=uses_kms, answers_requests=answers_requests),
        _forwarding_role(names),
        _auditor_role(names, uses_kms=uses_kms),
        _repairer_role(names, uses_kms=uses_kms),
    ]
    return compose(DESCRIPTION, roles, [_cleaner_role(names)] if cleanup else [])


def _creator_role(names: Names, *, uses_kms: bool, answers_requests: bool) -> iam.Role:
    return role(
        "CreatorRole",
        names,
        name=names.creator_role,
        description="Creates repositories for pushes that found none; used by the handler in the central account only",
        trusted=trust.handler(names),
        purpose="create-repositories",
        allowed=[
            policies.create_repositories(),
            policies.finish_created_repositories(),
            policies.look_at_repositories(),
            *([policies.look_up_callers()] if answers_requests else []),
            *(policies.use_keys(names) if uses_kms else ()),
        ],
    )


def _forwarding_role(names: Names) -> iam.Role:
    return role(
        "ForwardingRole",
        names,
        name=names.forwarding_role,
        description="Lets EventBridge put this account's failed pushes on the central event bus",
        trusted=trust.forwarding_rule(names),
        purpose="forward-events",
        allowed=[policies.forward_events(names)],
    )


def _auditor_role(names: Names, *, uses_kms: bool) -> iam.Role:
    return role(
        "AuditorRole",
        names,
        name=names.auditor_role,
        description="Compares repositories with the settings that hold for them; changes nothing",
        trusted=trust.auditors(names),
        purpose="audit-repositories",
        allowed=[audit_policies.audit_repositories(), *([audit_policies.audit_keys(names)] if uses_kms else [])],
    )


def _repairer_role(names: Names, *, uses_kms: bool) -> iam.Role:
    return role(
        "RepairerRole",
        names,
        name=names.repairer_role,
        description="Repairs repositories of ours, and sends probes; used through the operator role only",
        trusted=trust.operator_role(names),
        purpose="repair-repositories",
        allowed=[
            policies.look_at_repositories(),
            audit_policies.repair_repositories(),
            audit_policies.repair_tags(),
            audit_policies.ask_for_probe(names),
            audit_policies.delete_probe(names),
            *([policies.retire_grants(names)] if uses_kms else []),  # of the key that a probe was encrypted with
        ],
    )


def _cleaner_role(names: Names) -> iam.Role:
    return role(
        "CleanerRole",
        names,
        name=names.cleaner_role,
        description="Deletes repositories of ours that no image ever came to; used through the operator role only",
        trusted=trust.operator_role(names),
        purpose="delete-blank-repositories",
        allowed=[
            policies.look_at_repositories(),
            audit_policies.delete_blank_repositories(),
            policies.retire_grants(names),  # whatever settings say today: a repository keeps the key it was made with
        ],
    )

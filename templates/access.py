"""StackSet `<prefix>-access`: the roles of a member account. IAM is global, so it goes to one region only."""

from __future__ import annotations

from troposphere import Template, iam

from templates import audit_policies, policies, trust
from templates.names import Names
from templates.parts import compose, role

DESCRIPTION = "deployer: roles that let the central account create repositories here and receive events from here"
LOSS = "the roles: the handler creates and repairs nothing in the account any more, and audits do not reach it"


def template(
    names: Names,
    *,
    uses_kms: bool = False,
    cleanup: bool = False,
    answers_requests: bool = False,
) -> Template:
    """One role for each task in a member account, with only the permissions for that task.

    `uses_kms` if any settings encrypt repositories with a KMS key, `cleanup` if blank repositories may be deleted,
    `answers_requests` if the handler has a function URL.
    """
    roles = [
        _creator_role(names, uses_kms=uses_kms, answers_requests=answers_requests),
        _forwarding_role(names),
        _auditor_role(names, uses_kms=uses_kms, cleanup=cleanup),
        _repairer_role(names, uses_kms=uses_kms),
    ]
    return compose(DESCRIPTION, roles, [_cleaner_role(names)] if cleanup else [])


def _creator_role(names: Names, *, uses_kms: bool, answers_requests: bool) -> iam.Role:
    return role(
        "CreatorRole",
        names,
        name=names.creator_role,
        description="Creates repositories for pushes to missing ones; only the handler in the central account can "
        "assume it",
        trusted=trust.handler(names),
        purpose="create-repositories",
        allowed=[
            policies.create_repositories(),
            policies.finish_created_repositories(),
            policies.describe_repositories(),
            *([policies.look_up_callers()] if answers_requests else []),
            *(policies.use_keys(names) if uses_kms else ()),
        ],
    )


def _forwarding_role(names: Names) -> iam.Role:
    return role(
        "ForwardingRole",
        names,
        name=names.forwarding_role,
        description="Allows EventBridge to put events of failed pushes in this account on the central event bus",
        trusted=trust.forwarding_rule(names),
        purpose="forward-events",
        allowed=[policies.forward_events(names)],
    )


def _auditor_role(names: Names, *, uses_kms: bool, cleanup: bool) -> iam.Role:
    return role(
        "AuditorRole",
        names,
        name=names.auditor_role,
        description="Compares repositories and deployer's own resources with the config files; read-only",
        trusted=trust.auditors(names),
        purpose="audit-repositories",
        allowed=[
            audit_policies.audit_repositories(),
            audit_policies.audit_registries(),
            audit_policies.audit_stacks(names),
            audit_policies.audit_roles(names, cleanup=cleanup),
            audit_policies.audit_rules(names),
            audit_policies.audit_queues(names),
            *([audit_policies.audit_keys(names)] if uses_kms else []),
        ],
    )


def _repairer_role(names: Names, *, uses_kms: bool) -> iam.Role:
    return role(
        "RepairerRole",
        names,
        name=names.repairer_role,
        description="Repairs repositories that the handler created, and sends probes; only the operator role can "
        "assume it",
        trusted=trust.operator_role(names),
        purpose="repair-repositories",
        allowed=[
            policies.describe_repositories(),
            audit_policies.repair_repositories(),
            audit_policies.repair_tags(),
            audit_policies.restore_ownership_tags(names),
            audit_policies.restore_event_tag(names),
            audit_policies.request_probe_repository(names),
            audit_policies.delete_probe(names),
            *([policies.retire_grants(names)] if uses_kms else []),  # for the key of the probe's repository
        ],
    )


def _cleaner_role(names: Names) -> iam.Role:
    return role(
        "CleanerRole",
        names,
        name=names.cleaner_role,
        description="Deletes repositories that the handler created and that never held an image; only the operator "
        "role can assume it",
        trusted=trust.operator_role(names),
        purpose="delete-blank-repositories",
        allowed=[
            policies.describe_repositories(),
            audit_policies.delete_blank_repositories(),
            policies.retire_grants(names),  # regardless of current settings: a repository keeps its key
        ],
    )

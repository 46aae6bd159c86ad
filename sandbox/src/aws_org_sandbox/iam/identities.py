"""The policies of principals: roles, users, boundaries, sessions, and the organization's SCPs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from moto.iam.models import IAMBackend, Role, iam_backends
from moto.sts.models import sts_backends

from aws_org_sandbox.credentials import PARTITION, Principal
from aws_org_sandbox.iam.evaluation import PolicySet
from aws_org_sandbox.iam.policies import Statements, parse_policies, parse_policy
from aws_org_sandbox.iam.requests import Subject
from aws_org_sandbox.organizations import membership

_ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")


def find_role(role_arn: str) -> Role | None:
    """The role with an ARN, in any account; None if it does not exist, or if its path differs."""
    match = _ROLE_ARN.fullmatch(role_arn)
    if match is None or match["account"] not in iam_backends:
        return None
    roles = iam_backends[match["account"]][PARTITION].roles.values()
    return next((role for role in list(roles) if role.arn == role_arn), None)


def account_of(arn: str) -> str:
    """The account in an ARN; empty if it has none, and for `*`."""
    return arn.split(":", 5)[4] if arn.startswith("arn:") else ""


def subject_of(principal: Principal) -> Subject:
    """The names of a caller in policies: a session has its own ARN and its role's."""
    arns = (principal.arn, principal.role_arn) if principal.role_arn else (principal.arn,)
    return Subject(arns=arns, account=principal.account)


def role_subject(role_arn: str, *, session_name: str) -> Subject:
    """A session of a role that a service uses."""
    account, name = account_of(role_arn), role_arn.rsplit("/", 1)[-1]
    return Subject(
        arns=(f"arn:{PARTITION}:sts::{account}:assumed-role/{name}/{session_name}", role_arn), account=account
    )


def principal_policies(principal: Principal) -> PolicySet:
    """All policies that apply to a caller, except the policy of the resource."""
    if principal.role_arn:
        return role_policies(principal.role_arn, session=_session_policy(principal))
    identity = None if principal.unrestricted else _user_statements(principal)
    return PolicySet(identity=identity, scps=service_control_policies(principal.account))


def role_policies(role_arn: str, *, session: Statements | None = None) -> PolicySet:
    """All policies that apply to a role's sessions. A deleted role has no policies."""
    role = find_role(role_arn)
    is_service_linked = ":role/aws-service-role/" in role_arn  # no SCP applies to these
    scps = () if is_service_linked else service_control_policies(account_of(role_arn))
    if role is None:
        return PolicySet(identity=(), session=session, scps=scps)
    return PolicySet(
        identity=parse_policies([*role.policies.values(), *map(_document, list(role.managed_policies.values()))]),
        boundary=_boundary(role),
        session=session,
        scps=scps,
    )


def service_control_policies(account: str) -> Sequence[Statements]:
    """One set of statements for each level above an account; none for the management account."""
    return [parse_policies(documents) for documents in membership.scps_for(account)]


def _boundary(role: Role) -> Statements | None:
    if not role.permissions_boundary_arn:
        return None
    policies = _iam(role.account_id).managed_policies
    boundary = policies.get(role.permissions_boundary_arn)
    return parse_policy(_document(boundary)) if boundary else ()


def _session_policy(principal: Principal) -> Statements | None:
    session = sts_backends[principal.account][PARTITION].get_assumed_role_from_access_key(principal.access_key_id)
    return parse_policy(session.policy) if session and session.policy else None


def _user_statements(principal: Principal) -> Statements:
    user: Any = _iam(principal.account).get_user(principal.user_name or "")
    groups: list[Any] = [
        group
        for group in list(_iam(principal.account).groups.values())
        if any(member.name == user.name for member in group.users)
    ]
    documents = [document for holder in (user, *groups) for document in list(holder.policies.values())]
    attached = [_document(policy) for holder in (user, *groups) for policy in list(holder.managed_policies.values())]
    return parse_policies([*documents, *attached])


def _document(policy: Any) -> str:
    return str(next(version.document for version in policy.versions if version.is_default))


def _iam(account: str) -> IAMBackend:
    backend: IAMBackend = iam_backends[account][PARTITION]
    return backend

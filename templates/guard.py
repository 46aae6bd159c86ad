"""Policies of the organization against pushers who must not create repositories in an OU with `engine: native`. Pure.

ECR creates a repository for every caller that may push (https://github.com/aws/containers-roadmap/issues/853). Whether
a caller may push is evaluated first (assumption A28), so denying the push prevents the creation. No condition key shows
whether a repository exists: pushes to existing ones are denied, too. ECR is one of the services to which resource
control policies apply (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from handler.events import PUSH_CALLS
from handler.globs import first_arn_match
from handler.settings import PrincipalRules
from templates.creation_templates import ROOT
from templates.names import Names
from templates.policy_documents import Policy, Statement, policy

Conditions = dict[str, dict[str, str | list[str]]]

LARGEST: int = 5_120
"""Characters of a service control policy, and of a resource control policy.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""
NO_ACCOUNT = "000000000000"
"""Stands for every account of the OU."""
_ARN_PARTS = 6
_PRINCIPAL = "aws:PrincipalArn"
_SESSIONS = ":assumed-role/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The policies for one OU; None for one that would deny nothing."""

    resource_control_policy: Policy | None
    """For the OU itself: it applies to every caller of its registries, from any account."""
    service_control_policy: Policy | None
    """For the root: it applies to callers of the organization's member accounts, if they push to this OU."""
    also_refused: tuple[str, ...] = field(default=())
    """What else they deny, in sentences."""
    not_refused: tuple[str, ...] = field(default=())
    """What the settings refuse and the policies cannot."""


def guard(principals: PrincipalRules, *, prefixes: Iterable[str], ou_path: str, names: Names) -> Guard:
    """The policies for an OU with these rules on principals and creation templates.

    `ou_path` is the OU as `aws:ResourceOrgPaths` has it: `o-…/r-…/ou-…/`.
    """
    prefixes = frozenset(prefixes)
    resources = _repositories(prefixes, partition=names.partition)
    of_principals = list(_other_principals(principals))
    outside = [] if principals.outside_organization else [("OutsideOrganization", _outside(names))]
    to_ou: Conditions = {"ForAnyValue:StringLike": {"aws:ResourceOrgPaths": f"{ou_path}*"}}
    return Guard(
        resource_control_policy=_policy(
            _push(sid, resources, condition | _NO_SERVICE) | {"Principal": "*"}
            for sid, condition in [*outside, *of_principals]
        ),
        service_control_policy=_policy(_push(sid, resources, condition | to_ou) for sid, condition in of_principals),
        also_refused=tuple(_also_refused(principals, names, prefixes)) if outside or of_principals else (),
        not_refused=tuple(_not_refused(principals)),
    )


_NO_SERVICE: Conditions = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}


def _repositories(prefixes: Iterable[str], *, partition: str) -> list[str]:
    """Those that the templates cover, in every account and region."""
    known = sorted(set(prefixes))
    widest = [one for one in known if not any(one.startswith(f"{other}/") for other in known)]
    paths = ["*"] if ROOT in known else [f"{prefix}/*" for prefix in widest]
    return [f"arn:{partition}:ecr:*:*:repository/{path}" for path in paths]


def _push(sid: str, resources: Sequence[str], condition: Conditions) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Action": [f"ecr:{call}" for call in sorted(PUSH_CALLS)],
        "Resource": list(resources),
        "Condition": condition,
    }


def _policy(statements: Iterable[Statement]) -> Policy | None:
    found = list(statements)
    return policy(*found) if found else None


def _outside(names: Names) -> Conditions:
    return {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": names.organization_id}}


def _other_principals(rules: PrincipalRules) -> Iterator[tuple[str, Conditions]]:
    """Who is not allowed, and who is denied; ARNs match as in IAM, shorter globs as text."""
    if "*" not in rules.allow:
        arns, texts = _split(_roles_and_users(rules.allow))
        conditions = {"ArnNotLike": arns, "StringNotLike": texts}
        yield "OtherPrincipals", {operator: {_PRINCIPAL: globs} for operator, globs in conditions.items() if globs}
    arns, texts = _split(_roles_and_users(rules.deny))
    if arns:
        yield "DeniedPrincipals", {"ArnLike": {_PRINCIPAL: arns}}
    if texts:
        yield "DeniedNames", {"StringLike": {_PRINCIPAL: texts}}


def _split(globs: Sequence[str]) -> tuple[list[str], list[str]]:
    arns = [glob for glob in globs if len(glob.split(":", _ARN_PARTS - 1)) == _ARN_PARTS]
    return [*map(_literal, arns)], [_literal(glob) for glob in globs if glob not in arns]


def _literal(glob: str) -> str:
    """A glob as IAM reads it: only `*` is special, and neither `?` nor a policy variable.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
    """
    return re.sub(r"[$?]", lambda found: f"${{{found[0]}}}", glob)


def _roles_and_users(globs: Iterable[str]) -> list[str]:
    return [glob for glob in globs if _SESSIONS not in glob]


def _matches_no_role(glob: str) -> bool:
    """Whether a glob is over ARNs of STS: of sessions, and of federated users, which the policies see."""
    service = [*glob.split(":", 3), "*", "*", "*"][2] if glob.startswith("arn:") else "*"
    is_federated = ":federated-user/" in glob
    return _SESSIONS in glob or not (is_federated or fnmatchcase("iam", service))


def _also_refused(rules: PrincipalRules, names: Names, prefixes: frozenset[str]) -> Iterator[str]:
    yield "Pushes of the same callers to repositories that exist, even if the repository's policy allows them."
    yield (
        "`deployer ensure` and `deployer push` of the same callers: they are answered that access is denied, and the "
        "ledger has no record of it, because no repository is reported as missing."
    )
    sessions = [glob for glob in rules.allow if _matches_no_role(glob)]
    if "*" not in rules.allow and sessions:
        yield (
            f"Callers that only {', '.join(sessions)} allows: these policies see roles, not their sessions. "
            "Allow the role."
        )
    sender = names.role_arn(NO_ACCOUNT, names.repairer_role)
    if ROOT in prefixes and not first_arn_match(rules.allow, [sender]):
        role = names.repairer_role
        yield f"`deployer doctor --probe` in this OU, unless create.principals.allow has the role {role}."


def _not_refused(rules: PrincipalRules) -> Iterator[str]:
    yield (
        "Callers of the management account are subject to no service control policy, and its registries to no "
        "resource control policy; service-linked roles are subject to neither."
    )
    if sessions := [glob for glob in rules.deny if _matches_no_role(glob)]:
        yield f"Sessions that {', '.join(sessions)} denies: these policies see roles, not their sessions."


def sizes(found: Guard) -> Mapping[str, int]:
    """The characters of each policy, without the white space that AWS does not count."""
    documents = {
        "resource control policy": found.resource_control_policy,
        "service control policy": found.service_control_policy,
    }
    return {kind: len(json.dumps(one, separators=(",", ":"))) for kind, one in documents.items() if one}

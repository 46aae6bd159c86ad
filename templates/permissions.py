"""Permissions with the reasons for them, and the policy that allows several.

CloudFormation deploys with the permissions of its caller. These are allowed only for calls that CloudFormation makes on
the caller's behalf, and merged, since a policy has a largest size.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from templates.policy_documents import Conditions, Policy, Statement, policy

VIA_CLOUDFORMATION = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}

LARGEST_POLICY = 10_240
"""Characters of all inline policies of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

BY_CLOUDFORMATION = "ByCloudFormation"
"""The Sid of merged statements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One statement, and why a command needs it."""

    sid: str
    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    condition: Conditions | None = None

    @property
    def services(self) -> frozenset[str]:
        """Prefixes of its actions, which are the services of its resources too."""
        return frozenset(action.partition(":")[0] for action in self.actions)

    def statement(self) -> Statement:
        """The statement in IAM's format."""
        document: Statement = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.condition:
            document["Condition"] = self.condition
        return document


def policy_of(needed: Sequence[Permission]) -> Policy:
    """The document that allows these; what is needed repeatedly is in it once, and each Sid is unique."""
    statements: list[Statement] = []
    used: Counter[str] = Counter()
    for one in _merged([one for at, one in enumerate(needed) if one not in needed[:at]]):
        used[one.sid] += 1
        number = used[one.sid]
        statements.append((replace(one, sid=f"{one.sid}{number}") if number > 1 else one).statement())
    return policy(*statements)


def size_of(policy: Policy) -> int:
    """Its characters as IAM counts them, without white space."""
    return len(json.dumps(policy, separators=(",", ":")))


def _merged(needed: Sequence[Permission]) -> Sequence[Permission]:
    """The same with fewer statements: of what only CloudFormation may use, each has resources of several services.

    Their condition alone takes 70 characters of `LARGEST_POLICY`.
    """
    merged: list[Permission] = []
    for one in needed:
        into = next((at for at, other in enumerate(merged) if _may_merge(one, other)), None)
        if into is None:
            sid = BY_CLOUDFORMATION if one.condition == VIA_CLOUDFORMATION else one.sid
            merged.append(replace(one, sid=sid))
        else:
            actions = dict.fromkeys((*merged[into].actions, *one.actions))
            resources = dict.fromkeys((*merged[into].resources, *one.resources))
            merged[into] = replace(merged[into], actions=tuple(actions), resources=tuple(resources))
    return merged


def _may_merge(one: Permission, other: Permission) -> bool:
    """Whether one statement for both allows nothing more.

    No action applies to a resource of another service, so either the services differ, or the resources are the same.
    """
    if one.condition != VIA_CLOUDFORMATION or other.condition != VIA_CLOUDFORMATION:
        return False
    return one.resources == other.resources or (
        one.services.isdisjoint(other.services) and "*" not in (*one.resources, *other.resources)
    )

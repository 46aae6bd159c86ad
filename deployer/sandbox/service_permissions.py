"""May a service do this on somebody's behalf? The questions that EventBridge and Lambda put to IAM before they act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployer.sandbox.calls import Call

Policy = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is to be done to which resource; `context` are condition keys beyond those that IAM knows itself."""

    action: str
    resource: str
    region: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service that acts for one resource of an account, such as EventBridge for a rule."""

    principal: str
    source_arn: str
    source_account: str


def may_assume(service: Service, role_arn: str) -> bool:
    """Whether a role exists and its trust policy lets the service in."""
    return True


def refusal(role_arn: str, access: Access, *, resource_policy: Policy | None = None) -> str | None:
    """Why a session of a role is denied access, in AWS's words; None when it has it."""
    return None


def service_admitted(service: Service, access: Access, policy: Policy | None) -> bool:
    """Whether a resource's policy lets a service in."""
    return policy is not None


def caller_admitted(call: Call, access: Access, policy: Policy | None) -> bool:
    """Whether a resource's policy lets the caller of another account in."""
    return policy is not None

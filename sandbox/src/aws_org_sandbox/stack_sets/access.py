"""Access to service-managed StackSets: CallAs, checked on every call, and trusted access with Organizations.

StackSets belong to the management account, whoever creates them. Without CallAs, a delegated administrator manages
its own self-managed StackSets, and finds none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_org_sandbox import iam, seams
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.iam.actions import ANY, Need
from aws_org_sandbox.organizations import membership
from aws_org_sandbox.organizations.accounts import STACK_SETS_PRINCIPAL, backend_of

NOT_DELEGATED = "Account used is not a delegated administrator"
NOT_ENTITLED = (
    "You must be the management account or delegated admin account of an organization before operating a "
    "SERVICE_MANAGED stack set"
)
NO_TRUSTED_ACCESS = "You must enable organizations access to operate a service managed stack set"


_LIST_DELEGATES = Need(action="organizations:ListDelegatedAdministrators", resource=ANY)


def administered(call: Call) -> str | None:
    """The management account whose StackSets the caller acts on; None for self-managed ones.

    Refuses DELEGATED_ADMIN from any other account, including the management account, and from a caller that may not
    list the delegated administrators: StackSets list them with the caller's permissions, and answer both alike
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html).
    """
    management = membership.management_account_of(call.account)
    call_as = call.parameters.get("CallAs") or "SELF"
    if call_as == "DELEGATED_ADMIN":
        if management is None or management == call.account or not _is_proven_delegate(call):
            raise Refused("ValidationError", NOT_DELEGATED)
        return management
    if call_as != "SELF":
        raise Refused(
            "ValidationError", f"Value '{call_as}' at 'callAs' failed to satisfy constraint: [SELF, DELEGATED_ADMIN]"
        )
    return call.account if management == call.account else None


def operated(call: Call) -> str:
    """The management account whose service-managed StackSets the caller may change; refuses all others."""
    management = administered(call)
    if management is None:
        raise Refused("ValidationError", NOT_ENTITLED)
    if not has_trusted_access(management):
        raise Refused("ValidationError", NO_TRUSTED_ACCESS)
    return management


def has_trusted_access(management_account: str) -> bool:
    """Whether StackSets may act in the organization's accounts."""
    services = backend_of(management_account).services
    return any(service["ServicePrincipal"] == STACK_SETS_PRINCIPAL for service in services)


@seams.answers("cloudformation", "DescribeOrganizationsAccess")
def describe_organizations_access(call: Call) -> Mapping[str, Any]:
    """ENABLED or DISABLED, for the management account and delegated administrators."""
    management = administered(call)
    if management is None:
        raise Refused("InvalidOperationException", NOT_ENTITLED)
    return {"Status": "ENABLED" if has_trusted_access(management) else "DISABLED"}


@seams.answers("cloudformation", "ActivateOrganizationsAccess")
def activate_organizations_access(call: Call) -> Mapping[str, Any]:
    """Give StackSets trusted access; the management account only."""
    backend_of(_management(call)).enable_aws_service_access(ServicePrincipal=STACK_SETS_PRINCIPAL)
    return {}


@seams.answers("cloudformation", "DeactivateOrganizationsAccess")
def deactivate_organizations_access(call: Call) -> Mapping[str, Any]:
    """Remove trusted access; deployed stacks stay."""
    backend_of(_management(call)).disable_aws_service_access(ServicePrincipal=STACK_SETS_PRINCIPAL)
    return {}


def _management(call: Call) -> str:
    if membership.management_account_of(call.account) != call.account:
        message = "Only the management account of an organization can change organizations access"
        raise Refused("InvalidOperationException", message)
    return call.account


def _is_proven_delegate(call: Call) -> bool:
    """Whether the caller's account is a delegated administrator, and the caller has permission to list them."""
    is_delegated = membership.is_delegated(call.account, service=STACK_SETS_PRINCIPAL)
    return is_delegated and iam.allowed(call, _LIST_DELEGATES)

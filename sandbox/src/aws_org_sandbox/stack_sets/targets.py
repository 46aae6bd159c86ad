"""Resolves DeploymentTargets: the accounts of an operation, each with its OU. Pure.

The rules are those of https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeploymentTargets.html; the
wording of errors is AWS's if it is known (aws/aws-cli#8248, aws-cloudformation-resource-providers #100).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aws_org_sandbox.calls import Refused
from aws_org_sandbox.organization import Organization
from aws_org_sandbox.stack_sets.model import Action

Filter = Literal["NONE", "INTERSECTION", "DIFFERENCE", "UNION"]

MAX_OUS = 50
_OU = re.compile(r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The validated deployment targets of a request."""

    ous: tuple[str, ...]
    accounts: tuple[str, ...]
    filter: Filter

    @property
    def is_whole(self) -> bool:
        """Whether the request targets every account of its OUs."""
        return self.filter in {"NONE", "UNION"}


def parse_targets(parameters: Mapping[str, Any], action: Action) -> Targets:
    """The targets of a request; refuses invalid targets before the organization is read."""
    if parameters.get("Accounts"):
        raise _invalid("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
    request: Mapping[str, Any] = parameters.get("DeploymentTargets") or {}
    if request.get("AccountsUrl"):
        raise _invalid("The sandbox does not support AccountsUrl; use Accounts.")
    ous, accounts = tuple(request.get("OrganizationalUnitIds") or ()), tuple(request.get("Accounts") or ())
    if not ous and (action != "UPDATE" or not accounts):
        raise _invalid("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
    if len(ous) > MAX_OUS:
        raise _invalid(f"The number of organizational units must be at most {MAX_OUS}, and is {len(ous)}.")
    _check_form(ous, _OU, "organizationalUnitIds")
    _check_form(accounts, _ACCOUNT, "accounts")
    return Targets(
        ous=ous, accounts=accounts, filter=_filter(request.get("AccountFilterType"), accounts, action=action)
    )


def resolve(targets: Targets, organization: Organization) -> dict[str, str]:
    """The targeted accounts, each with the nearest of the requested OUs that contain it.

    Child OUs are included to any depth. The management account is never among them; suspended accounts are, since
    it is the operation that skips them. OUs may lie within each other.
    """
    for ou in targets.ous:
        if ou not in organization.ous:
            raise _invalid(f"Organizational unit {ou} does not exist in the organization")
    below = {
        account.id: nearest(ou_ids=targets.ous, chain=organization.account_chain(account.id))
        for account in organization.accounts.values()
        if account.id != organization.management_account_id
    }
    inside = {account: ou for account, ou in below.items() if ou is not None}
    named = set(targets.accounts)
    if targets.filter == "INTERSECTION":
        return {account: ou for account, ou in inside.items() if account in named}
    if targets.filter == "DIFFERENCE":
        return {account: ou for account, ou in inside.items() if account not in named}
    if targets.filter == "UNION":
        return inside | {id_: organization.accounts[id_].parent_id for id_ in named & below.keys() - inside.keys()}
    return inside


def check_intersection(targets: Targets, accounts: Mapping[str, str], organization: Organization) -> None:
    """Refuse undocumented uses of named accounts: nested OUs (assumption A2), and accounts in none of the OUs."""
    for ou in targets.ous:
        if above := set(organization.chain(ou)[:-1]) & set(targets.ous):
            raise _invalid(f"AWS does not document the result for {ou}, which is below {above.pop()}.")
    if outside := sorted(set(targets.accounts) - accounts.keys()):
        raise _invalid(f"AWS does not document the result for {outside[0]}, which is in none of the OUs.")


def nearest(*, ou_ids: Iterable[str], chain: Iterable[str]) -> str | None:
    """The last OU of a chain, from the root down, that is one of `ou_ids`."""
    desired = set(ou_ids)
    found = [ou for ou in chain if ou in desired]
    return found[-1] if found else None


def _filter(request: str | None, accounts: tuple[str, ...], *, action: Action) -> Filter:
    if request is None:
        if accounts and action == "CREATE":
            raise _invalid(
                "AccountFilterType should be specified when both OrganizationalUnitIds and Accounts are provided"
            )
        return "UNION" if accounts else "NONE"
    if request == "UNION":
        if action == "CREATE":
            raise _invalid("AccountFilterType UNION is not supported for CreateStackInstances operations")
        return "UNION"
    if request == "NONE":
        if accounts:
            raise _invalid("Accounts cannot be specified with AccountFilterType NONE")
        return "NONE"
    if request not in {"INTERSECTION", "DIFFERENCE"}:
        raise _invalid(f"Value '{request}' at 'deploymentTargets.accountFilterType' failed to satisfy constraint")
    if not accounts:
        raise _invalid(f"Accounts must be specified with AccountFilterType {request}")
    return "INTERSECTION" if request == "INTERSECTION" else "DIFFERENCE"


def _check_form(values: tuple[str, ...], pattern: re.Pattern[str], member: str) -> None:
    for value in values:
        if not pattern.fullmatch(value):
            raise _invalid(
                f"1 validation error detected: Value '[{value}]' at 'deploymentTargets.{member}' failed to satisfy "
                f"constraint: Member must satisfy regular expression pattern: {pattern.pattern}"
            )


def _invalid(message: str) -> Refused:
    return Refused("ValidationError", message)

"""Accounts that a roll-out skips, and why. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from deployer.organization import Account
from deployer.targets import Coverage, Scope

MANAGEMENT = "management account: no target of StackSets; run deployer with its credentials to cover it too"
REGION_OFF = "region not enabled"
OU_OFF = "not enabled for this OU"
ACCOUNT_OFF = "not enabled for this account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Accounts of one OU that are skipped for one reason."""

    ou_id: str
    reason: str
    accounts: tuple[str, ...]


def skips(coverage: Coverage, scope: Scope, *, management_is_caller: bool) -> tuple[Skip, ...]:
    """Every account in scope for which no instance is desired, by OU and reason."""
    organization = coverage.organization
    scoped = coverage.within(scope)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account in sorted(organization.accounts.values(), key=lambda one: one.id):
        if not scope.has_account(organization, account.id):
            continue
        for reason in _reasons(coverage, scoped, account, management_is_caller=management_is_caller):
            found[account.parent_id, reason].append(account.id)
    return tuple(
        Skip(ou_id=ou_id, reason=reason, accounts=tuple(accounts))
        for (ou_id, reason), accounts in sorted(
            found.items(), key=lambda one: (organization.path(one[0][0]), one[0][1])
        )
    )


def _reasons(coverage: Coverage, scoped: Coverage, account: Account, *, management_is_caller: bool) -> Iterator[str]:
    """None if something is desired; `scoped` is the coverage in the scope's regions."""
    if not account.is_active:
        yield account.state.lower().replace("_", " ")
    elif account.id == coverage.organization.management_account_id:
        if not scoped.accounts.get(account.id):
            yield f"management account: {_off(coverage, account)}"
        elif not management_is_caller:
            yield MANAGEMENT
    elif not scoped.regions_of(account):
        yield _off(coverage, account)


def _off(coverage: Coverage, account: Account) -> str:
    if elsewhere := coverage.accounts.get(account.id):
        return f"{REGION_OFF}, only {', '.join(sorted(elsewhere))}"
    return ACCOUNT_OFF if coverage.ous.get(account.parent_id) else OU_OFF

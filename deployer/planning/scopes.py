"""Resolves the options --org, --ou, --account and --region in an organization. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from deployer.errors import NotFoundError
from deployer.organization import Organization
from deployer.settings.explaining import find_ou
from deployer.settings.matching import near_paths
from deployer.targets import Scope


def find_scope(
    organization: Organization,
    *,
    ous: Sequence[str],
    accounts: Sequence[str],
    regions: Iterable[str],
    known_regions: Collection[str] | None = None,
) -> Scope:
    """The scope; without OUs and accounts it is the whole organization. Raises NotFoundError for what does not exist.

    Regions are not checked if it is not known which exist.
    """
    named = frozenset(region if known_regions is None else _find_region(known_regions, region) for region in regions)
    if not ous and not accounts:
        found = frozenset({organization.root.id})
    else:
        found = frozenset(_find_ou(organization, ou) for ou in ous)
    return Scope(
        ou_ids=found,
        account_ids=frozenset(_find_account(organization, account) for account in accounts),
        regions=named or None,
    )


def _find_region(known: Collection[str], requested: str) -> str:
    if requested in known:
        return requested
    near = get_close_matches(requested, known, n=1)
    raise NotFoundError(
        f"Region {requested} does not exist or is not enabled in the central account",
        next_step=f"Did you mean {near[0]}?" if near else "Enable it there (Account settings), or pass another region.",
    )


def _find_account(organization: Organization, requested: str) -> str:
    if requested in organization.accounts:
        return requested
    named = organization.accounts_named(requested)
    if len(named) == 1:
        return named[0]
    raise NotFoundError(
        f"Account {requested} does not exist in organization {organization.id}",
        next_step=f"Several accounts have that name: {', '.join(named)}." if named else _hint(organization, requested),
    )


def _find_ou(organization: Organization, requested: str) -> str:
    try:
        return find_ou(organization, requested)
    except NotFoundError as error:
        if requested in organization.accounts or organization.accounts_named(requested):
            raise NotFoundError(error.message, next_step=f"It is an account: pass --account {requested}.") from error
        raise


def _hint(organization: Organization, requested: str) -> str:
    """Suggestions for a misspelled name of an account."""
    if requested in organization.ous or organization.ous_at(requested.strip("/")):
        return f"It is an OU: pass --ou {requested}."
    near = near_paths(requested, (account.name for account in organization.accounts.values()))
    return f"Did you mean {' or '.join(near)}?" if near else "Pass its id of 12 digits, or its name."

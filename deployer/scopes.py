"""What the options --org, --ou, --account and --region mean in an organization. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from deployer.errors import NotFoundError
from deployer.organization import Organization
from deployer.targets import Scope


def find_scope(
    organization: Organization, *, ous: Sequence[str], accounts: Sequence[str], regions: Iterable[str]
) -> Scope:
    """The scope; without OUs and accounts it is the whole organization. Raises NotFoundError for what is not in it."""
    named = frozenset(regions)
    if not ous and not accounts:
        found = frozenset({organization.root.id})
    else:
        found = frozenset(_find_ou(organization, ou) for ou in ous)
    return Scope(
        ou_ids=found,
        account_ids=frozenset(_find_account(organization, account) for account in accounts),
        regions=named or None,
    )


def _find_ou(organization: Organization, wanted: str) -> str:
    if wanted in organization.ous:
        return wanted
    paths = {organization.path(ou_id): ou_id for ou_id in organization.ous}
    if (path := wanted.strip("/")) in paths:
        return paths[path]
    near = get_close_matches(path, paths, n=1)
    raise NotFoundError(
        f"There is no OU {wanted} in organization {organization.id}",
        next_step=f"Did you mean {near[0]}?" if near else "`deployer organization show` lists the OUs.",
    )


def _find_account(organization: Organization, wanted: str) -> str:
    if wanted in organization.accounts:
        return wanted
    named = [account.id for account in organization.accounts.values() if account.name == wanted]
    if len(named) == 1:
        return named[0]
    raise NotFoundError(
        f"There is no account {wanted} in organization {organization.id}",
        next_step=f"Several accounts have that name: {', '.join(named)}." if named else "Give its 12 digits or name.",
    )

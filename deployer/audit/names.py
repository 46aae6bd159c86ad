"""Translates names of accounts and OUs to those in the records. Pure; the organization is read only if needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from deployer.errors import NotFoundError
from deployer.organization import Organization, normalized
from deployer.settings.explaining import find, find_ou
from deployer.settings.limits import ACCOUNT_ID, OU_ID


def account_ids(given: Iterable[str], organization: Callable[[], Organization]) -> tuple[str, ...]:
    """Ids of accounts given by id or name; the account of an id may have left the organization."""
    return tuple(one if ACCOUNT_ID.fullmatch(one) else _account_id(one, organization()) for one in given)


def ou_paths(given: Iterable[str], organization: Callable[[], Organization]) -> tuple[str, ...]:
    """Normalized paths of OUs given by path or id; a path need not exist today: the records keep earlier ones."""
    return tuple(_ou_path(one, organization()) if OU_ID.fullmatch(one) else normalized(one.strip("/")) for one in given)


def departed_ous(paths: Iterable[str], organization: Organization) -> Iterator[str]:
    """A sentence for each path that no OU has today: it may be an earlier one, or a typo."""
    known = list(organization.ous_by_path)
    for path in paths:
        if path not in known:
            near = get_close_matches(path, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else "`deployer organization show` lists the OUs."
            yield f"No OU has the path {path} today. {hint}"


def _account_id(name: str, organization: Organization) -> str:
    account_id, _ = find(organization, name)
    if account_id is None:
        raise NotFoundError(f"{name} is an OU, not an account", next_step=f"Pass `--ou {name}`.")
    return account_id


def _ou_path(id_: str, organization: Organization) -> str:
    return normalized(organization.path(find_ou(organization, id_)))

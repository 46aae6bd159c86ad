"""Words for counts, accounts and OUs: ids never stand alone, accounts have their name beside them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deployer.organization import Organization

SHOWN = 12
"""How many accounts or OUs are named before the rest is counted."""

NAMED = 3
"""How many OUs are named of those that are too many."""


def counted(number: int, one: str, many: str = "") -> str:
    """`1 account`, `2 accounts`; `many` is for what does not end in an `s` then."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def size_text(size: int) -> str:
    """`12 bytes`, `3.4 MB`, `1.2 TB`: in powers of ten, as AWS's prices count."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= 0.9995 * factor:
            return f"{size / factor:,.{1 if size < 99.95 * factor else 0}f} {unit}"
    return counted(size, "byte")


def printable(text: str) -> str:
    """Line breaks and other control characters as escapes: names that others chose must not control a terminal."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def account_name(organization: Organization, account_id: str) -> str:
    """`shop-prod (300000000001)`; the id alone for an account that left the organization."""
    account = organization.accounts.get(account_id)
    return f"{account.name} ({account_id})" if account else account_id


def account_path(organization: Organization, account_id: str) -> str:
    """The path of the OU that the account is in."""
    account = organization.accounts.get(account_id)
    return organization.path(account.parent_id) if account else "left the organization"


def account_names(organization: Organization, account_ids: Iterable[str]) -> str:
    """The first few by name, the rest as a number."""
    return listed(account_name(organization, account_id) for account_id in account_ids)


def ou_paths(organization: Organization, ou_ids: Iterable[str]) -> str:
    """By path, sorted; of many only the first few, and the rest as a number."""
    return some_ous(sorted(organization.path(ou_id) for ou_id in ou_ids))


def some_ous(paths: Sequence[str], *, shown: int = SHOWN) -> str:
    """All if they are at most `shown`; else fewer, because paths are long, and the rest as a number."""
    if len(paths) <= shown:
        return ", ".join(paths)
    return f"{', '.join(paths[:NAMED])} and {counted(len(paths) - NAMED, 'more OU')}"


def listed(names: Iterable[str]) -> str:
    """The first few, the rest as a number."""
    all_ = list(names)
    return ", ".join(all_[:SHOWN]) + (f" and {len(all_) - SHOWN:,} more" if len(all_) > SHOWN else "")

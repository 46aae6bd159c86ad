"""Lines of text with a tone, how they are wrapped to a width, and words for accounts and OUs. Pure; nothing prints.

Ids never stand alone: accounts have their name beside them, OUs are told by their path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from deployer.organization import Organization

Tone = Literal["", "heading", "add", "change", "remove", "bad", "quiet"]

WIDTH = 80
_SHOWN = 12
"""How many accounts or OUs are named before the rest is counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is shown."""

    text: str
    tone: Tone = ""


def wrapped(text: str, *, indent: int, tone: Tone = "", width: int = WIDTH) -> list[Line]:
    """Text broken at blanks; further lines are indented by two more."""
    pieces = wrap(
        text,
        width=width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(piece, tone) for piece in pieces]


def counted(number: int, noun: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"


def account_name(organization: Organization, account_id: str) -> str:
    """`shop-prod (300000000001)`; the id alone for an account that left."""
    account = organization.accounts.get(account_id)
    return f"{account.name} ({account_id})" if account else account_id


def account_path(organization: Organization, account_id: str) -> str:
    """The path of the OU that the account is in."""
    account = organization.accounts.get(account_id)
    return organization.path(account.parent_id) if account else "left the organization"


def account_names(organization: Organization, account_ids: Iterable[str]) -> str:
    """The first few by name, the rest as a number."""
    ids = list(account_ids)
    names = [account_name(organization, account_id) for account_id in ids[:_SHOWN]]
    return ", ".join(names) + (f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else "")


def ou_paths(organization: Organization, ou_ids: Iterable[str]) -> str:
    """The first few by path, the rest as a number."""
    paths = sorted(organization.path(ou_id) for ou_id in ou_ids)
    return ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else "")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[Line]:
    """Columns as wide as their widest cell, two blanks apart."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [Line(lines[0], "heading"), *(Line(line) for line in lines[1:])]

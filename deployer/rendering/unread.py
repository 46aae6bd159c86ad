"""What an inspection could not read, as text. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from deployer.organization import Organization
from deployer.rendering.text import Line, wrapped
from deployer.stack_sets import InstanceKey
from deployer.words import account_names


def unread_lines(unread: Mapping[InstanceKey, str], organization: Organization) -> list[Line]:
    """Accounts and regions whose resources an inspection could not read, by reason."""
    accounts: dict[str, set[str]] = defaultdict(set)
    for key, reason in unread.items():
        accounts[reason].add(key.account)
    lines = [Line(""), Line("Not read", "heading")] if accounts else []
    for reason, some in sorted(accounts.items()):
        lines += wrapped(f"{account_names(organization, sorted(some))}: {reason}", indent=2, tone="bad")
    return lines

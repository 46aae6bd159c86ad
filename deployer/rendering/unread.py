"""What an inspection could not read, and what a person has to remove before a repair, as text. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping

from deployer.organization import Organization
from deployer.rendering.text import Line, command_lines, wrapped
from deployer.stack_sets import InstanceKey
from deployer.words import account_name, account_names
from handler.inspection import Damage

TO_REMOVE = "To remove manually"
"""Title of `removal_lines`."""
BLOCKED = (
    "A roll-out removes nothing that others own, and AWS deletes no role and no rule to which something was added. If"
    " nobody needs it, run these commands with administrator credentials of the account, then"
    " `deployer rollout --org --deep`:"
)


def unread_lines(unread: Mapping[InstanceKey, str], organization: Organization) -> list[Line]:
    """Accounts and regions whose resources an inspection could not read, by reason."""
    accounts: dict[str, set[str]] = defaultdict(set)
    for key, reason in unread.items():
        accounts[reason].add(key.account)
    lines = [Line(""), Line("Not read", "heading")] if accounts else []
    for reason, some in sorted(accounts.items()):
        lines += wrapped(f"{account_names(organization, sorted(some))}: {reason}", indent=2, tone="bad")
    return lines


def removal_lines(blocked: Iterable[tuple[InstanceKey, Damage]], organization: Organization) -> list[Line]:
    """What somebody added in each account and region, and the commands that remove it, to paste into a shell."""
    lines: list[Line] = []
    for key, damage in blocked:
        lines += wrapped(f"{account_name(organization, key.account)} in {key.region}", indent=2, tone="bad")
        for one in damage.additions:
            lines += [*wrapped(one.text, indent=4), *command_lines(shlex.split(one.command), indent=4)]
        for text in damage.problems:
            lines += wrapped(f"not repaired before that: {text}", indent=4)
    return [*wrapped(BLOCKED, indent=2), *lines] if lines else []

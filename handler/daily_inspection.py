"""The watch's inspection: in each run it compares the resources of some accounts with their templates.

Accounts are divided into `SLICES` by a digest of their ids, and the hours since 1970 determine the slice of a run. So
every account has its turn once in `SLICES` hours, without any state, also if accounts join or leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from handler import log
from handler.inspection import Accounts, Damage, Found, Inspected, inspect
from handler.stack_instances import StackSets
from handler.text import clean

SLICES = 22
"""Runs, one an hour, in which every account is inspected. Fewer than 24, so that an alarm that covers `SLICES` and one
hours, of the day that CloudWatch allows at most, stays on until the next inspection of the same account."""
AT_ONCE = 10
"""Accounts that are read in parallel, one call at a time each: each account and region has rate limits of its own."""
MAX_PLACES = 20
"""The most accounts and regions in one log line; `deployer status --deep` shows all."""
MAX_LENGTH = 300
"""Of the text about one account and region, which may contain names that somebody in that account chose."""
CANDIDATES = 3
"""Accounts of other slices whose role is tried if no role of this slice can be assumed."""


class Location(NamedTuple):
    """An account and region."""

    account: str
    region: str


def slice_of(account: str) -> int:
    """The slice that an account is in, the same for as long as `SLICES` is."""
    return int(sha256(account.encode()).hexdigest(), 16) % SLICES


def current_slice(time: datetime) -> int:
    """The slice of a run that was scheduled for this time."""
    return int(time.timestamp() // 3600) % SLICES


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyInspection:
    """Inspects the accounts of one slice."""

    stack_sets: StackSets
    accounts: Accounts
    access: str
    """The StackSet of the roles."""
    forwarding: str
    """The StackSet of the rules and queues."""
    creation_templates: str
    """How the names of StackSets of repository creation templates begin."""
    own: tuple[tuple[str, str], ...]
    """Accounts and regions of companion stacks: of the management account, if it is the central account."""
    home_region: str
    partition: str
    clock: Callable[[], datetime]
    is_late: Callable[[], bool] = lambda: False
    at_once: int = AT_ONCE

    def run(self, *, scheduled: datetime, request_id: str) -> dict[str, object]:
        """The fields of the log line: what is damaged and what could not be read, with accounts and regions."""
        steps = log.Steps()
        number = current_slice(scheduled)
        with steps("instances"):
            chosen, others, skipped = self._chosen(number, scheduled)
            failed = self._failed_templates()
        with steps("resources"):
            found = inspect(
                chosen,
                self.accounts,
                partition=self.partition,
                others=others,
                at_once=self.at_once,
                is_late=self.is_late,
            )
        damaged = self._confirmed(found, number, scheduled)
        places = _places((one, "; ".join(damage.texts)) for one, damage in damaged.items())
        unread = _places(found.unread.items())
        return {
            "timestamp": self.clock().isoformat(timespec="milliseconds"),
            "level": "ERROR" if places or failed else "WARN" if unread else "INFO",
            "request_id": request_id,
            "outcome": log.INSPECTED,
            "slice": f"{number + 1} of {SLICES}",
            "accounts": len({one.account for one in chosen}),
            "stacks": len(chosen),
            "damaged": len(places),
            "unread": len(unread),
            "not_current": skipped,
            "failed_templates": len(failed),
            "damaged_places": places[:MAX_PLACES],
            "failed_templates_places": failed[:MAX_PLACES],
            "unread_places": unread[:MAX_PLACES],
            "milliseconds": steps.milliseconds,
        }

    def _chosen(self, number: int, scheduled: datetime) -> tuple[tuple[Inspected, ...], tuple[str, ...], int]:
        """Stacks of the slice, accounts of other slices, and how many instances are not CURRENT.

        A roll-out changes the latter, or `deployer status` reports them. The order differs from day to day, so that no
        account is always the last one.
        """
        every = tuple(self._stacks())
        mine = [one for one in every if slice_of(one.account) == number]
        day = f"{scheduled:%Y-%m-%d}"
        mine.sort(key=lambda one: (sha256(f"{day}{one.account}".encode()).digest(), not one.has_roles))
        others = sorted({one.account for one in every if one.has_roles} - {one.account for one in mine})
        skipped = sum(
            slice_of(one.account) == number and not one.is_skipped and one.status != "CURRENT"
            for name in self._stack_sets()
            for one in self.stack_sets.instances(name)
        )
        return tuple(mine), tuple(others[:CANDIDATES]), skipped

    def _stacks(self) -> Iterator[Inspected]:
        """Stacks of every slice; none if the StackSets do not exist yet.

        An account that AWS skipped in any StackSet is suspended, and its role cannot be assumed.
        """
        names = self._stack_sets()
        suspended = {one.account for name in names for one in self.stack_sets.instances(name) if one.is_skipped}
        own = {
            self.access: {(account, self.home_region) for account, _ in self.own},
            self.forwarding: set(self.own),
        }
        for name in names:
            companions, instances = own.get(name, ()), self.stack_sets.instances(name)
            body = self.stack_sets.body(name) if companions or instances else None
            if body is None:
                continue
            has_roles = name == self.access
            for account, region in sorted(companions):
                yield Inspected(stack_set=name, body=body, account=account, region=region, has_roles=has_roles)
            for one in instances:
                if one.status == "CURRENT" and one.account not in suspended:
                    yield Inspected(
                        stack_set=name,
                        body=body,
                        account=one.account,
                        region=one.region,
                        stack_id=one.stack_id,
                        has_roles=has_roles,
                    )

    def _stack_sets(self) -> tuple[str, ...]:
        return (self.access, self.forwarding, *self.stack_sets.names(self.creation_templates))

    def _failed_templates(self) -> list[str]:
        """Accounts and regions, of every slice, that did not get the creation templates of their OU.

        Auto-deployment does not retry: an account that moves may get the new ones before the old ones are deleted.
        """
        return [
            clean(f"{one.account} {one.region}: {one.reason}", limit=MAX_LENGTH)
            for name in self.stack_sets.names(self.creation_templates)
            for one in self.stack_sets.instances(name)
            if one.is_failed
        ]

    def _confirmed(self, found: Found, number: int, scheduled: datetime) -> dict[Inspected, Damage]:
        """Damage of stacks that no roll-out has begun to change in the meantime."""
        if not found.damaged:
            return {}
        self.stack_sets.forget()
        now = frozenset(self._chosen(number, scheduled)[0])
        return {one: damage for one, damage in found.damaged.items() if one in now}


def _places(found: Iterable[tuple[Inspected, str]]) -> list[str]:
    """One text for each account and region."""
    texts: dict[Location, list[str]] = {}
    for one, text in found:
        texts.setdefault(Location(one.account, one.region), []).append(text)
    return [
        clean(f"{place.account} {place.region}: {'; '.join(dict.fromkeys(some))}", limit=MAX_LENGTH)
        for place, some in sorted(texts.items())
    ]

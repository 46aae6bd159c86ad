"""Waves: the order in which accounts are deployed to. Pure.

An account is in the wave that names its nearest: itself, its OU, the OU above, and so on; `*` is what no wave names.
If no wave has `*`, accounts that no wave names are in an additional last wave, so that none is omitted silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from deployer.organization import Organization
from deployer.targets import Scope

EVERYTHING_ELSE = "*"
REST = "all others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One wave. `scope` is what is in sync when it ends: its own accounts and those of earlier waves."""

    number: int
    name: str
    accounts: frozenset[str] = field(repr=False)
    scope: Scope = field(repr=False)


def unknown_names(waves: Sequence[Sequence[str]], organization: Organization) -> Iterator[tuple[int, int, str]]:
    """Wave, position and problem of each name that does not identify one OU or account."""
    named: dict[str, str] = {}
    for number, wave in enumerate(waves):
        for position, name in enumerate(wave):
            found = _ous(name, organization)
            before = named.setdefault(found[0], name) if len(found) == 1 else name
            if before != name:
                yield number, position, f"{name} is {before}, which is already named"
            elif len(found) > 1:
                yield number, position, f"{name} is ambiguous: {', '.join(found)}; name the OU by its id"
            elif not found and name != EVERYTHING_ELSE and name not in organization.accounts:
                near = get_close_matches(name, organization.ous_by_path, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield number, position, f"there is no OU or account {name} in {organization.id}{hint}"


def unnamed_accounts(waves: Sequence[Sequence[str]], organization: Organization) -> tuple[str, ...]:
    """Accounts that no wave names, if no wave has `*`."""
    if not waves or any(EVERYTHING_ELSE in wave for wave in waves):
        return ()
    numbers = _WaveNumbers(waves, organization)
    return tuple(sorted(one for one in organization.accounts if numbers.of_account(one) == len(waves)))


def plan_waves(waves: Sequence[Sequence[str]], organization: Organization, scope: Scope) -> tuple[Wave, ...]:
    """The waves that have accounts in the scope, in order; none if no waves are requested."""
    if not waves:
        return ()
    numbers = _WaveNumbers(waves, organization)
    by_wave: dict[int, set[str]] = {}
    for account in organization.accounts:
        if scope.has_account(organization, account):
            by_wave.setdefault(numbers.of_account(account), set()).add(account)
    found = sorted(by_wave)
    names = [*(", ".join(wave).replace(EVERYTHING_ELSE, REST) for wave in waves), REST]
    return tuple(
        Wave(
            number=number,
            name=names[index],
            accounts=frozenset(by_wave[index]),
            scope=scope if index == found[-1] else _until(index, numbers, organization, scope),
        )
        for number, index in enumerate(found, start=1)
    )


def _until(index: int, numbers: _WaveNumbers, organization: Organization, scope: Scope) -> Scope:
    """Accounts of this wave and earlier ones: by OU if all below it are included, so that AWS covers new accounts."""
    whole = frozenset(
        ou for ou in organization.ous if scope.has_ou(organization, ou) and numbers.last_below.get(ou, 0) <= index
    )
    by_ou = Scope(ou_ids=whole)
    single = frozenset(
        account
        for account in organization.accounts
        if scope.has_account(organization, account)
        and numbers.of_account(account) <= index
        and not by_ou.has_account(organization, account)
    )
    return Scope(ou_ids=whole, account_ids=single, regions=scope.regions)


class _WaveNumbers:
    """The wave number of each OU and account, from 0."""

    def __init__(self, waves: Sequence[Sequence[str]], organization: Organization) -> None:
        self._organization = organization
        rest = next((index for index, wave in enumerate(waves) if EVERYTHING_ELSE in wave), len(waves))
        named: dict[str, int] = {}
        for index, wave in enumerate(waves):
            for name in wave:
                named |= dict.fromkeys(_ous(name, organization) or (name,), index)
        self._named = named
        self._rest = rest

    def of_ou(self, ou_id: str) -> int:
        chain = reversed(self._organization.chain(ou_id))
        return next((self._named[above] for above in chain if above in self._named), self._rest)

    def of_account(self, account_id: str) -> int:
        if account_id in self._named:
            return self._named[account_id]
        return self.of_ou(self._organization.accounts[account_id].parent_id)

    @cached_property
    def last_below(self) -> Mapping[str, int]:
        """The number of the wave that completes everything in and below an OU."""
        last: dict[str, int] = {}
        own = [(ou_id, self.of_ou(ou_id)) for ou_id in self._organization.ous]
        accounts = self._organization.accounts.values()
        for ou_id, index in [*own, *((one.parent_id, self.of_account(one.id)) for one in accounts)]:
            for above in self._organization.chain(ou_id):
                last[above] = max(last.get(above, 0), index)
        return last


def _ous(name: str, organization: Organization) -> tuple[str, ...]:
    """The OU that a wave names by id or path; several if they have the same path."""
    if name in organization.ous:
        return (name,)
    return organization.ous_at(name) or organization.ous_at(name.strip("/"))

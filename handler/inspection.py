"""Inspects stacks account by account: each resource against its template, through the account's auditor role.

The watch inspects a part of the accounts in each run; `deployer status --deep` inspects all of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from handler.deployed_resources import MEMBER_TYPES, NAMED_TYPES, Location, Resource, ResourceTypes, resources_of
from handler.resource_comparison import Addition, Reading, changed_properties, label, problem

AT_ONCE = 16
"""Accounts that are read in parallel, one call at a time each."""

NO_ROLE = (
    "the auditor role cannot be assumed in any account: allow the caller sts:AssumeRole on it; `deployer policy verify`"
    " prints the policy"
)
NOT_ASSUMED = "the auditor role cannot be assumed, although it can in other accounts: it is missing or was changed"
UNTIL_REPAIRED = "the auditor role cannot be assumed: run `deployer rollout --org --deep`, then inspect again"
NO_TIME = "there was no time left to read it"
_POLICY_ABOVE = re.compile(r"explicit deny in an? (service|resource) control policy")
"""In AWS's message, if a policy outside the role denies the call, so that a new role would not help.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""


class ReadError(Exception):
    """Something could not be read; `reason` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReadDeniedError(ReadError):
    """AWS denied the call."""


class AccountReader(Protocol):
    """One account through its auditor role; methods raise ReadDeniedError if the role may not read, or ReadError."""

    def stack_exists(self, stack_id: str, *, region: str) -> bool: ...

    def read(self, resource: Resource, *, region: str) -> Reading | None:
        """None if the resource does not exist."""

    def waiting(self, queue: Resource, *, region: str) -> int:
        """About how many messages a queue holds."""


class Accounts(Protocol):
    """Member accounts, and the management account."""

    def open(self, account: str) -> AccountReader:
        """Raises ReadDeniedError if the auditor role cannot be assumed, or ReadError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A stack to inspect: a StackSet's in one account and region, or a companion stack, which has no id here."""

    stack_set: str
    body: str
    account: str
    region: str
    stack_id: str = ""
    has_roles: bool = False
    """Whether the auditor role is in it."""


class DamagedResource(NamedTuple):
    """A resource that differs from its template."""

    logical_id: str
    type: str
    is_missing: bool
    changed: tuple[str, ...]
    """Properties that differ."""
    unset: tuple[tuple[str, object], ...]
    """Those of them that the template does not set, with their values: CloudFormation does not compare them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """The differences between a template and the resources in the account."""

    problems: tuple[str, ...] = ()
    additions: tuple[Addition, ...] = ()
    """What somebody added. It blocks the deletion of the resource, and so its repair, until it is removed."""
    is_stack_gone: bool = False
    """Whether the stack was deleted without StackSets."""
    waiting: int = 0
    """Messages in the dead-letter queue, which is deleted with the stack."""
    resources: tuple[DamagedResource, ...] = ()
    """The resources of `problems`."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Every difference, as text."""
        return (*self.problems, *(one.text for one in self.additions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result: damaged stacks, and what could not be read, with the reason. What is in neither is in sync."""

    damaged: Mapping[Inspected, Damage]
    unread: Mapping[Inspected, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    damaged: Mapping[Inspected, Damage]
    unread: Mapping[Inspected, str]
    was_assumed: bool = False
    was_refused: bool = False


def inspect(  # noqa: PLR0913 - most by keyword
    inspected: Iterable[Inspected],
    accounts: Accounts,
    *,
    partition: str,
    others: Sequence[str] = (),
    types: ResourceTypes = MEMBER_TYPES,
    at_once: int = AT_ONCE,
    is_late: Callable[[], bool] = lambda: False,
) -> Found:
    """Compare every stack with its template; once it `is_late`, no further stack is begun.

    AWS answers alike for a role that is missing and for a caller who may not assume it (assumption A24). So an
    account's role counts as damaged only if the role of another account can be assumed: one of those inspected, or of
    `others`.
    """
    by_account: dict[str, list[Inspected]] = defaultdict(list)
    for one in inspected:
        by_account[one.account].append(one)

    def read(some: Sequence[Inspected]) -> _Account:
        return _inspect(some, accounts, lambda one, reader: _damage(one, reader, partition, types), is_late)

    with ThreadPoolExecutor(at_once) as pool:
        found = list(pool.map(read, by_account.values()))
    refused = any(one.was_refused for one in found)
    may_assume = any(one.was_assumed for one in found) or (refused and _any_opens(accounts, others))
    damaged: dict[Inspected, Damage] = {}
    unread: dict[Inspected, str] = {}
    for some, first in zip(by_account.values(), found, strict=True):
        result = _refused(some, may_assume=may_assume) if first.was_refused else first
        damaged |= result.damaged
        unread |= result.unread
    return Found(damaged=damaged, unread=unread)


def _refused(some: Iterable[Inspected], *, may_assume: bool) -> _Account:
    """An account whose role cannot be assumed: its roles are damaged if the caller may assume others."""
    some = tuple(some)
    roles = tuple(one for one in some if one.has_roles and may_assume)
    return _Account(
        damaged=dict.fromkeys(roles, Damage(problems=(NOT_ASSUMED,))),
        unread={one: UNTIL_REPAIRED if may_assume else NO_ROLE for one in some if one not in roles},
    )


def _any_opens(accounts: Accounts, others: Sequence[str]) -> bool:
    for account in others:
        try:
            accounts.open(account)
        except ReadError:
            continue
        return True
    return False


def _inspect(
    some: Sequence[Inspected],
    accounts: Accounts,
    damage_of: Callable[[Inspected, AccountReader], Damage | None],
    is_late: Callable[[], bool],
) -> _Account:
    if is_late():
        return _Account(damaged={}, unread=dict.fromkeys(some, NO_TIME))
    try:
        reader = accounts.open(some[0].account)
    except ReadDeniedError:
        return _Account(damaged={}, unread={}, was_refused=True)
    except ReadError as error:
        return _Account(damaged={}, unread=dict.fromkeys(some, error.reason))
    damaged: dict[Inspected, Damage] = {}
    unread: dict[Inspected, str] = {}
    for one in some:
        if is_late():
            unread[one] = NO_TIME
            continue
        try:
            damage = damage_of(one, reader)
        except ReadDeniedError as error:
            if not one.has_roles or _POLICY_ABOVE.search(error.reason):
                unread[one] = error.reason
                continue
            damage = Damage(problems=(f"the auditor role may not read its account: {error.reason}",))
        except (ReadError, ValueError) as error:
            unread[one] = str(error)
            continue
        if damage is not None:
            damaged[one] = damage
    return _Account(damaged=damaged, unread=unread, was_assumed=True)


def _damage(one: Inspected, reader: AccountReader, partition: str, types: ResourceTypes) -> Damage | None:
    region = one.region
    expected = resources_of(one.body, Location(partition=partition, account=one.account, region=region), types)
    readings = [(resource, reader.read(resource, region=region)) for resource in expected]
    if one.stack_id and not reader.stack_exists(one.stack_id, region=region):
        problems = ("its stack was deleted without StackSets", *_left_over(readings))
        return Damage(problems=problems, is_stack_gone=True, waiting=_waiting(reader, readings, region))
    problems = tuple(text for resource, found in readings if (text := problem(resource, found)))
    additions = tuple(addition for _, found in readings if found for addition in found.additions)
    if not problems and not additions:
        return None
    return Damage(
        problems=problems,
        additions=additions,
        waiting=_waiting(reader, readings, region),
        resources=tuple(_damaged_resources(readings)),
    )


def _waiting(reader: AccountReader, readings: Iterable[tuple[Resource, Reading | None]], region: str) -> int:
    return sum(
        reader.waiting(resource, region=region)
        for resource, found in readings
        if resource.type == "AWS::SQS::Queue" and found is not None
    )


def _damaged_resources(readings: Iterable[tuple[Resource, Reading | None]]) -> Iterator[DamagedResource]:
    for resource, found in readings:
        changed = changed_properties(resource, found) if found else ()
        if found is None or changed:
            yield DamagedResource(
                logical_id=resource.logical_id,
                type=resource.type,
                is_missing=found is None,
                changed=changed,
                unset=tuple((name, found.properties[name]) for name in changed if name not in resource.properties)
                if found
                else (),
            )


def _left_over(readings: Iterable[tuple[Resource, Reading | None]]) -> Iterator[str]:
    """Names that a new stack cannot create; a policy or a registry's configuration exists with or without a stack."""
    for resource, found in readings:
        if found is not None and resource.type in NAMED_TYPES:
            yield f"{label(resource)} still exists without it: delete that first"

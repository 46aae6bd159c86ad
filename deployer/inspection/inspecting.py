"""Inspects stack instances account by account: each resource against its template, through the auditor role."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from deployer.errors import DeployerError, PermissionDeniedError
from deployer.inspection.comparison import Actual, label, problem
from deployer.inspection.template import Location, Resource, resources_of
from deployer.planning.damage import Damage, Inspection
from deployer.stack_sets import Instance, InstanceKey

AT_ONCE = 16
"""Accounts that are read in parallel, one call at a time each."""

NO_ROLE = (
    "the auditor role cannot be assumed in any account: allow the caller sts:AssumeRole on it, as docs/permissions.md"
    " describes"
)
NOT_ASSUMED = "the auditor role cannot be assumed, although it can in other accounts: it is missing or was changed"
UNTIL_REPAIRED = "the auditor role cannot be assumed: run `deployer rollout --deep`, then inspect again"
_POLICY_ABOVE = re.compile(r"explicit deny in an? (service|resource) control policy")
"""In AWS's message, if a policy outside the role denies the call, so that a new role would not help."""


class AccountReader(Protocol):
    """One account through its auditor role; methods raise PermissionDeniedError if the role may not read."""

    def stack_exists(self, stack_id: str, *, region: str) -> bool: ...

    def read(self, resource: Resource, *, region: str) -> Actual | None:
        """The properties that are compared; None if the resource does not exist."""

    def waiting(self, queue: Resource, *, region: str) -> int:
        """About how many messages a queue holds."""


class Accounts(Protocol):
    """Member accounts."""

    def open(self, account: str) -> AccountReader:
        """Raises PermissionDeniedError if the auditor role cannot be assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A stack instance to inspect, and its StackSet's template. `has_roles`: whether the auditor role is in it."""

    stack_set: str
    body: str
    instance: Instance
    has_roles: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One account: damage by StackSet and instance, and what was not read."""

    damaged: Sequence[tuple[str, InstanceKey, Damage]] = ()
    unread: Mapping[InstanceKey, str]
    was_assumed: bool


def inspect(
    inspected: Iterable[Inspected], accounts: Accounts, *, partition: str, others: Sequence[str] = ()
) -> Inspection:
    """Compare every instance with its template.

    AWS answers alike for a role that is missing and for a caller who may not assume it. So an account's role counts as
    damaged only if the role of another account can be assumed: one of those inspected, or of `others`.
    """
    by_account: dict[str, list[Inspected]] = defaultdict(list)
    for one in inspected:
        by_account[one.instance.account].append(one)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda some: _inspect_account(some, accounts, partition), by_account.values()))
    may_assume = any(one.was_assumed for one in found) or (bool(found) and _any_opens(accounts, others))
    damaged: dict[str, dict[InstanceKey, Damage]] = defaultdict(dict)
    unread: dict[InstanceKey, str] = {}
    for some, first in zip(by_account.values(), found, strict=True):
        is_refused = not first.was_assumed and not first.unread
        result = _refused(some, may_assume=may_assume) if is_refused else first
        for stack_set, key, damage in result.damaged:
            damaged[stack_set][key] = damage
        unread |= result.unread
    return Inspection(damaged=damaged, unread=unread)


def _refused(some: Iterable[Inspected], *, may_assume: bool) -> _Found:
    """An account whose role cannot be assumed: its roles are damaged if the caller may assume others."""
    some = tuple(some)
    roles = tuple(one for one in some if one.has_roles and may_assume)
    return _Found(
        damaged=tuple((one.stack_set, one.instance.key, Damage(problems=(NOT_ASSUMED,))) for one in roles),
        unread={one.instance.key: UNTIL_REPAIRED if may_assume else NO_ROLE for one in some if one not in roles},
        was_assumed=False,
    )


def _any_opens(accounts: Accounts, others: Sequence[str]) -> bool:
    for account in others:
        try:
            accounts.open(account)
        except DeployerError:
            continue
        return True
    return False


def _inspect_account(some: Sequence[Inspected], accounts: Accounts, partition: str) -> _Found:
    keys = [one.instance.key for one in some]
    try:
        reader = accounts.open(keys[0].account)
    except PermissionDeniedError:
        return _Found(unread={}, was_assumed=False)
    except DeployerError as error:
        return _Found(unread=dict.fromkeys(keys, error.message), was_assumed=False)
    damaged: list[tuple[str, InstanceKey, Damage]] = []
    unread: dict[InstanceKey, str] = {}
    for one in some:
        key = one.instance.key
        try:
            damage = _damage(one, reader, partition)
        except PermissionDeniedError as error:
            if one.has_roles and not _POLICY_ABOVE.search(error.message):
                damage = Damage(problems=(f"the auditor role may not read its account: {error.message}",))
            else:
                damage = None
                unread[key] = error.message
        except DeployerError as error:
            damage = None
            unread[key] = error.message
        if damage is not None:
            damaged.append((one.stack_set, key, damage))
    return _Found(damaged=damaged, unread=unread, was_assumed=True)


def _damage(one: Inspected, reader: AccountReader, partition: str) -> Damage | None:
    instance, region = one.instance, one.instance.region
    expected = resources_of(one.body, Location(partition=partition, account=instance.account, region=region))
    actual = [(resource, reader.read(resource, region=region)) for resource in expected]
    waiting = sum(
        reader.waiting(resource, region=region)
        for resource, found in actual
        if resource.type == "AWS::SQS::Queue" and found is not None
    )
    if instance.stack_id and not reader.stack_exists(instance.stack_id, region=region):
        problems = ("its stack was deleted without StackSets", *_left_over(actual))
        return Damage(problems=problems, is_stack_gone=True, waiting=waiting)
    problems = tuple(text for resource, found in actual if (text := problem(resource, found)))
    return Damage(problems=problems, waiting=waiting) if problems else None


def _left_over(actual: Iterable[tuple[Resource, Actual | None]]) -> Iterator[str]:
    """Names that a new stack cannot create; a policy or a registry's configuration exists with or without a stack."""
    for resource, found in actual:
        if found is not None and resource.type in {"AWS::IAM::Role", "AWS::Events::Rule", "AWS::SQS::Queue"}:
            yield f"{label(resource)} still exists without it: delete that first"

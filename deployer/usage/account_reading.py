"""Reads the usage of one account: every registry in it, and the images of the repositories that were requested.

A repository is ours if a record of the ledger has its region, its name and its time of creation; if only the first two
and roughly the third, its tag decides. So tags, which take a call for each repository, are hardly ever read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

from deployer.drift.account_audit import AT_ONCE, merged
from deployer.drift.account_records import AccountRecords
from deployer.drift.desired_states import DesiredStates
from deployer.drift.findings import Unread
from deployer.drift.ports import ListedRepository, Records, RepositoryGoneError, StoppedError, is_same_creation_time
from deployer.drift.region_audit import SAME_CREATION, unread
from deployer.errors import DeployerError
from deployer.usage.findings import AccountUsage, RegistryUsage, RepositoryUsage
from deployer.usage.images import summary_of
from deployer.usage.ports import ImageRegistries, ImageRegistry, OutdatedRoleError
from handler.globs import matches_name
from handler.records import Record
from handler.tags import EVENT_ID_TAG

OUTDATED_ROLE = "its auditor role has no ecr:DescribeImages yet: `deployer rollout --org` adds it"

RecordsByName = Mapping[str, Sequence[Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """A registry that was listed."""

    account: str
    region: str
    registry: ImageRegistry
    listed: tuple[ListedRepository, ...]
    records: RecordsByName


@dataclass(frozen=True, slots=True, kw_only=True)
class _Other:
    """A repository that is not ours, and that is not read."""


_Result = RepositoryUsage | _Other | Unread | None
"""None for a repository that was deleted while it was read, or that the role may not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReader:
    """Reads accounts, each independently, so that many can be read in parallel."""

    desired_states: DesiredStates
    records: Records
    registries: ImageRegistries
    regions: frozenset[str] | None = None
    repositories: tuple[str, ...] = ()
    """Globs for names, if not all are requested."""
    reads_others: bool = False
    """Whether repositories are read that are not ours."""
    stop: Event = field(default_factory=Event, repr=False, compare=False)
    """Set if the audit ends early."""

    def read_account(self, account: str) -> AccountUsage:
        """The account's usage. Raises only StoppedError, and CredentialsError: without credentials nothing else would
        work either.
        """
        records = AccountRecords.of(self.records.of_repositories(account)).by_region(self._is_requested)
        candidates = {*self.desired_states.covered_regions(account), *records}
        regions = sorted(candidates if self.regions is None else candidates & self.regions)
        is_outdated = Event()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            listings = list(pool.map(lambda region: self._list(account, region, records.get(region, {})), regions))
            requested = [
                (listing, one)
                for listing in listings
                if isinstance(listing, _Listing)
                for one in listing.listed
                if self._is_requested(one.name)
            ]
            results = list(pool.map(lambda pair: self._read(*pair, is_outdated=is_outdated), requested))
        problems = [one for one in (*listings, *results) if isinstance(one, Unread)]
        if is_outdated.is_set():
            problems.append(Unread(account=account, problem=OUTDATED_ROLE))
        return AccountUsage(
            account=account,
            registries=tuple(_registry(one) for one in listings if isinstance(one, _Listing)),
            repositories=tuple(one for one in results if isinstance(one, RepositoryUsage)),
            others=sum(isinstance(one, _Other) for one in results),
            unread=tuple(merged(problems)),
        )

    def _is_requested(self, name: str) -> bool:
        return not self.repositories or any(matches_name(glob, name) for glob in self.repositories)

    def _list(self, account: str, region: str, records: RecordsByName) -> _Listing | Unread:
        try:
            registry = self.registries.open(account, region)
            listed = tuple(registry.repositories())
        except DeployerError as error:
            return unread(error, account=account, region=region)
        return _Listing(account=account, region=region, registry=registry, listed=listed, records=records)

    def _read(self, listing: _Listing, one: ListedRepository, *, is_outdated: Event) -> _Result:
        if self.stop.is_set():
            raise StoppedError
        try:
            is_ours = _is_ours(listing, one)
            if not is_ours and not self.reads_others:
                return _Other()
            if is_outdated.is_set():  # the role is the same for all of the account
                return None
            return RepositoryUsage(
                account=listing.account,
                region=listing.region,
                name=one.name,
                created_at=one.created_at,
                is_ours=is_ours,
                images=summary_of(listing.registry.images(one.name)),
            )
        except RepositoryGoneError:
            return None
        except OutdatedRoleError:
            is_outdated.set()
            return None
        except DeployerError as error:
            return unread(error, account=listing.account, region=listing.region, repository=one.name)


def _registry(listing: _Listing) -> RegistryUsage:
    return RegistryUsage(account=listing.account, region=listing.region, repositories=len(listing.listed))


def _is_ours(listing: _Listing, one: ListedRepository) -> bool:
    records = listing.records.get(one.name, ())
    if any(record.created_at and is_same_creation_time(one.created_at, record.created_at) for record in records):
        return True
    events = {
        record.event_id
        for record in records
        if record.created_at is None or abs(one.created_at - record.created_at) <= SAME_CREATION
    }
    return bool(events) and listing.registry.tags(one.arn).get(EVENT_ID_TAG) in events

"""Verifies one account: every registry in it, every repository of ours there, against records and rules.

A repository is ours when it carries our tag and a record shows that the event of that tag created or adopted it, in
this region, under this name and at its creation time, because administrators of the account can set the tag. One
without the other is a finding, and so is a repository that lost its tag: its name and its time of creation are those of
a record. All other repositories are only counted, among them those that were released after they were adopted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event

from deployer.drift.account_records import AccountRecords
from deployer.drift.desired_states import DesiredStates
from deployer.drift.findings import AccountReport, CheckedRepository, Unread
from deployer.drift.ports import ListedRepository, Records, Registries, StoppedError
from deployer.drift.region_audit import ForeignRepository, RecordsByName, RegionAudit, Result, unread
from deployer.errors import DeployerError
from handler.globs import matches_name

AT_ONCE = 8
"""Parallel calls within an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAuditor:
    """Verifies accounts, each independently, so that many can be verified in parallel."""

    desired_states: DesiredStates
    records: Records
    registries: Registries
    now: datetime
    grace: timedelta
    """How long a repository may be without an image before it counts as blank."""
    regions: frozenset[str] | None = None
    reads_uncovered: bool = False
    """Whether `regions` are read even if the settings of an account do not enable them there."""
    repositories: tuple[str, ...] = ()
    """Globs for names, if not all are requested."""
    stop: Event = field(default_factory=Event, repr=False, compare=False)
    """Set if the audit ends early."""

    def audit_account(self, account: str) -> AccountReport:
        """The account's report. Raises only StoppedError, and CredentialsError: without credentials nothing else would
        work either.
        """
        return _report(account, *self.read_account(account))

    def read_account(self, account: str) -> tuple[list[RegionAudit | Unread], list[Result]]:
        """Each region, and what its repositories are, in the order in which the regions list them. Raises the same."""
        records = AccountRecords.of(self.records.of_repositories(account))
        known = records.by_region(self._is_selected)
        regions = self._regions(account, known)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            regions_read = list(pool.map(partial(self._list, account, known, records), regions))
            looks_at = [
                (region_audit, one)
                for region_audit in regions_read
                if isinstance(region_audit, RegionAudit)
                for one in region_audit.listed
            ]
            results = list(pool.map(lambda pair: self._check(*pair), looks_at))
        return regions_read, results

    def _check(self, region_audit: RegionAudit, one: ListedRepository) -> Result:
        if self.stop.is_set():
            raise StoppedError
        return region_audit.check(one)

    def _regions(self, account: str, known: Iterable[str]) -> list[str]:
        if self.regions is not None and self.reads_uncovered:
            return sorted(self.regions)
        candidates = {*self.desired_states.covered_regions(account), *known}
        return sorted(candidates if self.regions is None else candidates & self.regions)

    def _list(
        self, account: str, known: Mapping[str, RecordsByName], records: AccountRecords, region: str
    ) -> RegionAudit | Unread:
        try:
            registry = self.registries.open(account, region)
            listed = tuple(one for one in registry.repositories() if self._is_selected(one.name))
        except DeployerError as error:
            return unread(error, account=account, region=region)
        return RegionAudit(
            desired_states=self.desired_states,
            now=self.now,
            grace=self.grace,
            account=account,
            region=region,
            known=known.get(region, {}),
            records=records,
            registry=registry,
            listed=listed,
        )

    def _is_selected(self, name: str) -> bool:
        return not self.repositories or any(matches_name(glob, name) for glob in self.repositories)


def _report(account: str, regions_read: Iterable[RegionAudit | Unread], results: list[Result]) -> AccountReport:
    checked: list[CheckedRepository] = []
    problems: list[Unread] = []
    others: dict[str, int] = {}
    rest = iter(results)
    regions = []
    for region_audit in regions_read:
        if isinstance(region_audit, Unread):
            problems.append(region_audit)
            continue
        own = [next(rest) for _ in region_audit.listed]
        regions.append(region_audit.region)
        checked += [*(one for one in own if isinstance(one, CheckedRepository)), *region_audit.gone(own)]
        problems += [one for one in own if isinstance(one, Unread)]
        if count := sum(isinstance(one, ForeignRepository) for one in own):
            others[region_audit.region] = count
    return AccountReport(
        account=account,
        regions=tuple(regions),
        checked=tuple(checked),
        others=others,
        unread=tuple(merged(problems)),
    )


def merged(problems: list[Unread]) -> Iterator[Unread]:
    """One problem for the account if every region has the same, as with a missing role."""
    whole = [unread_item for unread_item in problems if unread_item.repository is None]
    if len(whole) > 1 and len({unread_item.problem for unread_item in whole}) == 1:
        yield replace(whole[0], region=None)
        problems = [unread_item for unread_item in problems if unread_item.repository is not None]
    yield from problems

"""Verifies one account: every registry in it, every repository of ours there, against records and rules.

A repository is ours when it carries our tag and a record shows that the event of that tag created it, in this region,
under this name and at its creation time, because administrators of the account can set the tag. One without the other
is a finding, and so is a repository that lost its tag: its name and its time of creation are those of a record. All
other repositories are only counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from deployer.drift.comparison import compare
from deployer.drift.desired_states import DesiredStates
from deployer.drift.findings import AccountReport, CheckedRepository, Unread
from deployer.drift.ports import (
    ListedRepository,
    Records,
    Registries,
    Registry,
    RepositoryGoneError,
    is_same_creation_time,
)
from deployer.errors import CredentialsError, DeployerError, PermissionDeniedError
from handler.creation import LATE
from handler.globs import matches_name
from handler.records import Record
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG, creator_of

SAME_CREATION = timedelta(minutes=5)
"""ECR always returns the same time; a repository that was created again under the same tag has another."""

AT_ONCE = 8
"""Parallel calls within an account."""

RecordsByName = Mapping[str, list[Record]]
"""Records of one region, by the repository's name."""

Deletions = Mapping[tuple[str, str], Record]
"""The last observed deletion, by region and name."""


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
    repositories: str | None = None
    """A glob for names, if not all are requested."""

    def audit_account(self, account: str) -> AccountReport:
        """The account's report. Raises only CredentialsError: without credentials nothing else would work either."""
        known: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
        deleted: dict[tuple[str, str], Record] = {}
        by_event: dict[str, Record] = {}
        for record in self.records.of_repositories(account):
            if record.action == "deleted":
                _keep_last(deleted, record)
                continue
            by_event[record.event_id] = record
            if record.region and record.repository and self._is_selected(record.repository):
                known[record.region][record.repository].append(record)
        candidates = {*self.desired_states.covered_regions(account), *known}
        regions = sorted(candidates if self.regions is None else candidates & self.regions)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            regions_read = list(pool.map(partial(self._list, account, known, deleted, by_event), regions))
            looks_at = [
                (region_audit, one)
                for region_audit in regions_read
                if isinstance(region_audit, _RegionAudit)
                for one in region_audit.listed
            ]
            results = list(pool.map(lambda pair: pair[0].check(pair[1]), looks_at))
        return _report(account, regions_read, results)

    def _list(
        self,
        account: str,
        known: Mapping[str, RecordsByName],
        deleted: Deletions,
        by_event: Mapping[str, Record],
        region: str,
    ) -> _RegionAudit | Unread:
        try:
            registry = self.registries.open(account, region)
            listed = tuple(one for one in registry.repositories() if self._is_selected(one.name))
        except DeployerError as error:
            return unread(error, account=account, region=region)
        return _RegionAudit(
            auditor=self,
            account=account,
            region=region,
            known=known.get(region, {}),
            deleted=deleted,
            by_event=by_event,
            registry=registry,
            listed=listed,
        )

    def _is_selected(self, name: str) -> bool:
        return self.repositories is None or matches_name(self.repositories, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ForeignRepository:
    """A repository that is not ours."""

    region: str
    name: str


Result = CheckedRepository | Unread | _ForeignRepository | None
"""None for a repository that was deleted while it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RegionAudit:
    """The verification of one region."""

    auditor: AccountAuditor
    account: str
    region: str
    known: RecordsByName
    deleted: Deletions
    by_event: Mapping[str, Record]
    """The account's records of all regions."""
    registry: Registry
    listed: tuple[ListedRepository, ...]

    def check(self, one: ListedRepository) -> Result:
        """The finding for one repository that exists."""
        try:
            tags = self.registry.tags(one.arn)
            event_id = tags.get(EVENT_ID_TAG)
            if event_id is None:
                return self._without_tag(one, tags)
            for record in self.known.get(one.name, ()):
                if record.event_id == event_id and _is_same_creation(one, record):
                    return self._compared(one, record, tags)
            if creator_of(tags, installation=self.auditor.desired_states.installation) is None:
                return _ForeignRepository(region=self.region, name=one.name)
            return self._unrecorded(one, event_id)
        except RepositoryGoneError:
            return None
        except DeployerError as error:
            return unread(error, account=self.account, region=self.region, repository=one.name)

    def _without_tag(self, one: ListedRepository, tags: Mapping[str, str]) -> CheckedRepository | _ForeignRepository:
        """Whether it is ours and lost its tag: a record has its time of creation, and no tag names another prefix."""
        installation = self.auditor.desired_states.installation
        is_of_another = tags.get(INSTALLATION_TAG, installation) != installation
        for record in self.known.get(one.name, ()):
            if _is_created_by(one, record) and not is_of_another:
                return replace(self._compared(one, record, tags), verdict="untagged")
        return _ForeignRepository(region=self.region, name=one.name)

    def _compared(self, one: ListedRepository, record: Record, tags: Mapping[str, str]) -> CheckedRepository:
        desired = self.auditor.desired_states.for_record(record, partition=self.registry.partition)
        if desired.key_alias:
            desired = desired.with_key(self.registry.resolve_alias(desired.key_alias))
        found = replace(
            one.state,
            tags=dict(tags),
            lifecycle_policy=self.registry.lifecycle_policy(one.name),
            repository_policy=self.registry.repository_policy(one.name),
        )
        differences = compare(found, desired)
        is_old = self.auditor.now - one.created_at > self.auditor.grace
        return CheckedRepository(
            account=self.account,
            region=self.region,
            name=one.name,
            verdict="drifted" if differences else "in sync",
            event_id=record.event_id,
            created_at=one.created_at,
            principal=record.principal,
            is_blank=is_old and not self.registry.has_image(one.name),
            differences=differences,
            desired=desired if differences else None,
        )

    def _unrecorded(self, one: ListedRepository, event_id: str) -> CheckedRepository:
        is_young = self.auditor.now - one.created_at < LATE
        return CheckedRepository(
            account=self.account,
            region=self.region,
            name=one.name,
            verdict="under way" if is_young else "unrecorded",
            event_id=event_id,
            created_at=one.created_at,
            note="" if is_young else self._conflicting_record(event_id),
        )

    def _conflicting_record(self, event_id: str) -> str:
        """The repository that the ledger's record of the event names, if it exists."""
        record = self.by_event.get(event_id)
        if record is None:
            return ""
        made = f", created {record.created_at:%Y-%m-%d %H:%M:%S}" if record.created_at else ""
        return f"the record of that event names {record.repository} in {record.region}{made}"

    def gone(self, results: Iterable[Result]) -> Iterator[CheckedRepository]:
        """Repositories that a record names and that do not exist, or were replaced, `deleted` if that was observed."""
        there = {
            result.name: result for result in results if isinstance(result, CheckedRepository | _ForeignRepository)
        }
        unreadable = {result.repository for result in results if isinstance(result, Unread)}
        for name, records in sorted(self.known.items()):
            found = there.get(name)
            if name in unreadable or (isinstance(found, CheckedRepository) and found.verdict != "unrecorded"):
                continue
            last = max(records, key=lambda record: record.event_time)
            deletion = self._deletion(last)
            notes = (
                _deletion_note(deletion) if deletion else "",
                "another repository has its name now" if found else "",
            )
            yield CheckedRepository(
                account=self.account,
                region=self.region,
                name=name,
                verdict="deleted" if deletion else "gone",
                event_id=last.event_id,
                created_at=last.created_at,
                principal=last.principal,
                note="; ".join(filter(None, notes)),
            )

    def _deletion(self, made: Record) -> Record | None:
        """The observed deletion of a repository; one before its creation is that of another."""
        deletion = self.deleted.get((self.region, made.repository or ""))
        begin = (made.created_at or made.event_time).replace(microsecond=0)
        return deletion if deletion and deletion.event_time >= begin else None


def _keep_last(deleted: dict[tuple[str, str], Record], record: Record) -> None:
    key = (record.region or "", record.repository or "")
    if key not in deleted or deleted[key].event_time <= record.event_time:
        deleted[key] = record


def _deletion_note(deletion: Record) -> str:
    return f"deleted {deletion.event_time:%Y-%m-%d %H:%M:%S} by {deletion.principal or 'an unknown principal'}"


def _is_same_creation(one: ListedRepository, record: Record) -> bool:
    return record.created_at is None or abs(one.created_at - record.created_at) <= SAME_CREATION


def _is_created_by(one: ListedRepository, record: Record) -> bool:
    return record.created_at is not None and is_same_creation_time(one.created_at, record.created_at)


def unread(error: DeployerError, *, account: str, region: str | None = None, repository: str | None = None) -> Unread:
    """What could not be read, and why; raises if AWS no longer accepts the credentials."""
    if isinstance(error, CredentialsError):
        raise error
    return Unread(
        account=account,
        region=region,
        repository=repository,
        problem=error.message,
        may_be_temporary=not isinstance(error, PermissionDeniedError),
    )


def _report(account: str, regions_read: Iterable[_RegionAudit | Unread], results: list[Result]) -> AccountReport:
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
        if count := sum(isinstance(one, _ForeignRepository) for one in own):
            others[region_audit.region] = count
    return AccountReport(
        account=account,
        regions=tuple(regions),
        checked=tuple(checked),
        others=others,
        unread=tuple(_merged(problems)),
    )


def _merged(problems: list[Unread]) -> Iterator[Unread]:
    """One problem for the account if every region has the same, as with a missing role."""
    whole = [unread_item for unread_item in problems if unread_item.repository is None]
    if len(whole) > 1 and len({unread_item.problem for unread_item in whole}) == 1:
        yield replace(whole[0], region=None)
        problems = [unread_item for unread_item in problems if unread_item.repository is not None]
    yield from problems

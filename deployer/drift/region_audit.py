"""Verifies one region of an account: repositories that exist, and those that a record names and that do not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deployer.drift.account_records import AccountRecords
from deployer.drift.comparison import compare
from deployer.drift.desired_states import DesiredStates
from deployer.drift.findings import CheckedRepository, Unread
from deployer.drift.ports import ListedRepository, Registry, RepositoryGoneError, is_same_creation_time
from deployer.drift.repository_state import RepositoryState
from deployer.errors import CredentialsError, DeployerError, PermissionDeniedError
from handler.creation import LATE
from handler.records import Record
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG, creator_of

SAME_CREATION = timedelta(minutes=5)
"""How far the creation times of a record and of a repository with its event's tag may differ: the record of a creation
that took several attempts has the time of one. The record of an adoption has the time that ECR returned."""

RecordsByName = Mapping[str, list[Record]]
"""Records of one region, by the repository's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRepository:
    """A repository that is not ours."""

    region: str
    name: str
    listed: ListedRepository
    tags: Mapping[str, str]


Result = CheckedRepository | Unread | ForeignRepository | None
"""None for a repository that was deleted while it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionAudit:
    """The verification of one region."""

    desired_states: DesiredStates
    now: datetime
    grace: timedelta
    """How long a repository may be without an image before it counts as blank."""
    account: str
    region: str
    known: RecordsByName
    records: AccountRecords
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
                    return self.compared(one, record, tags)
            is_others = creator_of(tags, installation=self.desired_states.installation) is None
            if is_others or event_id in self.records.released:
                return self._foreign(one, tags)
            return self._unrecorded(one, event_id)
        except RepositoryGoneError:
            return None
        except DeployerError as error:
            return unread(error, account=self.account, region=self.region, repository=one.name)

    def _without_tag(self, one: ListedRepository, tags: Mapping[str, str]) -> CheckedRepository | ForeignRepository:
        """Whether it is ours and lost its tag: a record has its time of creation, and no tag names another prefix."""
        installation = self.desired_states.installation
        is_of_another = tags.get(INSTALLATION_TAG, installation) != installation
        for record in self.known.get(one.name, ()):
            if _is_created_by(one, record) and not is_of_another:
                return replace(self.compared(one, record, tags), verdict="untagged")
        return self._foreign(one, tags)

    def _foreign(self, one: ListedRepository, tags: Mapping[str, str]) -> ForeignRepository:
        return ForeignRepository(region=self.region, name=one.name, listed=one, tags=tags)

    def desired_state(self, record: Record) -> RepositoryState:
        """What the settings request today for the repository of a record."""
        desired = self.desired_states.for_record(record, partition=self.registry.partition)
        return desired.with_key(self.registry.resolve_alias(desired.key_alias)) if desired.key_alias else desired

    def compared(self, one: ListedRepository, record: Record, tags: Mapping[str, str]) -> CheckedRepository:
        """A repository of ours, by its record, and how it differs from what the settings request today."""
        desired = self.desired_state(record)
        found = replace(
            one.state,
            tags=dict(tags),
            lifecycle_policy=self.registry.lifecycle_policy(one.name),
            repository_policy=self.registry.repository_policy(one.name),
        )
        differences = compare(found, desired)
        may_be_blank = record.outcome != "adopted" and self.now - one.created_at > self.grace
        return CheckedRepository(
            account=self.account,
            region=self.region,
            name=one.name,
            verdict="drifted" if differences else "in sync",
            event_id=record.event_id,
            created_at=one.created_at,
            principal=record.principal,
            is_blank=may_be_blank and not self.registry.has_image(one.name),
            differences=differences,
            desired=desired if differences else None,
        )

    def _unrecorded(self, one: ListedRepository, event_id: str) -> CheckedRepository:
        is_young = self.now - one.created_at < LATE
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
        record = self.records.by_event.get(event_id)
        if record is None:
            return ""
        made = f", created {record.created_at:%Y-%m-%d %H:%M:%S}" if record.created_at else ""
        return f"the record of that event names {record.repository} in {record.region}{made}"

    def gone(self, results: Iterable[Result]) -> Iterator[CheckedRepository]:
        """Repositories that a record names and that do not exist, or were replaced, `deleted` if that was observed."""
        there = {result.name: result for result in results if isinstance(result, CheckedRepository | ForeignRepository)}
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
        deletion = self.records.deleted.get((self.region, made.repository or ""))
        begin = (made.created_at or made.event_time).replace(microsecond=0)
        return deletion if deletion and deletion.event_time >= begin else None


def _deletion_note(deletion: Record) -> str:
    return f"deleted {deletion.event_time:%Y-%m-%d %H:%M:%S} by {deletion.principal or 'an unknown principal'}"


def _is_same_creation(one: ListedRepository, record: Record) -> bool:
    """Whether a repository with the tag of a record's event is the one of the record."""
    if record.outcome == "adopted":
        return _is_created_by(one, record)
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

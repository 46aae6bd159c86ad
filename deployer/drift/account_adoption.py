"""Finds the repositories of one account that can be adopted or released. AWS is behind the Protocols of an audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from deployer.audit.adopted import is_adoption_id
from deployer.drift.account_audit import AccountAuditor, merged
from deployer.drift.adopting import Adoption, NotAdoptable, RefusedName, missing_tags, obstacle
from deployer.drift.comparison import Difference
from deployer.drift.findings import AccountReport, CheckedRepository, Unread
from deployer.drift.ports import ListedRepository, RepositoryGoneError
from deployer.drift.region_audit import ForeignRepository, RegionAudit, Result, unread
from deployer.errors import DeployerError
from deployer.settings.verdicts import constructed_call
from handler import reasons
from handler.adoption_requests import Action, adoption_id
from handler.decision import refused_repository
from handler.records import Record
from handler.tags import OWN_TAGS

Found = Adoption | NotAdoptable

_WITHOUT_RECORD = frozenset({"unrecorded", "under way"})
"""Verdicts about a repository with our tag whose event has no record that is about it."""

_OWN_ASPECTS = frozenset(f"tags.{key}" for key in OWN_TAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAdoptions(AccountReport):
    """The repositories of one account that can be adopted or released, and those that cannot."""

    found: tuple[Found, ...]

    @property
    def repository_count(self) -> int:
        """Repositories of the requested names."""
        return len(self.found)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionFinder:
    """Reads accounts, each independently."""

    auditor: AccountAuditor
    action: Action
    probe_repository: str = ""
    """The name that only `doctor --probe` uses: it deletes the repository, and audits leave it out."""

    def read_account(self, account: str) -> AccountAdoptions:
        """Read an account. Raises only CredentialsError."""
        regions_read, results = self.auditor.read_account(account)
        rest = iter(results)
        judged = [
            self._judge(region, one, next(rest))
            for region in regions_read
            if isinstance(region, RegionAudit)
            for one in region.listed
        ]
        return AccountAdoptions(
            account=account,
            found=tuple(one for one in judged if isinstance(one, Adoption | NotAdoptable)),
            unread=tuple(merged([one for one in (*regions_read, *judged) if isinstance(one, Unread)])),
        )

    def _judge(self, region: RegionAudit, one: ListedRepository, result: Result) -> Found | Unread | None:
        if result is None or isinstance(result, Unread):
            return result
        try:
            candidate = _Candidate(region, one)
            if one.name == self.probe_repository:
                return candidate.reject("it is for `deployer doctor --probe`, which deletes it")
            return candidate.judge(result, self.action)
        except RepositoryGoneError:
            return None
        except DeployerError as error:
            return unread(error, account=region.account, region=region.region, repository=one.name)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One repository that exists."""

    region: RegionAudit
    one: ListedRepository

    @property
    def event_id(self) -> str:
        """The id that its adoption has or would have."""
        return adoption_id(self.one.arn, self.one.created_at)

    def judge(self, result: CheckedRepository | ForeignRepository, action: Action) -> Found:
        """Whether it can be adopted, or released."""
        return self._released(result) if action == "release" else self._adopted(result)

    def reject(self, problem: str, *, is_ours: bool = False) -> NotAdoptable:
        """Leave it alone."""
        return NotAdoptable(
            account=self.region.account,
            region=self.region.region,
            name=self.one.name,
            problem=problem,
            is_ours=is_ours,
        )

    def _released(self, result: CheckedRepository | ForeignRepository) -> Found:
        """By its record alone, since an administrator of the account can change the tags."""
        is_recorded = isinstance(result, CheckedRepository) and result.verdict not in _WITHOUT_RECORD
        event_id = result.event_id if isinstance(result, CheckedRepository) and is_recorded else self.event_id
        record = self.region.records.by_event.get(event_id)
        if record and record.outcome == "adopted":
            return self._adoption(event_id=event_id, last=record.event_time)
        return self.reject("deployer created it", is_ours=True) if is_recorded else self.reject("it is not adopted")

    def _adopted(self, result: CheckedRepository | ForeignRepository) -> Found:
        if isinstance(result, ForeignRepository):
            return self._foreign(result)
        if result.verdict in _WITHOUT_RECORD:
            return self._without_record(result)
        if not is_adoption_id(result.event_id):
            return self.reject("deployer created it", is_ours=True)
        if result.verdict != "untagged":
            return self.reject("it is adopted already", is_ours=True)
        aspects = {difference.aspect for difference in result.differences}
        desired = result.desired.tags if result.desired else {}
        lost = {key: desired[key] for key in OWN_TAGS if f"tags.{key}" in aspects}
        return self._adoption(event_id=result.event_id, tags=lost, is_recorded=True, differences=result.differences)

    def _without_record(self, result: CheckedRepository) -> Found:
        """One with a tag of this installation and no record of that event: only its own adoption can be repeated."""
        if result.event_id != self.event_id:
            return self.reject(f"it has the tag deployer:event-id of {result.event_id}; delete the tag to adopt it")
        tags = self.region.registry.tags(self.one.arn)
        return self._foreign(
            ForeignRepository(region=self.region.region, name=self.one.name, listed=self.one, tags=tags)
        )

    def _foreign(self, result: ForeignRepository) -> Found:
        record = self._record()
        desired = self.region.desired_state(record).tags
        installation = self.region.desired_states.installation
        if problem := obstacle(result.tags, desired, event_id=self.event_id, installation=installation):
            return self.reject(problem)
        return self._adoption(
            event_id=self.event_id,
            tags=missing_tags(result.tags, desired),
            last=self.region.records.released.get(self.event_id),
            differences=self.region.compared(self.one, record, result.tags).differences,
        )

    def _record(self) -> Record:
        """The record that its adoption would have, as far as the settings depend on it."""
        now = self.region.now
        return Record(
            account=self.region.account,
            outcome="adopted",
            reason=reasons.ADOPTED,
            event_id=self.event_id,
            event_time=now,
            received_at=now,
            request_id="",
            settings_digest="",
            region=self.region.region,
            repository=self.one.name,
            repository_arn=self.one.arn,
            created_at=self.one.created_at,
        )

    def _adoption(
        self,
        *,
        event_id: str,
        tags: Mapping[str, str] | None = None,
        is_recorded: bool = False,
        last: datetime | None = None,
        differences: tuple[Difference, ...] = (),
    ) -> Adoption:
        return Adoption(
            account=self.region.account,
            region=self.region.region,
            name=self.one.name,
            arn=self.one.arn,
            created_at=self.one.created_at,
            event_id=event_id,
            is_recorded=is_recorded,
            tags=tags or {},
            last=last,
            refused=self._refused(),
            differences=tuple(one for one in differences if one.aspect not in _OWN_ASPECTS),
        )

    def _refused(self) -> RefusedName | None:
        """The rule that would refuse a new repository of this name; who pushes to this one is not known."""
        account, region = self.region.account, self.region.region
        settings = self.region.desired_states.compiled.settings_for_account(account)
        call = constructed_call(account=account, region=region, repository=self.one.name, principal="*", trigger="push")
        refused = refused_repository(call, settings)
        return RefusedName(reason=refused.reason, rule=str(refused.rule)) if refused else None

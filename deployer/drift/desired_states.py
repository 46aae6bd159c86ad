"""Desired state of each repository of ours today: the compiled settings, read as the handler reads them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deployer.audit.adopted import creation_time, known_tags
from deployer.drift.repository_state import RepositoryState, desired_state_of
from deployer.settings import Compiled
from handler.records import Record
from handler.repositories import Registry
from handler.tags import placeholders, render


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """A record in the form of the call that `handler.tags` requires."""

    account: str
    region: str
    repository: str
    principal: str
    event_time: datetime


@dataclass(frozen=True, slots=True)
class DesiredStates:
    """The settings of today."""

    compiled: Compiled

    @property
    def installation(self) -> str:
        """The prefix, as the ownership tag has it."""
        return self.compiled.settings_file.installation

    def covered_regions(self, account: str) -> tuple[str, ...]:
        """Regions in which pushes of an account create repositories."""
        settings = self.compiled.settings_for_account(account)
        return tuple(settings.regions) if settings.enabled else ()

    def for_record(self, record: Record, *, partition: str) -> RepositoryState:
        """The settings that the repository of a record would get if the same push came today."""
        file, organization = self.compiled.settings_file, self.compiled.organization
        cause = _Cause(
            account=record.account,
            region=record.region or "",
            repository=record.repository or "",
            principal=record.principal or "",
            event_time=creation_time(record),
        )
        settings = self.compiled.settings_for_account(cause.account).repository_for(cause.repository)
        values = placeholders(
            cause,
            account_name=file.account_name(cause.account),
            ou_path=file.path_of(organization.account_chain(cause.account)),
        )
        return desired_state_of(
            cause.repository,
            settings,
            tags=render(
                known_tags(record, settings.tags), values, event_id=record.event_id, installation=file.installation
            ),
            registry=Registry(account=cause.account, region=cause.region, partition=partition),
            document=file.document,
        )

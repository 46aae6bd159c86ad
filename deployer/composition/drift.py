"""Puts `deployer audit verify`, `repair`, `adopt` and `usage` together: settings of today, the ledger, members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event

from deployer.audit.adopted import is_released
from deployer.aws.function import HandlerFunction
from deployer.aws.member_changes import MemberChanges, open_changes
from deployer.aws.member_registries import MemberRegistries
from deployer.composition.installation import Installation
from deployer.drift.account_audit import AccountAuditor
from deployer.drift.adopting import Ask, problem_in
from deployer.drift.desired_states import DesiredStates
from deployer.drift.ports import CreatedRecords
from deployer.drift.repairing import IsReleased
from deployer.errors import GuardError, NotFoundError
from deployer.organization import Organization
from deployer.planning.scopes import find_scope
from deployer.settings import Compiled
from deployer.settings.regions import require_region
from deployer.usage.account_reading import UsageReader
from deployer.words import account_name
from templates.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """The repositories that a command requests, before they are resolved."""

    config: Path
    profile: str | None = None
    ous: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    repositories: Sequence[str] = ()
    """Globs for names; all if there are none."""
    grace: timedelta
    reads_uncovered: bool = False
    """Whether the regions are read in the named accounts even if the settings do not enable them there."""
    reads_others: bool = False
    """Whether the usage of repositories is read that deployer neither created nor adopted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What reading repositories requires."""

    installation: Installation = field(repr=False)
    accounts: tuple[str, ...]
    """Active accounts to read, by id: covered today, or named by a record."""
    auditor: AccountAuditor = field(repr=False)
    usage_reader: UsageReader = field(repr=False)
    stop: Event = field(repr=False)
    """Ends both early."""
    key: str
    """Equal for equal scopes, settings and options."""

    @property
    def organization(self) -> Organization:
        """The current organization."""
        return self.installation.organization


def open_audit(request: AuditRequest, *, now: datetime) -> Audit:
    """Read config and organization, with the caller's own credentials. Writes nothing."""
    for region in request.regions:
        require_region(region, source="--region")
    installation = Installation.open(request.config, profile=request.profile)
    organization, names = installation.organization, installation.names
    scope = find_scope(organization, ous=request.ous, accounts=request.accounts, regions=request.regions)
    _check_active(organization, scope.account_ids)
    desired_states = DesiredStates(installation.compiled)
    records = CreatedRecords(installation.ledger, now=now, probe_repository=names.probe_repository)
    registries = MemberRegistries(installation.members(names.auditor_role), partition=names.partition)
    stop = Event()
    accounts = sorted(account.id for account in organization.accounts.values() if account.is_active)
    return Audit(
        installation=installation,
        accounts=tuple(account for account in accounts if scope.has_account(organization, account)),
        auditor=AccountAuditor(
            desired_states=desired_states,
            records=records,
            registries=registries,
            now=now,
            grace=request.grace,
            regions=scope.regions,
            reads_uncovered=request.reads_uncovered,
            repositories=tuple(request.repositories),
            stop=stop,
        ),
        usage_reader=UsageReader(
            desired_states=desired_states,
            records=records,
            registries=registries,
            regions=scope.regions,
            repositories=tuple(request.repositories),
            reads_others=request.reads_others,
            stop=stop,
        ),
        stop=stop,
        key=_key(installation.compiled, names, request),
    )


def _check_active(organization: Organization, accounts: Iterable[str]) -> None:
    """Raise NotFoundError for a named account that nobody can read."""
    for account in sorted(accounts):
        if not organization.accounts[account].is_active:
            state = organization.accounts[account].state
            raise NotFoundError(
                f"Account {account_name(organization, account)} is {state}, so its repositories cannot be read",
                next_step="Omit it, or reopen the account.",
            )


def _key(compiled: Compiled, names: Names, request: AuditRequest) -> str:
    parts = (
        names,
        compiled.settings_file.digest,
        sorted(request.ous),
        sorted(request.accounts),
        sorted(request.regions),
        sorted(request.repositories),
        request.grace,
        request.reads_others,
    )
    return sha256(repr(parts).encode()).hexdigest()[:16]


def open_repairer(audit: Audit) -> Callable[[str, str], MemberChanges]:
    """Registries through the repairer role, via the operator role."""
    return _changes_as(audit, audit.installation.names.repairer_role)


def open_releases(audit: Audit) -> IsReleased:
    """Reads from the ledger whether a repository was released since the audit."""
    ledger = audit.installation.ledger
    return lambda checked: is_released(ledger.of_event(checked.event_id))


def open_handler(audit: Audit) -> Ask:
    """Sends requests to adopt or release to the handler, via the operator role."""
    operator = audit.installation.as_operator()
    function = HandlerFunction.connect(operator.session, name=operator.names.function)
    return lambda request: problem_in(function.ask(request.to_event()))


def open_cleaner(audit: Audit) -> Callable[[str, str], MemberChanges]:
    """Registries through the cleaner role; raises GuardError if the config files do not enable it."""
    check_cleanup(audit)
    return _changes_as(audit, audit.installation.names.cleaner_role)


def check_cleanup(audit: Audit) -> None:
    """Raise GuardError unless the config files let blank repositories be deleted."""
    if not audit.installation.config.cleanup:
        raise GuardError(
            "`cleanup: true` is not set in organization.yaml, so no account has the role that deletes repositories",
            next_step="Set it, then run `deployer rollout --org`.",
        )


def _changes_as(audit: Audit, role: str) -> Callable[[str, str], MemberChanges]:
    members = audit.installation.as_operator().members(role)
    return partial(open_changes, members, partition=audit.installation.names.partition)

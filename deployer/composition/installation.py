"""One way to open an installation: config files, a session checked against them, and resources."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from deployer import settings
from deployer.aws.ledger import LedgerTable
from deployer.aws.members import Members
from deployer.aws.organizations import OrganizationIds, live_organization, organization_ids
from deployer.aws.preconditions import check_account, check_organization
from deployer.aws.session import Session
from deployer.clock import SYSTEM_CLOCK, Clock
from deployer.errors import PermissionDeniedError
from deployer.organization import Organization
from deployer.settings import Compiled, Config
from templates.names import Names


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An installation of deployer as one principal reaches it.

    The organization, the compiled settings and clients are read or made when they are first used, and only once.
    """

    config: Config = field(repr=False)
    session: Session = field(repr=False)
    clock: Clock

    @classmethod
    def connect(cls, config_directory: Path, *, profile: str | None, clock: Clock = SYSTEM_CLOCK) -> Installation:
        """The config files, and a session in the home region that they name. Calls nothing and checks no account.

        Sufficient to read the organization and the settings. Raises ConfigurationError for broken config files.
        """
        config = settings.load(config_directory)
        return cls(config=config, session=Session(profile=profile, region=config.home_region, clock=clock), clock=clock)

    @classmethod
    def open(cls, config_directory: Path, *, profile: str | None, clock: Clock = SYSTEM_CLOCK) -> Installation:
        """`connect`, as a principal of the central account; raises WrongAccountError for one of another account."""
        installation = cls.connect(config_directory, profile=profile, clock=clock)
        check_account(installation.session, central_account=installation.config.central_account)
        return installation

    def as_operator(self) -> Installation:
        """The same through the operator role; raises PermissionDeniedError with the permission that the caller lacks.

        Commands use that role to reach member accounts and queues.
        """
        role_arn = self.names.operator_role_arn
        try:
            return replace(self, session=self.session.as_role(role_arn))
        except PermissionDeniedError as error:
            raise PermissionDeniedError(
                f"{self.session.identity.arn} cannot assume {role_arn}: {error.message}",
                next_step="Allow it sts:AssumeRole on that role. `deployer rollout --org` creates the role.",
            ) from error

    @cached_property
    def names(self) -> Names:
        """Names of its resources; the organization's id is among them only if the config files name it."""
        return self.config.names(partition=self.session.identity.partition)

    @cached_property
    def organization_ids(self) -> OrganizationIds:
        """Which organization it is, in one call; raises WrongOrganizationError if the config files name another."""
        ids = organization_ids(self.session)
        check_organization(ids, expected=self.config.organization_id)
        return ids

    @cached_property
    def organization(self) -> Organization:
        """The live organization; raises WrongOrganizationError if the config files name another."""
        return live_organization(self.session, self.organization_ids)

    @cached_property
    def compiled(self) -> Compiled:
        """The config files compiled for the organization; raises ConfigurationError if they do not fit it."""
        return settings.compile(self.config, self.organization)

    @cached_property
    def ledger(self) -> LedgerTable:
        return LedgerTable.connect(self.session, table=self.names.ledger_table)

    def members(self, role: str, *, session_name: str | None = None) -> Members:
        """Member accounts through one role of the access StackSet."""
        role_arn = partial(self.names.role_arn, role=role)
        return Members(self.session, role_arn=role_arn, clock=self.clock, session_name=session_name)

"""Puts a roll-out together: credentials, config and organization checked against each other, and AWS behind Protocols.

The one module outside of `deployer.cli` that knows `deployer.aws`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deployer import settings
from deployer.aws.artifacts import ArtifactsBucket
from deployer.aws.ledger import LedgerTable
from deployer.aws.organizations import read_organization
from deployer.aws.preconditions import check_account, check_organization, check_regions, check_stack_sets
from deployer.aws.session import Session
from deployer.aws.stack_sets import CloudFormationStackSets
from deployer.aws.stacks import CloudFormationStacks
from deployer.destroy import Removal, plan_removal
from deployer.organization import Organization
from deployer.planning import Facts, Plan, Wish, make_plan
from deployer.rollout import Cloud
from deployer.scopes import find_scope
from deployer.stack_sets import OperationPreferences
from deployer.status import Status, status_of
from deployer.survey import look
from deployer.wishes import Wanted, wish_for
from templates.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a command was asked for, before anything of it was looked up."""

    config: Path
    profile: str | None = None
    ous: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that the commands need: who calls, what is wanted, and AWS to act on."""

    caller: str
    organization: Organization
    wanted: Wanted
    cloud: Cloud
    bucket: ArtifactsBucket
    ledger: LedgerTable

    @property
    def wish(self) -> Wish:
        return self.wanted.wish

    def plan(self) -> Plan:
        """Compare the wish with what there is now."""
        return make_plan(self.wish, look(self.wish, self.cloud))

    def status(self) -> Status:
        """The same comparison, without asking what updates would do."""
        facts = self._facts()
        return status_of(self.wish, facts, make_plan(self.wish, facts))

    def removal(self, *, delete_ledger: bool) -> Removal:
        """All that there is, to be taken back."""
        return plan_removal(
            self.wish,
            self._facts(),
            bucket=self.bucket.exists(),
            ledger=self.ledger.exists(),
            delete_ledger=delete_ledger,
        )

    def _facts(self) -> Facts:
        return look(self.wish, self.cloud, previews=False)


def open_ledger(config_directory: Path, *, profile: str | None) -> LedgerTable:
    """The ledger that the config files name, for reading; needs no more than the credentials of its account."""
    config = settings.load(config_directory)
    session = Session(profile=profile, region=config.home_region)
    check_account(session, central_account=config.central_account)
    names = Names(
        prefix=config.prefix,
        organization_id=config.organization_id or "",
        central_account=config.central_account,
        central_region=config.home_region,
        partition=session.identity.partition,
    )
    return LedgerTable(session.client("dynamodb", region=config.home_region), table=names.ledger_table)


def assemble(ask: Ask) -> Situation:
    """Read config and organization and check that they, the caller and AWS's state allow a roll-out. Writes nothing."""
    config = settings.load(ask.config)
    session = Session(profile=ask.profile, region=config.home_region)
    check_account(session, central_account=config.central_account)
    organization = read_organization(session.client("organizations"))
    check_organization(organization, wanted=config.organization_id)
    call_as = check_stack_sets(session, organization, region=config.home_region)
    compiled = settings.compile(config, organization)
    check_regions(session, compiled.regions, home=config.home_region)
    scope = find_scope(organization, ous=ask.ous, accounts=ask.accounts, regions=ask.regions)
    wanted = wish_for(compiled, scope=scope, partition=session.identity.partition)
    bucket = ArtifactsBucket(
        session.client("s3", region=config.home_region),
        bucket=wanted.names.artifacts_bucket,
        account=config.central_account,
        domain="amazonaws.com.cn" if session.identity.partition == "aws-cn" else "amazonaws.com",
    )
    stack_sets = CloudFormationStackSets(
        session.client("cloudformation", region=config.home_region),
        call_as=call_as,
        store=bucket.store_template,
        preferences=OperationPreferences(),
    )
    return Situation(
        caller=session.identity.arn,
        organization=organization,
        wanted=wanted,
        cloud=Cloud(
            stacks=CloudFormationStacks(session, store=bucket.store_template), stack_sets=stack_sets, artifacts=bucket
        ),
        bucket=bucket,
        ledger=LedgerTable(session.client("dynamodb", region=config.home_region), table=wanted.names.ledger_table),
    )

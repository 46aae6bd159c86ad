"""Puts `deployer doctor --probe` together: which accounts and regions, and the operator's way into them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from deployer import settings
from deployer.aws.doctor.probing import ProbeRecords, ProbeRegistries
from deployer.aws.ledger import LedgerTable
from deployer.aws.members import Members
from deployer.aws.organizations import read_organization
from deployer.aws.preconditions import check_account, check_organization
from deployer.aws.session import Session
from deployer.composition.drift import role_in_members
from deployer.composition.operator_role import as_operator
from deployer.doctor.probe import Clock, Outcome, Prober, Target, utc_now
from deployer.doctor.probe_targets import targets_of
from deployer.organization import Organization

TOKEN = 12
"""Characters that tell the sessions of one run from those of all others."""


def session_name(own: str, *, token: str) -> str:
    """The caller's own name, so that CloudTrail shows who probed, and the token; 64 characters at most."""
    return f"{own[: 63 - len(token)]}-{token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What was chosen to be probed."""

    organization: Organization
    repository: str
    targets: tuple[Target, ...]
    run: Callable[[float, Callable[[Outcome], None]], tuple[Outcome, ...]] = field(repr=False)
    """Takes the seconds to wait, and what receives each outcome as it is known."""


def open_probe(config_directory: Path, wanted: str, *, profile: str | None) -> Probe:
    """Read config and organization; raises NotFoundError for a place that is not covered. Asks for nothing yet."""
    config = settings.load(config_directory)
    session = Session(profile=profile, region=config.home_region)
    check_account(session, central_account=config.central_account)
    organization = read_organization(session.client("organizations"))
    check_organization(organization, wanted=config.organization_id)
    compiled = settings.compile(config, organization)
    targets = targets_of(wanted, compiled)
    names = compiled.names(partition=session.identity.partition)
    repository = names.probe_repository

    def run(timeout: float, on_outcome: Callable[[Outcome], None]) -> tuple[Outcome, ...]:
        name = session_name(session.identity.session_name, token=uuid4().hex[:TOKEN])
        role_arn = role_in_members(names, names.repairer_role)
        members = Members(as_operator(session, names), role_arn=role_arn, session_name=name)
        table = LedgerTable(session.client("dynamodb", region=config.home_region), table=names.ledger_table)
        prober = Prober(
            registries=ProbeRegistries(members, repository=repository, partition=names.partition),
            records=ProbeRecords(table, repository=repository, session_name=name),
            clock=Clock(now=utc_now, sleep=time.sleep),
            on_outcome=on_outcome,
        )
        return prober.probe(targets, timeout=timeout)

    return Probe(organization=organization, repository=repository, targets=targets, run=run)

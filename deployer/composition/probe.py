"""Puts `deployer doctor --probe` together: its targets, and access to them through the operator role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from deployer.aws.doctor.probing import ProbeRecords, ProbeRegistries
from deployer.clock import Clock
from deployer.composition.installation import Installation
from deployer.doctor.probe import Prober, ProbeResult, Target
from deployer.doctor.probe_targets import targets_of
from deployer.organization import Organization

TOKEN = 12
"""Characters that distinguish the sessions of one run from all others."""


def session_name(own: str, *, token: str) -> str:
    """The caller's own name, so that CloudTrail shows who probed, and the token; 64 characters at most."""
    return f"{own[: 63 - len(token)]}-{token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The accounts and regions to probe."""

    organization: Organization
    repository: str
    targets: tuple[Target, ...]
    run: Callable[[float, Callable[[ProbeResult], None]], tuple[ProbeResult, ...]] = field(repr=False)
    """Takes the seconds to wait, and what receives each outcome as it is known."""


def open_probe(config_directory: Path, target: str, *, profile: str | None, clock: Clock) -> Probe:
    """Read config and organization, without probing; raises NotFoundError for a target that is not covered."""
    installation = Installation.open(config_directory, profile=profile, clock=clock)
    targets, names = targets_of(target, installation.compiled), installation.names
    repository = names.probe_repository

    def run(timeout: float, on_result: Callable[[ProbeResult], None]) -> tuple[ProbeResult, ...]:
        name = session_name(installation.session.identity.session_name, token=uuid4().hex[:TOKEN])
        members = installation.as_operator().members(names.repairer_role, session_name=name)
        prober = Prober(
            registries=ProbeRegistries(members, repository=repository, partition=names.partition),
            records=ProbeRecords(installation.ledger, repository=repository, session_name=name),
            clock=clock,
            on_result=on_result,
        )
        return prober.probe(targets, timeout=timeout)

    return Probe(organization=installation.organization, repository=repository, targets=targets, run=run)

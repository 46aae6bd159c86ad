"""Every check that `deployer doctor` makes before a roll-out. Data."""

from __future__ import annotations

from deployer.doctor.checks import (
    access,
    endpoints,
    installations,
    names,
    organization,
    policies,
    quotas,
    regions,
    trails,
)
from deployer.doctor.finding import Check

CHECKS: tuple[Check, ...] = (
    Check(id="credentials", title="credentials that AWS accepts", judge=access.credentials),
    Check(id="account", title="credentials of the central account", judge=access.account),
    Check(id="organization", title="the organization of the config files", judge=organization.identity),
    Check(id="features", title="all features of Organizations", judge=organization.features),
    Check(id="trusted-access", title="trusted access for StackSets", judge=organization.trusted_access),
    Check(id="delegation", title="a delegated administrator of StackSets", judge=organization.delegation),
    Check(
        id="delegation-permission", title="the caller's right to act as one", judge=organization.delegation_permission
    ),
    Check(id="config", title="config files against the organization", judge=organization.config),
    Check(id="central-regions", title="regions of the central account", judge=regions.central),
    Check(id="management-regions", title="opt-in regions, management account", judge=regions.management),
    Check(id="member-regions", title="opt-in regions, covered accounts", judge=regions.members),
    Check(id="trail", title="a trail that logs pushes", judge=trails.trail),
    Check(id="policies", title="service control policies in the way", judge=policies.service_control_policies),
    Check(id="quotas", title="room within quotas", judge=quotas.quotas),
    Check(id="names", title="names that are free or deployer's", judge=names.names),
    Check(id="installations", title="one installation of deployer", judge=installations.installations),
    Check(id="runtime", title="the handler's runtime in Lambda", judge=endpoints.runtime),
    Check(id="endpoints", title="services in the regions", judge=endpoints.endpoints),
)

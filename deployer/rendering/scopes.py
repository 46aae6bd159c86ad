"""A scope in words, so that a statement about a part never reads like one about the whole organization. Pure."""

from __future__ import annotations

from deployer.organization import Organization
from deployer.targets import Scope
from deployer.words import account_names, ou_paths


def scope_text(scope: Scope, organization: Organization) -> str:
    """`the whole organization`, or `Workloads/Dev, shop-prod (300000000001) in eu-west-1`."""
    where = "the whole organization" if organization.root.id in scope.ou_ids else _parts(scope, organization)
    return where if scope.regions is None else f"{where} in {', '.join(sorted(scope.regions))}"


def _parts(scope: Scope, organization: Organization) -> str:
    parts = (ou_paths(organization, scope.ou_ids), account_names(organization, sorted(scope.account_ids)))
    return ", ".join(part for part in parts if part) or "no account"

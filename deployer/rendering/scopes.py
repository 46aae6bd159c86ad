"""A scope in words, so that a statement about a part never reads like one about the whole organization. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from deployer.organization import Organization
from deployer.targets import Scope
from deployer.words import account_names, ou_paths


def scope_text(scope: Scope, organization: Organization) -> str:
    """`the whole organization`, or `Workloads/Dev, shop-prod (300000000001) in eu-west-1`."""
    where = "the whole organization" if organization.root.id in scope.ou_ids else _parts(scope, organization)
    return where if scope.regions is None else f"{where} in {', '.join(sorted(scope.regions))}"


def scope_options(scope: Scope, organization: Organization) -> str:
    """The options of a command for the same scope: `--org`, or `--ou Workloads/Dev --region eu-west-1`."""
    words = [
        *(["--org"] if organization.root.id in scope.ou_ids else []),
        *_repeated("--ou", sorted(organization.path(one) for one in scope.ou_ids - {organization.root.id})),
        *_repeated("--account", sorted(scope.account_ids)),
        *_repeated("--region", sorted(scope.regions or ())),
    ]
    return shlex.join(words)


def _repeated(option: str, values: Iterable[str]) -> Iterator[str]:
    return (word for value in values for word in (option, value))


def _parts(scope: Scope, organization: Organization) -> str:
    parts = (ou_paths(organization, scope.ou_ids), account_names(organization, sorted(scope.account_ids)))
    return ", ".join(part for part in parts if part) or "no account"

"""The initial state of a sandbox: its organization, central account and regions; checked, and as JSON.

Imports only the standard library until regions are checked, because commands use it before the sandbox loads.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any

from aws_org_sandbox import snapshots
from aws_org_sandbox.errors import OrganizationFileError
from aws_org_sandbox.organization import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialState:
    """The state after the start and after each reset; None means the example's."""

    organization: Organization | None = None
    central_account: str | None = None
    """The account that `env` gives credentials of, and the delegated administrator of StackSets unless it is the
    management account."""
    home_region: str | None = None
    enabled_regions: tuple[str, ...] = ()
    """Opt-in regions that every account has enabled."""

    def check(self) -> None:
        """Raise OrganizationFileError unless account and regions exist."""
        if self.central_account is not None:
            _check_central_account(self.organization or _example(), self.central_account)
        regions = [*([self.home_region] if self.home_region else []), *self.enabled_regions]
        if regions:
            _check_regions(regions)

    def to_json(self) -> str:
        return json.dumps(
            {
                "organization": self.organization and snapshots.document_of(self.organization),
                "central_account": self.central_account,
                "home_region": self.home_region,
                "enabled_regions": self.enabled_regions,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> InitialState:
        """What `to_json` wrote."""
        document: dict[str, Any] = json.loads(text)
        organization = document["organization"]
        return cls(
            organization=organization and snapshots.parse(json.dumps(organization), source="organization"),
            central_account=document["central_account"],
            home_region=document["home_region"],
            enabled_regions=tuple(document["enabled_regions"]),
        )


def _example() -> Organization:
    from aws_org_sandbox.organizations.accounts import EXAMPLE  # noqa: PLC0415 - loads moto

    return EXAMPLE


def _check_central_account(organization: Organization, central_account: str) -> None:
    found = organization.accounts.get(central_account)
    if found is not None and found.is_active:
        return
    state = f"({found.name}) is {found.state}" if found else f"is not in organization {organization.id}"
    raise OrganizationFileError(
        f"the central account {central_account} {state}", next_step="Name an active account of the organization."
    )


def _check_regions(regions: list[str]) -> None:
    import botocore.loaders  # noqa: PLC0415 - takes a moment, and most starts name no region

    partition = botocore.loaders.create_loader().load_data("endpoints")["partitions"][0]
    known = sorted(partition["regions"].keys() & partition["services"]["cloudformation"]["endpoints"].keys())
    for region in regions:
        if region not in known:
            near = difflib.get_close_matches(region, known, n=1)
            raise OrganizationFileError(
                f"the sandbox has no region {region}{f'; did you mean {near[0]}?' if near else ''}",
                next_step="It has the regions of the partition aws: not those of China or GovCloud.",
            )

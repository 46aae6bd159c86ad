"""The actual state of an organization without problems, and the refusal of a read."""

from __future__ import annotations

from typing import Any

from deployer.doctor.actual_state import (
    ActualState,
    Caller,
    Coverage,
    OrganizationSummary,
    Quota,
    ServiceControlPolicy,
    Trail,
    Unread,
)
from templates.names import Names
from tests.example_organization import EXAMPLE

CENTRAL = "200000000001"
MANAGEMENT = "100000000000"
SHOP = "300000000001"
NAMES = Names(prefix="deployer", organization_id="o-exampleorg1", central_account=CENTRAL, central_region="eu-west-1")
DENIED = Unread(action="some:Action", reason="not authorized", is_denied=True)
EVERYTHING = ServiceControlPolicy(
    id="p-FullAWSAccess",
    name="FullAWSAccess",
    content='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
)
TRAIL = Trail(
    name="organization-trail",
    home_region="eu-west-1",
    is_multi_region=True,
    is_organization_trail=True,
    is_logging=True,
    reads=True,
    writes=True,
)
QUOTA = Quota(
    name="StackSets", code="L-EC62D81A", service="cloudformation", used=10, added=3, limit=1_000, default=1_000
)


def actual(**changes: Any) -> ActualState:
    """An actual state without findings, except for `changes`."""
    sound: dict[str, Any] = {
        "names": NAMES,
        "organization_id": "o-exampleorg1",
        "runtime": "python3.13",
        "known_runtimes": frozenset({"python3.13"}),
        "missing_endpoints": {},
        "caller": Caller(account=CENTRAL, arn=f"arn:aws:iam::{CENTRAL}:user/someone"),
        "summary": OrganizationSummary(id="o-exampleorg1", management_account=MANAGEMENT, feature_set="ALL"),
        "organization": EXAMPLE,
        "trusted_access": "ENABLED",
        "delegated": frozenset({CENTRAL}),
        "config_problems": (),
        "coverage": Coverage(regions={SHOP: ("eu-west-1", "us-east-1"), CENTRAL: ("eu-west-1",)}, handles_pulls=False),
        "central_regions": {"eu-west-1": "opt-in-not-required", "us-east-1": "opt-in-not-required"},
        "opt_in_regions": {},
        "trails": (TRAIL,),
        "policies": dict.fromkeys((*EXAMPLE.ous, *EXAMPLE.accounts), (EVERYTHING,)),
        "quotas": (QUOTA,),
        "existing": (),
        "installations": (),
        "unread_regions": {},
    }
    return ActualState(**(sound | changes))

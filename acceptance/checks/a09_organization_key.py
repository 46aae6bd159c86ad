"""A9: aws:PrincipalOrgID is in the request context at every regional endpoint."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.roles import roles, session_of
from acceptance.rigs.stack_sets import refusal_of


def run(lab: Lab) -> Finding:
    """Assume a role of the member that trusts the organization, at the endpoint of each region."""
    auditor, seen = roles(lab).auditor, {}
    for region in lab.environment.regions:
        endpoint = _endpoint(lab, region)
        try:
            seen[endpoint] = session_of(lab, auditor, region=region).identity.arn
        except ClientError as error:
            return refuted(f"{endpoint} refused for a minute", refusal=refusal_of(error), allowed=seen)
    return held("The role was assumed at each endpoint", sessions=seen)


def _endpoint(lab: Lab, region: str) -> str:
    client: Any = lab.client("central", "sts", region)
    return f"{client.meta.endpoint_url} ({region})"


CHECK = Check(
    number=9,
    title="aws:PrincipalOrgID is in the request context at every regional endpoint",
    run=run,
    creates=("member: a stack of roles",),
    minutes=2,
    altered_by="ORGANIZATION_UNKNOWN",
)

"""The example installation for the simulator: principals and resources with their policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from templates.names import Names
from tests.iam_simulate.judge import Policy
from tests.templates.reading import synthesize
from tests.templates.resolving import Stack

ORGANIZATION = "o-exampleorg1"
CENTRAL = "200000000001"
MEMBER = "300000000001"
OTHER_MEMBER = "300000000002"
STRANGER = "999999999999"
"""An account of no organization of ours."""
HOME, ABROAD = "eu-west-1", "us-east-1"

NAMES = Names(prefix="deployer", organization_id=ORGANIZATION, central_account=CENTRAL, central_region=HOME)

_TEMPLATES = synthesize(NAMES)
artifacts = Stack(template=_TEMPLATES["artifacts"], account=CENTRAL, region=HOME)
central = Stack(template=_TEMPLATES["central"], account=CENTRAL, region=HOME)
member = Stack(template=_TEMPLATES["access"], account=MEMBER, region=HOME)
native = Stack(template=_TEMPLATES["registry-creation-templates"], account=MEMBER, region=ABROAD)
forwarding = Stack(template=_TEMPLATES["forwarding"], account=MEMBER, region=ABROAD)

BUS = central.arn("EventBus")
FAILURES = central.arn("FailuresQueue")
LEDGER = central.arn("LedgerTable")
HANDLER_RULE = central.arn("HandlerRule")
FORWARDING_RULE = forwarding.arn("ForwardingRule")
DEAD_LETTERS = forwarding.arn("DeadLetterQueue")
CREATOR_ROLE = member.arn("CreatorRole")
FORWARDING_ROLE = member.arn("ForwardingRole")
AUDITOR_ROLE = member.arn("AuditorRole")
REPAIRER_ROLE = member.arn("RepairerRole")
CLEANER_ROLE = member.arn("CleanerRole")
HANDLER_ROLE = central.arn("HandlerRole")
OPERATOR_ROLE = central.arn("OperatorRole")
BUCKET = artifacts.arn("ArtifactsBucket")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role in use: the principal that AWS sees, and the context keys that AWS sends in each of its calls."""

    arn: str
    policies: Sequence[Policy]
    organization: str = ORGANIZATION

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def session(self) -> str:
        name = self.arn.rpartition("/")[2]
        return f"arn:aws:sts::{self.account}:assumed-role/{name}/session"

    @property
    def context(self) -> Mapping[str, str]:
        return {
            "aws:PrincipalArn": self.arn,
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalOrgID": self.organization,
            "aws:SecureTransport": "true",
        }


def role(stack: Stack, logical_id: str) -> Role:
    """A role of a template, with the policies that the template gives it."""
    documents = [policy["PolicyDocument"] for policy in stack.resource(logical_id)["Policies"]]
    return Role(arn=stack.arn(logical_id), policies=documents)


def trust(stack: Stack, logical_id: str) -> Policy:
    document: dict[str, Any] = stack.resource(logical_id)["AssumeRolePolicyDocument"]
    return document


def document(stack: Stack, logical_id: str) -> Policy:
    """Policy of a queue or a bucket."""
    found: dict[str, Any] = stack.resource(logical_id)["PolicyDocument"]
    return found


def bus_policy() -> Policy:
    return {"Version": "2012-10-17", "Statement": [central.resource("EventBusPolicy")["Statement"]]}

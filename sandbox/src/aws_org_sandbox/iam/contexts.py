"""Condition keys that apply to every service: the caller, the source, and the owner of the resource."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import CALLED_VIA, Call, Refused
from aws_org_sandbox.iam.requests import ConditionContext, ContextValue, Values
from aws_org_sandbox.organizations import membership

Context = Mapping[str, ContextValue | str | None]


def call_context(call: Call) -> ConditionContext:
    """The global condition keys of a call. The sandbox's loopback counts as TLS, so SecureTransport is true."""
    principal = call.principal
    values: dict[str, ContextValue | str | None] = {
        **principal_context(principal.role_arn or principal.arn, account=principal.account),
        "aws:userid": principal.user_id,
        "aws:username": principal.user_name,
        "aws:SourceIdentity": principal.carried.source_identity,
        **{f"aws:PrincipalTag/{key}": value for key, value in principal.carried.tags.items()},
        "aws:SourceIp": None if call.source_ip.endswith(".amazonaws.com") else call.source_ip,
        "aws:UserAgent": call.user_agent,
        "aws:ViaAWSService": "true" if call.source_ip == CALLED_VIA else "false",
    }
    if call.source_ip == CALLED_VIA:
        values |= {"aws:CalledVia": CALLED_VIA, "aws:CalledViaFirst": CALLED_VIA, "aws:CalledViaLast": CALLED_VIA}
    return ConditionContext({**request_context(call.region), **values})


def request_context(region: str) -> Context:
    """Keys of any request, including those of services."""
    now = datetime.now(UTC)
    return {
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
    }


def principal_context(arn: str, *, account: str) -> Context:
    """Keys about the caller; a session's `aws:PrincipalArn` is its role's ARN. The same in every region (A9)."""
    return {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": "AssumedRole" if ":role/" in arn else "User",
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalOrgID": None if is_altered(Behaviour.ORGANIZATION_UNKNOWN) else lambda: organization_id(account),
        "aws:PrincipalOrgPaths": lambda: organization_path(account),
    }


def service_context(service: str, *, source_arn: str | None, source_account: str | None) -> Context:
    """Keys of a request that an AWS service makes for a resource of an account."""
    return {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": service,
        "aws:SourceArn": source_arn,
        "aws:SourceAccount": source_account,
        "aws:SourceOrgID": (lambda: organization_id(source_account)) if source_account else None,
    }


def resource_context(account: str | None) -> Context:
    """Keys about the owner of a resource."""
    if account is None:
        return {}
    return {
        "aws:ResourceAccount": account,
        "aws:ResourceOrgID": lambda: organization_id(account),
        "aws:ResourceOrgPaths": lambda: organization_path(account),
    }


def organization_id(account: str) -> Values | None:
    """The id of an account's organization."""
    try:
        organization = membership.backend_for(account).org
    except Refused:
        return None
    return (organization.id,) if organization else None


def organization_path(account: str) -> Values | None:
    """`o-…/r-…/ou-…/` of an account, as aws:PrincipalOrgPaths has it: without the account itself."""
    if membership.management_account_of(account) is None:
        return None
    organization = membership.snapshot(account)
    return ("/".join([organization.id, *organization.account_chain(account), ""]),)

"""Which regions an account of the sandbox has."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.sandbox import Sandbox


def _listed(sandbox: Sandbox, **parameters: Any) -> dict[str, str]:
    answer = sandbox.client("ec2").describe_regions(**parameters)
    return {region["RegionName"]: region["OptInStatus"] for region in answer["Regions"]}


def test_an_account_has_the_regions_that_need_no_opt_in(sandbox: Sandbox) -> None:
    listed = _listed(sandbox)
    assert {"eu-west-1", "us-east-1"} <= listed.keys()
    assert {"eu-south-2", "cn-north-1", "us-gov-west-1"}.isdisjoint(listed)
    assert set(listed.values()) == {"opt-in-not-required"}


def test_all_regions_are_listed_on_request(sandbox: Sandbox) -> None:
    assert _listed(sandbox, AllRegions=True)["eu-south-2"] == "not-opted-in"
    assert _listed(sandbox, RegionNames=["eu-west-1"]) == {"eu-west-1": "opt-in-not-required"}


ABROAD = "me-central-1"
MANAGEMENT, MEMBER = "100000000000", "300000000001"


def statuses(sandbox: Sandbox, account: str, **parameters: Any) -> dict[str, str]:
    pages = sandbox.client("account", account=account).get_paginator("list_regions").paginate(**parameters)
    return {one["RegionName"]: one["RegionOptStatus"] for page in pages for one in page["Regions"]}


def test_each_account_opts_in_for_itself(sandbox: Sandbox) -> None:
    member = sandbox.client("account", account=MEMBER)
    with sandbox.held():
        member.enable_region(RegionName=ABROAD)
        assert statuses(sandbox, MEMBER)[ABROAD] == "ENABLING"
        with pytest.raises(ClientError, match="ConflictException"):
            member.enable_region(RegionName=ABROAD)
        assert ABROAD not in _listed_in(sandbox, MEMBER)
    sandbox.settle()
    assert member.get_region_opt_status(RegionName=ABROAD)["RegionOptStatus"] == "ENABLED"
    assert _listed_in(sandbox, MEMBER)[ABROAD] == "opted-in"
    assert statuses(sandbox, MANAGEMENT)[ABROAD] == "DISABLED"
    assert statuses(sandbox, MANAGEMENT, RegionOptStatusContains=["ENABLED"]) == {}
    member.disable_region(RegionName=ABROAD)
    sandbox.settle()
    assert statuses(sandbox, MEMBER)[ABROAD] == "DISABLED"


def _listed_in(sandbox: Sandbox, account: str) -> dict[str, str]:
    answer = sandbox.client("ec2", account=account).describe_regions()
    return {region["RegionName"]: region["OptInStatus"] for region in answer["Regions"]}


@pytest.mark.parametrize("region", ["eu-west-1", "eu-nowhere-1"], ids=["enabled by default", "unknown"])
def test_only_opt_in_regions_can_be_enabled(sandbox: Sandbox, region: str) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        sandbox.client("account", account=MEMBER).enable_region(RegionName=region)


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("ecr", "describe_repositories", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ],
)
def test_a_region_that_is_not_enabled_accepts_no_credentials_of_the_account(
    sandbox: Sandbox, service: str, call: str, code: str
) -> None:
    client = sandbox.client(service, account=MEMBER, region=ABROAD)
    with pytest.raises(ClientError, match=code):
        getattr(client, call)()
    sandbox.enable_region(MEMBER, ABROAD)
    assert getattr(client, call)()
    with pytest.raises(ClientError, match=code):
        getattr(sandbox.client(service, account=MANAGEMENT, region=ABROAD), call)()


def test_the_management_account_may_query_members_once_the_service_is_trusted(sandbox: Sandbox) -> None:
    client = sandbox.client("account", account=MANAGEMENT)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.list_regions(AccountId=MEMBER)
    organizations = sandbox.client("organizations", account=MANAGEMENT)
    organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    sandbox.enable_region(MEMBER, ABROAD)
    assert statuses(sandbox, MANAGEMENT, AccountId=MEMBER)[ABROAD] == "ENABLED"
    for account in (MANAGEMENT, "999999999999"):  # the management account leaves its own id out
        with pytest.raises(ClientError, match="AccessDenied"):
            client.list_regions(AccountId=account)


def test_a_delegated_administrator_may_query_members_only(sandbox: Sandbox) -> None:
    organizations = sandbox.client("organizations", account=MANAGEMENT)
    organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    delegate = sandbox.client("account")
    with pytest.raises(ClientError, match="AccessDenied"):
        delegate.list_regions(AccountId=MEMBER)
    organizations.register_delegated_administrator(
        AccountId=sandbox.central_account, ServicePrincipal="account.amazonaws.com"
    )
    assert delegate.list_regions(AccountId=MEMBER)["Regions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        delegate.list_regions(AccountId=MANAGEMENT)

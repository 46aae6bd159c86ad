"""Quotas of CloudFormation, in each account."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox import quotas
from aws_org_sandbox.sandbox import Sandbox

STACK_SETS = "L-EC62D81A"


def test_an_account_has_the_default_quota_unless_it_was_raised(sandbox: Sandbox) -> None:
    client = sandbox.client("service-quotas")
    asked = {"ServiceCode": "cloudformation", "QuotaCode": STACK_SETS}
    assert client.get_service_quota(**asked)["Quota"]["Value"] == 1_000
    quotas.APPLIED["200000000001", STACK_SETS] = 2_000
    assert client.get_service_quota(**asked)["Quota"]["Value"] == 2_000
    assert (
        sandbox.client("service-quotas", account="100000000000").get_service_quota(**asked)["Quota"]["Value"] == 1_000
    )
    sandbox.reset()
    assert sandbox.client("service-quotas").get_service_quota(**asked)["Quota"]["Value"] == 1_000


def test_an_unknown_quota_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        sandbox.client("service-quotas").get_service_quota(ServiceCode="cloudformation", QuotaCode="L-00000000")

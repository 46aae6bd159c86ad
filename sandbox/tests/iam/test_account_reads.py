"""What tools read first in an account's IAM, with the answers for an account that has configured nothing."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.sandbox import Sandbox


def test_an_account_has_no_alias_and_no_password_policy(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    assert iam.list_account_aliases()["AccountAliases"] == []
    with pytest.raises(ClientError) as refused:
        iam.get_account_password_policy()
    assert refused.value.response["Error"]["Code"] == "NoSuchEntity"

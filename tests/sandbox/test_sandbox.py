from __future__ import annotations

from deployer.sandbox.accounts import CENTRAL_ACCOUNT, EXAMPLE
from deployer.sandbox.sandbox import Sandbox


def test_each_account_has_an_administrator_of_its_own(sandbox: Sandbox) -> None:
    for account_id in EXAMPLE.accounts:
        identity = sandbox.client("sts", account=account_id).get_caller_identity()
        assert identity["Account"] == account_id
        assert identity["Arn"] == f"arn:aws:iam::{account_id}:user/administrator"


def test_the_organization_is_the_example(sandbox: Sandbox) -> None:
    assert sandbox.organization == EXAMPLE
    assert sandbox.central_account == CENTRAL_ACCOUNT

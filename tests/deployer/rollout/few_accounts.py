"""The example organization with few accounts: for tests whose claims depend on neither their number nor regions.

The config files and OUs are those of the example. A roll-out makes two thirds of the calls, a deep inspection half.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.examples import CENTRAL, MANAGEMENT, SEARCH_DEV, SHOP_DEV
from tests.deployer.rollout.test_in_sandbox import roll_out
from tests.deployer.unwatched import unwatched

ALICE_SANDBOX, OLD_PROJECT = "500000000001", "600000000001"
HOME = "eu-west-1"
KEPT = frozenset({MANAGEMENT, CENTRAL, SHOP_DEV, SEARCH_DEV, ALICE_SANDBOX, OLD_PROJECT})
INSTALLED: Mapping[str, set[str]] = {account: {HOME} for account in (CENTRAL, SHOP_DEV, SEARCH_DEV)}


def roll_out_to_few(sandbox: Sandbox) -> None:
    """Remove most accounts before the first roll-out, whose central stack is small."""
    with unwatched():
        roll_out_all_to_few(sandbox)


def roll_out_all_to_few(sandbox: Sandbox) -> None:
    """The same with the whole central stack."""
    for account in sandbox.organization.accounts.keys() - KEPT:
        sandbox.remove_account(account)
    roll_out(sandbox)


begins_rolled_out_to_few = pytest.mark.begins_with(prepare=roll_out_to_few)
"""For tests that use the fixture `small_central_stack`."""
begins_all_rolled_out_to_few = pytest.mark.begins_with(prepare=roll_out_all_to_few)

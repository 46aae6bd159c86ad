from __future__ import annotations

from typing import Any

import pytest

from aws_org_sandbox.calls import Refused
from aws_org_sandbox.organizations.accounts import EXAMPLE
from aws_org_sandbox.stack_sets.model import Preferences
from aws_org_sandbox.stack_sets.targets import nearest, parse_targets, resolve

PROD, PAYMENTS = "ou-exam-prod0001", "ou-exam-paym0001"
SHOP, SEARCH, PAYMENTS_PROD, LEDGER, DEV_SHOP = (
    "300000000001",
    "300000000002",
    "300000000003",
    "300000000004",
    "400000000001",
)


def asked(*ous: str, accounts: tuple[str, ...] = (), filter_type: str | None = None) -> dict[str, Any]:
    targets: dict[str, Any] = {"OrganizationalUnitIds": list(ous), "Accounts": list(accounts)}
    return {"DeploymentTargets": targets | ({"AccountFilterType": filter_type} if filter_type else {})}


@pytest.mark.parametrize(
    ("parameters", "accounts"),
    [
        pytest.param(asked(PAYMENTS), {PAYMENTS_PROD, LEDGER}, id="an OU stands for all its accounts"),
        pytest.param(
            asked(PROD, filter_type="NONE"), {SHOP, SEARCH, PAYMENTS_PROD, LEDGER}, id="an OU includes its child OUs"
        ),
        pytest.param(
            asked(PROD, accounts=(SHOP, DEV_SHOP), filter_type="INTERSECTION"),
            {SHOP},
            id="an intersection is within the OU",
        ),
        pytest.param(
            asked(PROD, accounts=(SHOP,), filter_type="DIFFERENCE"),
            {SEARCH, PAYMENTS_PROD, LEDGER},
            id="a difference excludes accounts",
        ),
        pytest.param(
            asked(PAYMENTS, accounts=(DEV_SHOP,), filter_type="UNION"),
            {PAYMENTS_PROD, LEDGER, DEV_SHOP},
            id="a union adds accounts",
        ),
        pytest.param(
            asked(PAYMENTS, accounts=(DEV_SHOP,)),
            {PAYMENTS_PROD, LEDGER, DEV_SHOP},
            id="a union is the default of an update",
        ),
        pytest.param(
            asked("r-exam"), set(EXAMPLE.accounts) - {"100000000000"}, id="the root excludes the management account"
        ),
        pytest.param(
            asked("r-exam", accounts=("100000000000",), filter_type="INTERSECTION"),
            set(),
            id="the management account cannot be a target",
        ),
    ],
)
def test_accounts_that_an_update_targets(parameters: dict[str, Any], accounts: set[str]) -> None:
    assert set(resolve(parse_targets(parameters, "UPDATE"), EXAMPLE)) == accounts


def test_an_account_belongs_to_the_nearest_targeted_ou() -> None:
    covered = resolve(parse_targets(asked("r-exam", PROD, PAYMENTS), "CREATE"), EXAMPLE)
    assert (covered[SHOP], covered[LEDGER], covered[DEV_SHOP]) == (PROD, PAYMENTS, "r-exam")
    assert nearest(ou_ids=[PROD], chain=["r-exam"]) is None


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"Accounts": [SHOP]}, id="accounts, as for self-managed StackSets"),
        pytest.param({}, id="no targets"),
        pytest.param(asked(PROD, accounts=(SHOP,), filter_type="NONE"), id="accounts without a filter"),
        pytest.param(asked(PROD, filter_type="DIFFERENCE"), id="a filter without accounts"),
        pytest.param(asked(PROD, accounts=("1234",), filter_type="DIFFERENCE"), id="an invalid account id"),
        pytest.param(asked("Prod"), id="a name instead of an id"),
        pytest.param(asked(PROD, filter_type="EXCEPT", accounts=(SHOP,)), id="an unknown filter"),
    ],
)
def test_targets_that_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        parse_targets(parameters, "DELETE")
    assert refused.value.code == "ValidationError"


@pytest.mark.parametrize(
    ("preferences", "accounts", "tolerance", "concurrency"),
    [
        pytest.param(Preferences(), 10, 0, 1, id="by default one account at a time, and no failure"),
        pytest.param(
            Preferences(tolerance_percentage=25, concurrent_percentage=25), 10, 2, 2, id="percentages round down"
        ),
        pytest.param(
            Preferences(tolerance_percentage=5, concurrent_percentage=5), 10, 0, 1, id="concurrency is at least one"
        ),
        pytest.param(Preferences(tolerance_count=3, concurrent_count=7), 10, 3, 7, id="counts are used unchanged"),
    ],
)
def test_tolerance_and_concurrency(preferences: Preferences, accounts: int, tolerance: int, concurrency: int) -> None:
    assert (preferences.tolerance(accounts), preferences.concurrency(accounts)) == (tolerance, concurrency)

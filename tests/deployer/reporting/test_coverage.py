from __future__ import annotations

from typing import Any

import pytest

from deployer.organization import Account, Organization, OrganizationalUnit
from deployer.rendering.status import status_document
from deployer.reporting.coverage import Cell, coverage_from, coverage_of
from deployer.rollout.status import InstanceStatus, Status
from deployer.targets import Scope

ROOT, PROD, SANDBOX = "r-exam", "ou-prod", "ou-sandbox"
ORGANIZATION = Organization(
    id="o-exampleorg1",
    management_account_id="100000000000",
    ous={
        ROOT: OrganizationalUnit(id=ROOT, name="Root", parent_id=None),
        PROD: OrganizationalUnit(id=PROD, name="Prod", parent_id=ROOT),
        SANDBOX: OrganizationalUnit(id=SANDBOX, name="Sandbox", parent_id=ROOT),
    },
    accounts={
        "100000000000": Account(id="100000000000", name="management", parent_id=ROOT),
        "300000000001": Account(id="300000000001", name="shop", parent_id=PROD),
        "300000000002": Account(id="300000000002", name="search", parent_id=PROD),
        "500000000001": Account(id="500000000001", name="alice", parent_id=SANDBOX),
        "600000000001": Account(id="600000000001", name="old", parent_id=SANDBOX, state="SUSPENDED"),
    },
)


def instance(
    account: str = "300000000001", state: str = "current", part: str = "forwarding", **more: Any
) -> dict[str, Any]:
    values = {"name": "shop", "ou": "Prod", "region": "eu-west-1", "reason": None}
    return {**values, "account": account, "state": state, "stack_set": f"deployer-{part}", **more}


@pytest.mark.parametrize(
    ("instances", "cell"),
    [
        pytest.param([instance()], Cell(1, 1), id="covered"),
        pytest.param([instance(), instance("300000000002", "failed")], Cell(1, 2), id="partly covered"),
        pytest.param([instance(state="missing")], Cell(0, 1), id="not yet created"),
        pytest.param([instance(state="outdated")], Cell(0, 1), id="outdated does not count as covered"),
        pytest.param([instance(state="unexpected")], None, id="not desired"),
        pytest.param([instance(), instance("600000000001", "skipped")], Cell(1, 1), id="a suspended account"),
    ],
)
def test_the_state_of_a_cell_of_the_matrix(instances: list[dict[str, Any]], cell: Cell | None) -> None:
    assert coverage_from({"instances": instances}).cells.get(("Prod", "eu-west-1")) == cell


@pytest.mark.parametrize(
    ("cell", "level"), [(Cell(2, 2), "full"), (Cell(1, 2), "partial"), (Cell(0, 2), "lacking")], ids=str
)
def test_the_level_of_a_cell(cell: Cell, level: str) -> None:
    assert cell.level == level


def test_rows_and_columns_of_the_matrix() -> None:
    found = coverage_from(
        {
            "instances": [
                instance(part="access"),
                instance(),
                instance(region="us-east-1", ou="Prod/Payments", state="failed", reason="an SCP"),
            ]
        }
    )
    assert found.ous == ("Prod", "Prod/Payments")
    assert found.regions == ("eu-west-1", "us-east-1")
    assert found.roles == {"Prod": Cell(1, 1)}
    assert found.cells_of("Prod") == [Cell(1, 1), None]
    assert [one.why for one in found.lacking] == ["forwarding failed: an SCP"]


def test_accounts_that_no_file_enables() -> None:
    found = coverage_from({"instances": [instance(), instance("300000000002", "missing")]}, ORGANIZATION)
    assert {one.name: one.why for one in found.switched_off} == {
        "management": "the management account, which no StackSet reaches",
        "alice": "no config file enables its OU",
    }
    assert [one.account for one in found.lacking] == ["300000000002"]


def test_a_suspended_account_is_not_a_gap() -> None:
    """`status` counts it as in sync, because no roll-out reaches it."""
    instances = [instance("600000000001", "skipped", part, reason="suspended") for part in ("access", "forwarding")]
    found = coverage_from({"instances": [instance(), *instances]}, ORGANIZATION)
    assert found.lacking == ()
    assert found.roles == {}
    assert "600000000001" not in {one.account for one in found.switched_off}


def test_a_status_and_its_document_give_the_same_coverage() -> None:
    status = Status(
        stacks=(),
        scope=Scope(),
        instances=(
            InstanceStatus(
                stack_set="deployer-access", account="300000000001", region="eu-west-1", state="failed", reason="an SCP"
            ),
            InstanceStatus(
                stack_set="deployer-forwarding", account="300000000001", region="eu-west-1", state="current"
            ),
            InstanceStatus(
                stack_set="deployer-forwarding", account="999999999999", region="us-east-1", state="unexpected"
            ),
        ),
    )
    found = coverage_of(status, ORGANIZATION)
    assert found == coverage_from(status_document(status, ORGANIZATION), ORGANIZATION)
    assert (found.roles, found.cells) == ({"Prod": Cell(0, 1)}, {("Prod", "eu-west-1"): Cell(1, 1)})
    assert [(one.name, one.why) for one in found.lacking] == [("shop", "creator role failed: an SCP")]


def test_a_document_that_is_not_a_status_is_refused() -> None:
    with pytest.raises(KeyError):
        coverage_from({"repositories": []})
    with pytest.raises(ValueError, match="unknown state"):
        coverage_from({"instances": [instance(state="strange")]})

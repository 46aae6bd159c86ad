"""Resources that an inspection could not read, and whether a roll-out changes that."""

from __future__ import annotations

import pytest

from deployer.planning.damage import OLD_ROLES, Inspection
from deployer.stack_sets import InstanceKey
from handler.inspection import UNTIL_REPAIRED, Damage

HERE = InstanceKey("300000000001", "eu-west-1")


@pytest.mark.parametrize(
    ("reason", "damaged", "unreadable"),
    [
        pytest.param("an SCP denies it", False, True, id="a denial that a roll-out does not change"),
        pytest.param("the auditor role may not read it", True, False, id="an account whose roles are repaired"),
        pytest.param(UNTIL_REPAIRED, False, False, id="an account whose auditor role is repaired"),
        pytest.param(OLD_ROLES, False, False, id="an account whose roles are updated"),
    ],
)
def test_resources_that_a_roll_out_makes_readable_do_not_count(reason: str, damaged: bool, unreadable: bool) -> None:
    found = {"deployer-access": {HERE: Damage(problems=("permissions changed",))}} if damaged else {}
    inspection = Inspection(damaged=found, unread={HERE: reason})
    assert (HERE in inspection.unreadable) is unreadable

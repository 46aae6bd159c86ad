from __future__ import annotations

import pytest

from deployer.principals import role_of


@pytest.mark.parametrize(
    ("principal", "role"),
    [
        pytest.param(
            "arn:aws-cn:sts::300000000001:assumed-role/ci/build/1",
            "arn:aws-cn:iam::300000000001:role/ci",
            id="a session",
        ),
        pytest.param("arn:aws:iam::300000000001:role/ci", None, id="a role itself"),
        pytest.param("AROAEXAMPLE:deploy", None, id="an id"),
        pytest.param("", None, id="no caller"),
    ],
)
def test_the_role_behind_a_principal(principal: str, role: str | None) -> None:
    assert role_of(principal) == role

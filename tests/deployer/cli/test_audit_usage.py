"""Options of `deployer audit usage`."""

from __future__ import annotations

import pytest

from deployer.cli.main import run


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--unused-for", "soon", "is not a length of time"),
        ("--unused-for", "23h", "is less than a day"),
        ("--grace", "1y", "is not a length of time"),
        ("--ignore", "drifted", "is not one of"),
    ],
)
def test_wrong_usage_needs_no_credentials(
    option: str, value: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "usage", option, value]) == 64
    assert problem in " ".join(capsys.readouterr().err.split())

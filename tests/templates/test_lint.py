"""cfn-lint with all rules, including informational ones."""

from __future__ import annotations

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize(
    "name", ["artifacts", "central", "access", "forwarding", "registry-scanning", "registry-creation-templates"]
)
def test_cfn_lint_finds_nothing(name: str) -> None:
    from cfnlint.api import lint_file  # noqa: PLC0415 - takes 50 MB of each worker
    from cfnlint.config import ManualArgs  # noqa: PLC0415 - as above

    strict = ManualArgs(
        include_checks=["I"],
        configure_rules={"E3012": {"strict": True}},  # a number is a number, not a text of digits
        regions=["eu-west-1", "us-east-1", "eu-central-1"],
    )
    assert lint_file(GOLDEN / f"{name}.json", strict) == []

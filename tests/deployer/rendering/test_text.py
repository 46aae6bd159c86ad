"""Tables fit the width that they are given: of long paths both ends stay, where they may differ."""

from __future__ import annotations

import pytest

from deployer.rendering.text import Line, table, wrapped

ROWS = [["Workloads/Prod/Payments", "eu-west-1", "4"], ["A", "eu-west-1", "12"]]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        pytest.param(
            None, ["ou                       region     n", "Workloads/Prod/Payments  eu-west-1  4"], id="any"
        ),
        pytest.param(40, ["ou                       region     n", "Workloads/Prod/Payments  eu-west-1  4"], id="wide"),
        pytest.param(24, ["ou         region     n", "Work…ents  eu-west-1  4"], id="narrow"),
        pytest.param(5, ["ou  region     n", "…s  eu-west-1  4"], id="too narrow"),
    ],
)
def test_a_first_column_that_is_too_wide_keeps_its_ends(width: int | None, lines: list[str]) -> None:
    assert [line.text for line in table(["ou", "region", "n"], ROWS, width=width)][:2] == lines


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([Line("Root/\x1b[2J")], id="a line"),
        pytest.param(wrapped("Root/\x1b[2J", indent=0), id="wrapped"),
        pytest.param(table(["Root/\x1b[2J"], []), id="a table"),
    ],
)
def test_a_name_cannot_steer_the_terminal(lines: list[Line]) -> None:
    assert [line.text for line in lines] == ["Root/\\x1b[2J"]

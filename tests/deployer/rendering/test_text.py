"""Tables fit the given width: long paths keep both ends, by which they may differ."""

from __future__ import annotations

import shlex
from textwrap import wrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from deployer.rendering.explanations import LEFT, with_location
from deployer.rendering.text import Line, command_lines, cut, table, wrapped

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
        pytest.param([Line("Root/\x1b[2J")], id="a single line"),
        pytest.param(wrapped("Root/\x1b[2J", indent=0), id="wrapped lines"),
        pytest.param(table(["Root/\x1b[2J"], []), id="a table"),
    ],
)
def test_a_name_cannot_control_the_terminal(lines: list[Line]) -> None:
    assert [line.text for line in lines] == ["Root/\\x1b[2J"]


NAMES = [
    pytest.param("本番/決済", id="Chinese characters"),
    pytest.param("상점/결제", id="Korean"),
    pytest.param("team-🚀/🔥🔥", id="emoji"),
    pytest.param("cafe\u0301", id="combining accent"),
    pytest.param("Root/\x1b[2J", id="control characters"),
    pytest.param("Prod", id="Latin"),
]


def _column_of(line: str, text: str) -> int:
    return cell_len(line[: line.index(text)])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [None, 24])
def test_columns_are_aligned_whatever_characters_names_have(name: str, width: int | None) -> None:
    header, *rows = table(["ou", "region", "n"], [[name * 3, "eu-west-1", "4"], ["A", "eu-west-1", "4"]], width=width)
    assert {_column_of(row.text, "eu-west-1") for row in rows} == {_column_of(header.text, "region")}
    if width is not None:
        assert max(cell_len(row.text) for row in rows) <= width


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [24, 31, 80])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = wrapped(" ".join([name] * 20), indent=2, width=width)
    assert max(cell_len(line.text) for line in lines) <= width
    assert " ".join(line.text.strip() for line in lines).split() == [Line(name).text] * 20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", range(1, 12))
def test_truncated_text_fits(name: str, size: int) -> None:
    assert cell_len(cut(name * 3, size)) <= size


@pytest.mark.parametrize("name", NAMES[:-2])
def test_the_source_location_of_a_value_is_in_its_column(name: str) -> None:
    (line,) = with_location(name, "organization.yaml:1:1")
    assert _column_of(line, "organization.yaml") == LEFT + 1


@given(text=st.text(st.sampled_from("abcdef-  "), max_size=200), indent=st.integers(0, 6), width=st.integers(10, 40))
def test_ascii_is_wrapped_as_by_the_standard_library(text: str, indent: int, width: int) -> None:
    text = text.strip()
    expected = wrap(
        text,
        width=width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    assert [line.text for line in wrapped(text, indent=indent, width=width)] == expected


@given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40), min_size=1))
def test_a_command_of_several_lines_is_the_same_command(words: list[str]) -> None:
    shown = "\n".join(line.text for line in command_lines(words, indent=4))
    assert shlex.split(shown.replace(" \\\n", " ")) == words

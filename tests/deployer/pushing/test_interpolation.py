"""Variables in strings."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import ConfigurationError
from deployer.pushing.interpolation import interpolated


@pytest.mark.parametrize(
    ("text", "variables", "result"),
    [
        pytest.param("a-$X-b", {"X": "1"}, "a-1-b", id="a bare variable"),
        pytest.param("${X:-${Y:-${Z}}}", {"Z": "3"}, "3", id="a default that is a variable"),
        pytest.param("${A:-${B:-${C:-${D:-${E:-e}}}}}/x", {}, "e/x", id="defaults at any depth"),
        pytest.param("${A:-a}${B:-{b}}", {}, "a{b}", id="other braces in a default"),
        pytest.param("a$-b ${X:-}", {}, "a$-b ", id="a dollar before no name, and an empty default"),
        pytest.param("$É${X}", {"X": "1"}, "$É1", id="names are ASCII"),
        pytest.param("${X:-d}", {"X": ""}, "d", id="with a colon, empty counts as unset"),
        pytest.param("${X-d}", {"X": ""}, "", id="without a colon, empty counts as set"),
        pytest.param("${X:+set}", {"X": "1"}, "set", id="an alternative value if set"),
        pytest.param("${X+set}", {}, "", id="no alternative value if unset"),
        pytest.param("$$X", {"X": "1"}, "$X", id="an escaped dollar"),
    ],
)
def test_interpolation(text: str, variables: dict[str, str], result: str) -> None:
    assert interpolated(text, variables, where="compose.yaml") == result


@pytest.mark.parametrize("text", ["${X", "${}", "${X!}", "${1}", "${X:-${Y}"])
def test_an_invalid_expression_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"compose\.yaml: "):
        interpolated(text, {"X": "1"}, where="compose.yaml")


@given(st.text(alphabet="${}:-ABé\n"))
def test_any_text_gives_a_value_or_a_clear_error(text: str) -> None:
    with suppress(ConfigurationError):  # any other exception fails
        interpolated(text, {"A": "1"}, where="compose.yaml")

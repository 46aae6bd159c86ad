"""Variables in texts."""

from __future__ import annotations

import pytest

from deployer.pushing.interpolation import interpolated


@pytest.mark.parametrize(
    ("text", "variables", "result"),
    [
        pytest.param("a-$X-b", {"X": "1"}, "a-1-b", id="a bare variable"),
        pytest.param("${X:-${Y:-${Z}}}", {"Z": "3"}, "3", id="a default that is a variable"),
        pytest.param("${X:-d}", {"X": ""}, "d", id="empty counts as none with a colon"),
        pytest.param("${X-d}", {"X": ""}, "", id="empty counts as a value without one"),
        pytest.param("${X:+set}", {"X": "1"}, "set", id="the other value when set"),
        pytest.param("${X+set}", {}, "", id="nothing when not set"),
        pytest.param("$$X", {"X": "1"}, "$X", id="an escaped dollar"),
    ],
)
def test_interpolation(text: str, variables: dict[str, str], result: str) -> None:
    assert interpolated(text, variables, where="compose.yaml") == result

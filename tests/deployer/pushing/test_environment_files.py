"""Files that set variables, as compose reads them."""

from __future__ import annotations

import pytest

from deployer.pushing.environment_files import environment_file

SETTINGS = """# what the build is called
TAG=7
export TEAM = shop   # the owner

REGISTRY="registry.example/${TEAM}"
LITERAL='${TEAM}'
HASH=a#b
EMPTY=
not a setting
HOME=/elsewhere
"""


def test_a_file_with_variables() -> None:
    assert environment_file(SETTINGS, {"HOME": "/root"}) == {
        "TAG": "7",
        "TEAM": "shop",
        "REGISTRY": "registry.example/shop",
        "LITERAL": "${TEAM}",
        "HASH": "a#b",
        "EMPTY": "",
        "HOME": "/root",
    }


def test_a_variable_without_a_value_stays_unset() -> None:
    assert environment_file("X=${TEAM}\nY=1", {}) == {"Y": "1"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("X=a # b", "a", id="a comment after a blank"),
        pytest.param("X=a#b", "a#b", id="no comment without a blank"),
        pytest.param("X=# b", "# b", id="no comment at the beginning of a value"),
        pytest.param("X= a\t# b", "a\t# b", id="no comment after a tab"),
        pytest.param("X='it\\'s'", "it's", id="an escaped quote in single quotes"),
        pytest.param('X="a\\qb"', "a\\qb", id="an unknown escape is kept"),
        pytest.param("# Y=1\nX=a", "a", id="a comment line"),
        pytest.param("X='a # b' # c", "a # b", id="a hash in quotes"),
        pytest.param('X="a \\"b\\"\\n"', 'a "b"\n', id="escapes in double quotes"),
        pytest.param("X='a\\nb'", "a\\nb", id="no escapes in single quotes"),
        pytest.param('X="a\nb"\nY=2', "a\nb", id="several lines in quotes"),
        pytest.param('X="\\${HOME}"', "${HOME}", id="an escaped variable"),
        pytest.param("X=$HOME/x", "/root/x", id="a variable without braces"),
        pytest.param("X=${NONE:-d}", "d", id="a default"),
        pytest.param("X: a", "a", id="a colon"),
        pytest.param("  export X = a  ", "a", id="blanks"),
        pytest.param("X=a\r\nY=b\r\n", "a", id="Windows line ends"),
        pytest.param("X=a\nX=b", "b", id="set twice"),
        pytest.param("X=a=b", "a=b", id="an equals sign in the value"),
    ],
)
def test_values(text: str, value: str) -> None:
    assert environment_file(text, {"HOME": "/root"})["X"] == value

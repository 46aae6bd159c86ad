from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.globs import matches_name
from templates.denied_names import MOST_ALTERNATIVES, denied_patterns, is_denied

_GLOBS = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "-"]), min_size=1, max_size=9).map("".join)
_NAMES = st.lists(st.sampled_from(["a", "b", "/", "-"]), max_size=9).map("".join)


@pytest.mark.parametrize(
    ("glob", "patterns"),
    [
        pytest.param("team/x", ("team/x",), id="a name is its own pattern"),
        pytest.param("a/**", ("a/*",), id="two stars are one star of IAM"),
        pytest.param("tmp-*", ("tmp-*",), id="one star crosses a slash in IAM, so that more is denied"),
        pytest.param("**/tmp-*", ("*/tmp-*", "tmp-*"), id="leading stars may match no parent"),
        pytest.param("a/**/z", ("a/*/z", "a/z"), id="stars between slashes may match no part"),
        pytest.param("***/x", ("*/x", "x"), id="more than two stars are equal to two"),
        pytest.param("x**/y", ("x*/y",), id="two stars within a part match at least the slash after them"),
    ],
)
def test_the_patterns_of_a_glob(glob: str, patterns: tuple[str, ...]) -> None:
    assert denied_patterns([glob]) == patterns


@given(_GLOBS, _NAMES)
def test_every_name_that_a_glob_matches_is_denied(glob: str, name: str) -> None:
    if matches_name(glob, name):
        assert is_denied(denied_patterns([glob]), name)


@given(_GLOBS.filter(lambda glob: "*" not in glob), _NAMES)
def test_a_glob_without_stars_denies_nothing_else(glob: str, name: str) -> None:
    assert is_denied(denied_patterns([glob]), name) is (glob == name)


def test_a_glob_of_many_parents_has_few_patterns_that_deny_all_of_it() -> None:
    patterns = denied_patterns(["**/a/**/b/**/c/**/d/**/e"])
    assert len(patterns) == MOST_ALTERNATIVES
    assert all(is_denied(patterns, name) for name in ("a/b/c/d/e", "x/a/x/y/b/c/x/d/x/e", "a/b/x/c/d/e"))


def test_equal_patterns_of_two_globs_are_one() -> None:
    assert denied_patterns(["b/**", "a*", "a**"]) == ("a*", "b/*")

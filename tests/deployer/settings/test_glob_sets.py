from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.settings.glob_sets import Budget, arn_is_covered, covers_name, names_overlap, some_name_matches
from handler.globs import matches_arn, matches_beginning, matches_name
from handler.repository_names import is_valid

_PATTERNS = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "-"]), min_size=1, max_size=6).map("".join)
_NAMES = st.text("ab/-c", max_size=6)
_ARN_PATTERNS = st.tuples(st.sampled_from(["*", "1"]), st.text("a*/", min_size=1, max_size=4)).map(
    lambda parts: f"arn:aws:iam::{parts[0]}:{parts[1]}"
)
_ARNS = st.tuples(st.sampled_from(["1", "2"]), st.text("ab/", max_size=4)).map(
    lambda parts: f"arn:aws:iam::{parts[0]}:{parts[1]}"
)


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        pytest.param("**", "team-*/**", True, id="two stars cover all"),
        pytest.param("*", "team-*/**", False, id="one star stays within a part"),
        pytest.param("team-*/**", "team-a/web/**", True, id="a narrower prefix is covered"),
        pytest.param("team-a/**", "team-*/**", False, id="a wider prefix is not"),
        pytest.param("**/tmp-*", "tmp-*", True, id="two stars may match no parent"),
        pytest.param("a/**/z", "a/z", True, id="two stars between slashes may match no part"),
        pytest.param("a*", "a*", True, id="every glob covers itself"),
    ],
)
def test_whether_one_glob_covers_another(wide: str, narrow: str, is_covered: bool) -> None:
    assert covers_name(wide, narrow) is is_covered


@given(_PATTERNS, _PATTERNS, st.lists(_NAMES, max_size=20))
def test_a_covered_glob_matches_nothing_that_the_wider_one_does_not(wide: str, narrow: str, names: list[str]) -> None:
    if covers_name(wide, narrow):
        assert not [name for name in names if matches_name(narrow, name) and not matches_name(wide, name)]


_SHORT_NAMES = ["".join(name) for length in range(5) for name in itertools.product("ab/-", repeat=length)]


@given(
    st.lists(st.sampled_from(["a", "/", "*", "**/"]), min_size=1, max_size=3).map("".join),
    st.lists(st.sampled_from(["a", "/", "*", "**"]), min_size=1, max_size=2).map("".join),
)
def test_coverage_agrees_with_trying_every_short_name(wide: str, narrow: str) -> None:
    matched = [name for name in _SHORT_NAMES if matches_name(narrow, name)]
    if any(not matches_name(wide, name) for name in matched):
        assert not covers_name(wide, narrow)
    if any(matches_name(wide, name) for name in matched):
        assert names_overlap(wide, narrow)


@given(_PATTERNS, _PATTERNS, _NAMES)
def test_globs_that_share_a_name_overlap(one: str, other: str, name: str) -> None:
    if matches_name(one, name) and matches_name(other, name):
        assert names_overlap(one, other)


@given(_PATTERNS, _NAMES)
def test_a_glob_matches_a_prefix_if_it_overlaps_with_all_names_with_the_prefix(pattern: str, beginning: str) -> None:
    assert matches_beginning(pattern, beginning) is names_overlap(pattern, f"{beginning}**")


@given(_PATTERNS)
def test_every_glob_covers_itself_and_two_stars_cover_it(pattern: str) -> None:
    assert covers_name(pattern, pattern)
    assert covers_name("**", pattern)


@given(_ARN_PATTERNS, _ARN_PATTERNS, st.lists(_ARNS, max_size=20))
def test_a_covered_arn_glob_matches_nothing_that_the_wider_one_does_not(
    wide: str, narrow: str, arns: list[str]
) -> None:
    assert arn_is_covered("*", narrow, Budget())
    assert not arn_is_covered(narrow, "*", Budget())
    if arn_is_covered(wide, narrow, Budget()):
        assert not [arn for arn in arns if matches_arn(narrow, arn) and not matches_arn(wide, arn)]


_VALID_NAMES = ["".join(name) for length in range(1, 6) for name in itertools.product("ab/-", repeat=length)]
_VALID_NAMES = [name for name in _VALID_NAMES if is_valid(f"{name}a") and is_valid(f"a{name}")]
_FEW_PATTERNS = st.lists(
    st.lists(st.sampled_from(["a", "/", "*", "**", "**/", "-"]), min_size=1, max_size=3).map("".join), max_size=2
)


@given(_FEW_PATTERNS, _FEW_PATTERNS, _FEW_PATTERNS)
def test_whether_any_name_matches_agrees_with_trying_every_short_name(
    all_of: list[str], none_of: list[str], no_pattern_of: list[str]
) -> None:
    found = any(
        all(matches_name(one, name) for one in all_of)
        and not any(matches_name(one, name) for one in none_of)
        and not any(matches_arn(one, name) for one in no_pattern_of)
        for name in _VALID_NAMES
    )
    assert found <= some_name_matches(all_of, none_of=none_of, no_pattern_of=no_pattern_of)


@pytest.mark.parametrize(
    ("all_of", "none_of", "no_pattern_of", "expected"),
    [
        pytest.param(["**/b"], ["*", "*/**"], [], False, id="two globs cover it together"),
        pytest.param(["**/b"], ["*", "*/*"], [], True, id="longer names are left"),
        pytest.param(["a*"], [], ["a*"], False, id="everything is denied"),
        pytest.param(["a-/**"], [], [], False, id="no repository has such a name"),
        pytest.param(["a--b/c__d.e"], [], [], True, id="separators that ECR accepts"),
        pytest.param(["a___b"], [], [], False, id="three underscores, which ECR does not accept"),
        pytest.param(["*a" * 40, "a*" * 40], ["*b" * 40], [], True, id="too many states to decide"),
    ],
)
def test_names_that_match_some_globs_and_not_others(
    all_of: list[str], none_of: list[str], no_pattern_of: list[str], expected: bool
) -> None:
    assert some_name_matches(all_of, none_of=none_of, no_pattern_of=no_pattern_of) is expected


def test_comparing_a_hostile_pair_of_globs_terminates() -> None:
    assert covers_name("*a" * 60, "a*" * 60) in {True, False}

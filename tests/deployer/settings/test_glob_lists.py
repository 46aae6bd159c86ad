from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.settings import glob_index
from deployer.settings.glob_index import GlobIndex
from deployer.settings.glob_lists import GlobList
from deployer.settings.glob_sets import Budget, arn_is_covered, covers_name, name_is_covered, names_overlap

_NAMES = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "-"]), min_size=1, max_size=4).map("".join)
_ARNS = st.one_of(
    st.just("*"),
    st.text("a*:", min_size=1, max_size=6),
    st.tuples(st.sampled_from(["*", "1", "**"]), st.text("a*/:", min_size=1, max_size=4)).map(
        lambda parts: f"arn:*:iam::{parts[0]}:{parts[1]}"
    ),
)


def _pairwise(patterns: list[str], *, are_arns: bool) -> list[tuple[int, str]]:
    """Entries that another covers, by comparing every pair."""
    is_covered = arn_is_covered if are_arns else name_is_covered
    found = []
    for index, pattern in enumerate(patterns):
        for other_index, other in enumerate(patterns):
            is_later = other_index > index and is_covered(pattern, other, Budget())
            if other_index != index and is_covered(other, pattern, Budget()) and not is_later:
                found.append((index, other))
                break
    return found


@given(st.lists(_NAMES, max_size=6))
def test_redundant_names_equal_those_found_by_comparing_every_pair(patterns: list[str]) -> None:
    assert list(GlobList(patterns).redundant) == _pairwise(patterns, are_arns=False)


@given(st.lists(_ARNS, max_size=6))
def test_redundant_arns_equal_those_found_by_comparing_every_pair(patterns: list[str]) -> None:
    assert list(GlobList(patterns, are_arns=True).redundant) == _pairwise(patterns, are_arns=True)


@given(st.lists(_NAMES, max_size=5), _NAMES)
def test_covering_and_overlapping_globs_equal_those_found_by_comparing_each(patterns: list[str], other: str) -> None:
    globs = GlobList(patterns)
    assert globs.covering(other) == next((one for one in patterns if covers_name(one, other)), None)
    assert globs.overlap(other) == any(names_overlap(one, other) for one in patterns)


@pytest.mark.parametrize("form", ["team-{}/**", "*-{}/**/x*", "**/tmp-{}-*"])
def test_steps_grow_with_the_number_of_globs_and_not_with_its_square(form: str) -> None:
    steps = []
    for number in (200, 400):
        patterns = [form.format(index) for index in range(number)]
        index = GlobIndex(patterns)
        for pattern in patterns:
            assert index.candidates(pattern) == [patterns.index(pattern)]
        given_ = glob_index.MOST_STEPS + glob_index.STEPS_FOR_EACH * sum(map(len, patterns))
        steps.append(given_ - index.steps_left)
    assert steps[0] * 1.9 < steps[1] < steps[0] * 2.5


def test_globs_that_are_too_complex_to_compare_have_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glob_index, "MOST_STEPS", 100)
    hard = [f"{'*a' * number}*" for number in range(1, 40)]
    assert GlobList(hard).covering(hard[-1] + "b") is None
    assert GlobList(hard, complete=True).covering(hard[-1] + "b") == hard[0]
    assert GlobIndex(hard).overlaps("*c" * 40)


@pytest.mark.parametrize("text", ["\x01", "\x02*", "?**/", "other"])
def test_a_control_character_in_an_arn_is_a_character(text: str) -> None:
    assert GlobList([text, "*"], are_arns=True).redundant == ((0, "*"),)

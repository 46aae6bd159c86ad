from __future__ import annotations

import time
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler import globs


@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        pytest.param("team-a/api", "team-a/api", True, id="text matches itself"),
        pytest.param("team-a/api", "team-a/api2", False, id="a glob matches the whole name"),
        pytest.param("team-*/api", "team-a/api", True, id="one star matches a run of characters"),
        pytest.param("team-*/api", "team-/api", True, id="one star may match nothing"),
        pytest.param("team-*", "team-a/api", False, id="one star stays within a part"),
        pytest.param("*", "api", True, id="a single star matches one part"),
        pytest.param("*", "team-a/api", False, id="a single star does not match two parts"),
        pytest.param("**", "a/b/c/d", True, id="two stars match any name"),
        pytest.param("team-*/**", "team-a/web/api", True, id="two stars cross parts"),
        pytest.param("team-*/**", "team-a", False, id="a pattern below a part does not match the part itself"),
        pytest.param("**/tmp-*", "team-a/x/tmp-1", True, id="two leading stars match parents"),
        pytest.param("**/tmp-*", "tmp-1", True, id="two leading stars may match no parent"),
        pytest.param("**/tmp-*", "xtmp-1", False, id="two leading stars end at a slash"),
        pytest.param("a/**/z", "a/z", True, id="two stars between slashes may match no part"),
        pytest.param("a/**/z", "a/b/c/z", True, id="two stars between slashes match parts"),
        pytest.param("a/**/z", "a/bz", False, id="two stars between slashes match only whole parts"),
        pytest.param("team**", "team-a/api", True, id="two stars after text cross parts too"),
        pytest.param("a.c", "abc", False, id="a dot matches only a dot"),
        pytest.param("", "a", False, id="an empty glob matches no name"),
    ],
)
def test_globs_of_names(pattern: str, name: str, is_match: bool) -> None:
    assert globs.matches_name(pattern, name) is is_match


@pytest.mark.parametrize(
    ("pattern", "arn", "is_match"),
    [
        pytest.param("*", "arn:aws:iam::300000000001:role/ci", True, id="a single star matches everybody"),
        pytest.param("*", "unknown", True, id="a single star matches a caller without an ARN"),
        pytest.param("arn:aws:iam::*:role/ci-*", "arn:aws:iam::300000000001:role/ci-x", True, id="a role by prefix"),
        pytest.param("arn:aws:iam::*:role/*", "arn:aws:iam::300000000001:role/a/b/c", True, id="a star crosses paths"),
        pytest.param(
            "arn:aws:iam::*:role/ci-*",
            "arn:aws:iam::300000000001:role/x:role/ci-x",
            False,
            id="a star does not cross the parts of an ARN",
        ),
        pytest.param(
            "arn:aws:iam::*:role/a/**/b",
            "arn:aws:iam::1:role/a/b",
            False,
            id="two stars between slashes match at least one part of an ARN",
        ),
        pytest.param("arn:aws:iam::*:role/ci", "AROAEXAMPLE", False, id="a pattern for an ARN does not match an id"),
        pytest.param(
            "arn:aws:iam::3*",
            "arn:aws:iam::300000000001:role/ci",
            True,
            id="a star in a short pattern matches any text",
        ),
    ],
)
def test_globs_of_arns(pattern: str, arn: str, is_match: bool) -> None:
    assert globs.matches_arn(pattern, arn) is is_match


def _naive(pattern: str, name: str) -> bool:
    """The documented rules, implemented regardless of running time."""

    @cache
    def matches(i: int, j: int) -> bool:
        if i == len(pattern):
            return j == len(name)
        if pattern[i] != "*":
            return j < len(name) and name[j] == pattern[i] and matches(i + 1, j + 1)
        end = i
        while end < len(pattern) and pattern[end] == "*":
            end += 1
        crosses = end - i > 1
        starts_part = i == 0 or pattern[i - 1] == "/"
        if crosses and starts_part and pattern[end : end + 1] == "/" and matches(end + 1, j):
            return True
        for stop in range(j, len(name) + 1):
            if not crosses and "/" in name[j:stop]:
                return False
            if matches(end, stop):
                return True
        return False

    return matches(0, 0)


PIECES = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "/**"]), max_size=6).map("".join)


@settings(max_examples=1000)
@given(pattern=PIECES, name=st.text(alphabet="ab/", max_size=6))
def test_a_glob_equals_its_definition(pattern: str, name: str) -> None:
    assert globs.matches_name(pattern, name) is _naive(pattern, name)


@given(name=st.text(alphabet="abc/-._", min_size=1))
def test_every_name_matches_itself_and_two_stars(name: str) -> None:
    assert globs.matches_name(name, name)
    assert globs.matches_name("**", name)


def test_a_malicious_pattern_and_name_are_matched_quickly() -> None:
    began = time.thread_time()
    assert not globs.matches_name("*a" * 128, "a" * 255 + "b")
    assert not globs.matches_name("**/a*" * 50, "a/" * 127 + "b")
    assert time.thread_time() - began < 0.5


def test_the_first_match_is_returned() -> None:
    assert globs.first_name_match(["x", "a*", "**"], "abc") == "a*"
    assert globs.first_name_match(["x"], "abc") is None
    assert globs.first_arn_match(["arn:*:*:*:*:role/b", "*"], ["user", "arn:aws:iam::1:role/b"]) == "arn:*:*:*:*:role/b"

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
        pytest.param("team-a/api", "team-a/api2", False, id="a match is of the whole name"),
        pytest.param("team-*/api", "team-a/api", True, id="one star stands for a run of characters"),
        pytest.param("team-*/api", "team-/api", True, id="one star may stand for nothing"),
        pytest.param("team-*", "team-a/api", False, id="one star stays within a part"),
        pytest.param("*", "api", True, id="one star alone is one part"),
        pytest.param("*", "team-a/api", False, id="one star alone is not two parts"),
        pytest.param("**", "a/b/c/d", True, id="two stars alone are any name"),
        pytest.param("team-*/**", "team-a/web/api", True, id="two stars cross parts"),
        pytest.param("team-*/**", "team-a", False, id="all below a part is not the part itself"),
        pytest.param("**/tmp-*", "team-a/x/tmp-1", True, id="two stars in front stand for parents"),
        pytest.param("**/tmp-*", "tmp-1", True, id="two stars in front may stand for no parent"),
        pytest.param("**/tmp-*", "xtmp-1", False, id="two stars in front end at a slash"),
        pytest.param("a/**/z", "a/z", True, id="two stars between slashes may stand for no part"),
        pytest.param("a/**/z", "a/b/c/z", True, id="two stars between slashes stand for parts"),
        pytest.param("a/**/z", "a/bz", False, id="two stars between slashes do not cut parts"),
        pytest.param("team**", "team-a/api", True, id="two stars behind text cross parts too"),
        pytest.param("a.c", "abc", False, id="a dot is a dot"),
        pytest.param("", "a", False, id="nothing matches nothing"),
    ],
)
def test_a_glob_over_names(pattern: str, name: str, is_match: bool) -> None:
    assert globs.matches_name(pattern, name) is is_match


@pytest.mark.parametrize(
    ("pattern", "arn", "is_match"),
    [
        pytest.param("*", "arn:aws:iam::300000000001:role/ci", True, id="a star alone is everybody"),
        pytest.param("*", "unknown", True, id="a star alone is a caller without an ARN too"),
        pytest.param("arn:aws:iam::*:role/ci-*", "arn:aws:iam::300000000001:role/ci-x", True, id="a role by prefix"),
        pytest.param("arn:aws:iam::*:role/*", "arn:aws:iam::300000000001:role/a/b/c", True, id="a star crosses paths"),
        pytest.param(
            "arn:aws:iam::*:role/ci-*",
            "arn:aws:iam::300000000001:role/x:role/ci-x",
            False,
            id="a star does not cross the parts of an ARN",
        ),
        pytest.param("arn:aws:iam::*:role/a/**/b", "arn:aws:iam::1:role/a/b", False, id="stars need their slashes"),
        pytest.param("arn:aws:iam::*:role/ci", "AROAEXAMPLE", False, id="a pattern of an ARN is no id"),
        pytest.param("arn:aws:iam::3*", "arn:aws:iam::300000000001:role/ci", True, id="a short pattern is all text"),
    ],
)
def test_a_glob_over_arns(pattern: str, arn: str, is_match: bool) -> None:
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


def test_a_malicious_pattern_and_name_take_no_time() -> None:
    began = time.thread_time()
    assert not globs.matches_name("*a" * 128, "a" * 255 + "b")
    assert not globs.matches_name("**/a*" * 50, "a/" * 127 + "b")
    assert time.thread_time() - began < 0.5


def test_the_first_match_is_named() -> None:
    assert globs.first_name_match(["x", "a*", "**"], "abc") == "a*"
    assert globs.first_name_match(["x"], "abc") is None
    assert globs.first_arn_match(["arn:*:*:*:*:role/b", "*"], ["user", "arn:aws:iam::1:role/b"]) == "arn:*:*:*:*:role/b"

from __future__ import annotations

import string
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handler.repository_names import is_valid, namespace_of


@pytest.mark.parametrize("name", ["ab", "team-a/api", "a.b_c__d-e--f/0", "x" * 256, "1/2/3"])
def test_names_that_ecr_accepts(name: str) -> None:
    assert is_valid(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "x" * 257,
        "Api",
        "a//b",
        "/a",
        "a/",
        "a..b",
        "a___b",
        "-a",
        "a-",
        "a b",
        "ab\n",
        "ä1",
        "a\u0660",
        "a.-b",
    ],
)
def test_names_that_ecr_refuses(name: str) -> None:
    assert not is_valid(name)


WORDS = st.text(alphabet=string.ascii_lowercase + string.digits, min_size=1, max_size=8)
SEPARATORS = st.sampled_from([".", "_", "__", "-", "--", "-----", "/"])


@given(first=WORDS, others=st.lists(st.tuples(SEPARATORS, WORDS), max_size=15))
def test_words_with_single_separators_are_accepted(first: str, others: list[tuple[str, str]]) -> None:
    name = first + "".join(separator + word for separator, word in others)
    assume(len(name) >= 2)
    assert is_valid(name)


def test_a_hostile_name_is_checked_quickly() -> None:
    began = time.thread_time()
    assert not is_valid("a-" * 127 + "A")
    assert not is_valid("a" * 10_000_000 + "!")
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(("name", "namespace"), [("api", ""), ("team-a/api", "team-a"), ("a/b/c", "a/b")])
def test_the_namespace_is_everything_before_the_last_part(name: str, namespace: str) -> None:
    assert namespace_of(name) == namespace

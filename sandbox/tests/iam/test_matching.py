from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aws_org_sandbox.iam.matching import like


def _matches(value: str, pattern: str) -> bool:
    """By trying every length for each wildcard."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(_matches(value[length:], pattern[1:]) for length in range(len(value) + 1))
    return bool(value) and pattern[0] in {"?", value[0]} and _matches(value[1:], pattern[1:])


@given(st.text("ab.", max_size=6), st.text("ab*?.", max_size=6))
def test_a_value_is_like_a_pattern_if_some_text_for_each_wildcard_gives_it(value: str, pattern: str) -> None:
    assert like(value, pattern) is _matches(value, pattern)


def test_a_pattern_of_many_wildcards_ends() -> None:
    assert not like("a" * 1_000, "*a" * 200 + "b")

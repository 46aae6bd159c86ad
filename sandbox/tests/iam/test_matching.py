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
def test_a_value_matches_a_pattern_if_replacing_its_wildcards_produces_the_value(value: str, pattern: str) -> None:
    assert like(value, pattern) is _matches(value, pattern)


def test_matching_a_pattern_of_many_wildcards_terminates() -> None:
    assert not like("a" * 1_000, "*a" * 200 + "b")

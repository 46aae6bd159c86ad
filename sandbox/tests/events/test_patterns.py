"""Event patterns: which events they match, by EventBridge's documented rules, and which patterns are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.events.models import EventPattern

from aws_org_sandbox.events.operators import PatternError
from aws_org_sandbox.events.patterns import MAX_LENGTH, parse

PUSH = {
    "source": "aws.ecr",
    "account": "300000000001",
    "detail-type": "AWS API Call via CloudTrail",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "eventSource": "ecr.amazonaws.com",
        "errorCode": "RepositoryNotFoundException",
        "requestParameters": {"repositoryName": "team-a/api", "layers": 0, "registryId": None},
        "tags": [{"key": "env", "value": "prod"}, {"key": "team", "value": "a"}],
        "empty": [],
        "nothing": {},
    },
}


def matches(pattern: dict[str, Any], event: dict[str, Any] | None = None) -> bool:
    return parse(json.dumps(pattern)).matches(event or PUSH)


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        pytest.param({"source": ["aws.ecr"]}, True, id="a value matches"),
        pytest.param({"source": ["aws.s3", "aws.ecr"]}, True, id="one of several values is enough"),
        pytest.param({"source": ["aws.ecr"], "account": ["1"]}, False, id="every field must match"),
        pytest.param({"detail": {"errorCode": ["RepositoryNotFoundException"]}}, True, id="a nested field matches"),
        pytest.param({"detail": {"errorCode": {"code": ["x"]}}}, False, id="a field below a value does not match"),
        pytest.param({"detail": ["x"]}, False, id="an object is not a value"),
        pytest.param({"resources": ["arn:b"]}, True, id="one element of an array is enough"),
        pytest.param({"resources": [{"anything-but": "arn:a"}]}, True, id="one element is enough for anything-but"),
        pytest.param({"resources": [{"suffix": ":c"}]}, False, id="no element matches"),
        pytest.param(
            {"detail": {"tags": {"key": ["env"], "value": ["prod"]}}}, True, id="one object of an array matches"
        ),
        pytest.param(
            {"detail": {"tags": {"key": ["env"], "value": ["a"]}}}, False, id="two objects together do not match"
        ),
        pytest.param({"detail": {"missing": [{"exists": False}]}}, True, id="a missing field does not exist"),
        pytest.param({"gone": {"deep": [{"exists": False}]}}, True, id="a field below a missing field does not exist"),
        pytest.param({"detail": {"errorCode": [{"exists": False}]}}, False, id="a field with a value exists"),
        pytest.param({"detail": {"errorCode": [{"exists": True}]}}, True, id="exists ignores the value"),
        pytest.param({"detail": {"requestParameters": {"registryId": [{"exists": True}]}}}, True, id="null exists"),
        pytest.param({"detail": {"requestParameters": {"registryId": [None]}}}, True, id="null matches null"),
        pytest.param({"detail": {"requestParameters": [{"exists": True}]}}, False, id="an object is not a leaf"),
        pytest.param({"detail": {"empty": [{"exists": True}]}}, False, id="an empty array has no leaf"),
        pytest.param({"detail": {"nothing": {"x": [{"exists": False}]}}}, True, id="an empty object has no field"),
        pytest.param(
            {"detail": {"errorCode": [{"exists": False}, "RepositoryNotFoundException"]}},
            True,
            id="an alternative of absence and a value",
        ),
        pytest.param({"detail": {"missing": [{"anything-but": "x"}]}}, False, id="anything-but needs a value"),
        pytest.param({"detail": {"requestParameters": {"layers": [0]}}}, True, id="zero is a value"),
        pytest.param({"detail": {"requestParameters": {"layers": [False]}}}, False, id="zero is not false"),
        pytest.param({"$or": [{"source": ["x"]}, {"account": [{"prefix": "3"}]}]}, True, id="one alternative matches"),
        pytest.param({"$or": [{"source": ["x"]}, {"account": ["1"]}]}, False, id="no alternative matches"),
        pytest.param(
            {"source": ["x"], "$or": [{"source": ["aws.ecr"]}, {"account": ["1"]}]},
            False,
            id="$or adds to the other fields",
        ),
        pytest.param(
            {"detail": {"$or": [{"errorCode": ["x"]}, {"eventSource": ["ecr.amazonaws.com"]}]}}, True, id="a nested $or"
        ),
    ],
)
def test_whether_a_pattern_matches(pattern: dict[str, Any], matched: bool) -> None:
    assert matches(pattern) is matched


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("{", "Invalid JSON", id="invalid JSON"),
        pytest.param("[]", "not an object", id="an array"),
        pytest.param("{}", "Empty objects", id="an empty object"),
        pytest.param('{"detail": {}}', "Empty objects", id="a nested empty object"),
        pytest.param('{"source": []}', "Empty arrays", id="no values"),
        pytest.param('{"source": "aws.ecr"}', "must be an object or an array", id="a bare value"),
        pytest.param('{"source": [["aws.ecr"]]}', "Match value must be", id="an array in an array"),
        pytest.param('{"source": [{"like": "a"}]}', "Unrecognized match type like", id="an unknown operator"),
        pytest.param('{"source": [{"exists": "true"}]}', "either true or false", id="exists with a string"),
        pytest.param('{"$or": [{"source": ["a"]}]}', "at least 2 objects", id="a single alternative"),
        pytest.param('{"$or": ["a", "b"]}', "at least 2 objects", id="alternatives that are not objects"),
        pytest.param(json.dumps({"source": ["x" * MAX_LENGTH]}), "at most 4096", id="too long"),
    ],
)
def test_a_malformed_pattern_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(PatternError, match=reason):
        parse(text)


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("abc*\\", max_size=4))
EVENTS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.recursive(
        VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
        max_leaves=8,
    ),
    min_size=1,
    max_size=3,
)


def _pattern_of(value: Any) -> Any:
    """A pattern that names the leaves of an event, None if there is none to name."""
    if isinstance(value, dict):
        inside = {key: pattern for key, below in value.items() if (pattern := _pattern_of(below)) is not None}
        return inside or None
    if isinstance(value, list):
        return next((pattern for below in value if (pattern := _pattern_of(below)) is not None), None)
    return [value]


@given(EVENTS)
def test_a_pattern_of_an_events_own_leaves_matches_the_event(event: dict[str, Any]) -> None:
    pattern = _pattern_of(event)
    assert pattern is None or matches(pattern, event)


@given(EVENTS, st.sampled_from(["a", "b", "c"]))
def test_a_field_with_a_leaf_exists_and_any_other_does_not(event: dict[str, Any], field: str) -> None:
    exists, absent = ({field: [{"exists": expected}]} for expected in (True, False))
    assert matches(exists, event) is not matches(absent, event)


@given(EVENTS, st.sampled_from(["a", "b", "c"]), st.text("abc", min_size=1, max_size=3))
def test_anything_but_is_the_opposite_of_the_value_for_single_leaves(
    event: dict[str, Any], field: str, value: str
) -> None:
    if field in event and not isinstance(event[field], list | dict):
        assert matches({field: [value]}, event) is not matches({field: [{"anything-but": value}]}, event)


@given(st.text("ab*", max_size=6).filter(lambda text: "**" not in text), st.text("ab", max_size=6))
def test_a_wildcard_pattern_matches_if_its_parts_occur_in_order(wildcard: str, value: str) -> None:
    first, *rest = wildcard.split("*")
    allowed = value == wildcard if not rest else _in_order(value, first, rest)
    assert matches({"a": [{"wildcard": wildcard}]}, {"a": value}) is allowed


def _in_order(value: str, first: str, rest: list[str]) -> bool:
    """Whether the parts around wildcards follow each other in a value, and the last one ends it."""
    if not value.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = value.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return value.endswith(rest[-1]) and len(value) - len(rest[-1]) >= at


def test_canary_stock_moto_lets_an_unknown_operator_match_everything() -> None:
    assert EventPattern._does_item_match_named_filter("anything", {"like": "nothing"})  # why patterns are judged here

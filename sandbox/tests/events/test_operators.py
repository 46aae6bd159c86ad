"""Operators of event patterns: what each lets through, and what EventBridge refuses as an operand."""

from __future__ import annotations

from typing import Any

import pytest

from aws_org_sandbox.events.operators import PatternError, exactly, parse_operator


@pytest.mark.parametrize(
    ("matcher", "value", "passes"),
    [
        pytest.param({"prefix": "us-"}, "us-east-1", True, id="a prefix matches"),
        pytest.param({"prefix": "us-"}, "eu-us-1", False, id="a prefix does not match inside a value"),
        pytest.param({"prefix": "1"}, 10, False, id="a prefix never matches a number"),
        pytest.param({"prefix": {"equals-ignore-case": "EventB"}}, "eventbridge", True, id="a prefix may ignore case"),
        pytest.param({"suffix": ".png"}, "a.png", True, id="a suffix matches"),
        pytest.param({"suffix": ".png"}, "a.PNG", False, id="a suffix is case-sensitive"),
        pytest.param({"suffix": {"equals-ignore-case": ".png"}}, "a.PNG", True, id="a suffix may ignore case"),
        pytest.param({"equals-ignore-case": "Alice"}, "aLICE", True, id="equals-ignore-case matches any case"),
        pytest.param(
            {"equals-ignore-case": "Alice"}, "Alicia", False, id="equals-ignore-case compares the whole value"
        ),
        pytest.param({"wildcard": "dir/*/file"}, "dir/a/b/file", True, id="a wildcard matches slashes"),
        pytest.param({"wildcard": "*"}, "", True, id="a wildcard may match nothing"),
        pytest.param({"wildcard": "a*"}, "b", False, id="the rest around a wildcard must match"),
        pytest.param({"wildcard": r"a\*b"}, "a*b", True, id="an escaped asterisk matches an asterisk"),
        pytest.param({"wildcard": r"a\*b"}, "axb", False, id="an escaped asterisk is not a wildcard"),
        pytest.param({"wildcard": "a.c"}, "abc", False, id="a dot matches only a dot"),
        pytest.param({"wildcard": "a*"}, "a\nb", True, id="a wildcard matches line breaks"),
        pytest.param({"numeric": [">", 0, "<=", 5]}, 5, True, id="a range includes its closed bound"),
        pytest.param({"numeric": [">", 0, "<=", 5]}, 0, False, id="a range excludes its open bound"),
        pytest.param({"numeric": ["=", 3]}, 3.0, True, id="numeric equality compares numbers, not strings"),
        pytest.param({"numeric": [">", 0]}, "5", False, id="a string is not a number"),
        pytest.param({"numeric": [">", 0]}, True, False, id="true is not a number"),
        pytest.param({"cidr": "10.0.0.0/24"}, "10.0.0.255", True, id="the last address of a block is in it"),
        pytest.param({"cidr": "10.0.0.0/24"}, "10.0.1.0", False, id="the next address is not in the block"),
        pytest.param({"cidr": "2001:db8::/32"}, "2001:db8::1", True, id="a block may be of IPv6"),
        pytest.param({"cidr": "10.0.0.0/24"}, "somewhere", False, id="a value that is not an address is in no block"),
        pytest.param({"anything-but": "a"}, "b", True, id="anything-but matches other values"),
        pytest.param({"anything-but": ["a", "b"]}, "b", False, id="anything-but excludes the values on its list"),
        pytest.param({"anything-but": [1, 2]}, 2, False, id="anything-but excludes the numbers on its list"),
        pytest.param({"anything-but": ["a"]}, None, True, id="anything-but matches null"),
        pytest.param({"anything-but": {"prefix": "us-"}}, "us-east-1", False, id="anything-but a prefix"),
        pytest.param({"anything-but": {"prefix": ["us-", "eu-"]}}, "eu-west-1", False, id="anything-but prefixes"),
        pytest.param({"anything-but": {"suffix": [".png", ".gif"]}}, "a.jpg", True, id="anything-but suffixes"),
        pytest.param({"anything-but": {"equals-ignore-case": ["A"]}}, "a", False, id="anything-but in any case"),
        pytest.param({"anything-but": {"wildcard": ["*/lib/*"]}}, "a/lib/b", False, id="anything-but wildcards"),
        pytest.param(
            {"anything-but": {"wildcard": "*/lib/*"}}, "a/bin/b", True, id="anything-but wildcards matches the rest"
        ),
    ],
)
def test_operator(matcher: dict[str, Any], value: Any, passes: bool) -> None:
    assert parse_operator(matcher)(value) is passes


@pytest.mark.parametrize(
    ("expected", "value", "passes"),
    [
        pytest.param("1", 1, False, id="a string is not a number"),
        pytest.param(1, True, False, id="one is not true"),
        pytest.param(300, 300.0, False, id="300 is not 300.0, because EventBridge compares strings"),
        pytest.param(None, None, True, id="null is null"),
        pytest.param("é", "é", True, id="unicode is compared as it is"),
        pytest.param("", "", True, id="the empty string is a value"),
    ],
)
def test_exact_values_are_compared_by_their_json_representation(expected: Any, value: Any, passes: bool) -> None:
    assert exactly(expected)(value) is passes


@pytest.mark.parametrize(
    ("matcher", "reason"),
    [
        pytest.param({"starts-with": "a"}, "Unrecognized match type starts-with", id="an unknown operator"),
        pytest.param({"prefix": "a", "suffix": "b"}, "Only one key", id="two operators in one object"),
        pytest.param({"prefix": ["a"]}, "must be a string", id="a prefix that is a list"),
        pytest.param({"suffix": {"wildcard": "*"}}, "Unsupported suffix pattern", id="an operator inside a suffix"),
        pytest.param({"equals-ignore-case": 1}, "must be a string", id="equals-ignore-case of a number"),
        pytest.param({"wildcard": "a**b"}, "Consecutive wildcard", id="two wildcards in a row"),
        pytest.param({"wildcard": r"a\b"}, "Invalid escape", id="a backslash before another character"),
        pytest.param({"wildcard": "a\\"}, "Invalid escape", id="a backslash at the end"),
        pytest.param({"numeric": [">", "0"]}, "must be numeric", id="a bound that is a string"),
        pytest.param({"numeric": ["!=", 0]}, "Unrecognized numeric range operator", id="an unknown comparison"),
        pytest.param({"numeric": [">"]}, "array of one or two", id="a comparison without a bound"),
        pytest.param({"numeric": ["<", 5, ">", 0]}, "Bad numeric range", id="the upper bound first"),
        pytest.param({"numeric": [">", 5, "<", 5]}, "Bottom must be less", id="an empty range"),
        pytest.param({"numeric": [">", 6e9]}, "must be numeric, between", id="a bound beyond five billion"),
        pytest.param({"cidr": "10.0.0.0/33"}, "Malformed CIDR", id="a block with an invalid size"),
        pytest.param({"anything-but": []}, "must not be empty", id="anything-but without values"),
        pytest.param({"anything-but": ["a", 1]}, "either all values", id="anything-but of mixed types"),
        pytest.param({"anything-but": {"numeric": ["=", 1]}}, "Unsupported anything-but", id="anything-but numeric"),
        pytest.param({"anything-but": {"prefix": ""}}, "must be a string", id="anything-but the empty prefix"),
    ],
)
def test_an_operand_that_eventbridge_refuses_is_refused(matcher: dict[str, Any], reason: str) -> None:
    with pytest.raises(PatternError, match=reason):
        parse_operator(matcher)

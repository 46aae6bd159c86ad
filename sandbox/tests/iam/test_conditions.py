from __future__ import annotations

import pytest

from aws_org_sandbox.iam.conditions import holds
from aws_org_sandbox.iam.policies import PolicyError
from aws_org_sandbox.iam.requests import ConditionContext

ORG = {"aws:PrincipalOrgID": "o-ours"}
SOURCES = {"events:source": ("aws.ecr",)}
TAGS = {"aws:TagKeys": ("deployer:event-id", "team")}
ROLE = {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/path/ci-build"}


@pytest.mark.parametrize(
    ("operator", "key", "values", "context", "expected"),
    [
        pytest.param("StringEquals", "aws:PrincipalOrgID", ("o-ours",), ORG, True, id="equal strings"),
        pytest.param("StringEquals", "AWS:principalorgid", ("o-ours",), ORG, True, id="keys are matched without case"),
        pytest.param("StringEquals", "aws:PrincipalOrgID", ("O-OURS",), ORG, False, id="values are matched with case"),
        pytest.param(
            "StringEqualsIgnoreCase", "aws:PrincipalOrgID", ("O-OURS",), ORG, True, id="an operator that ignores case"
        ),
        pytest.param("StringEquals", "aws:PrincipalOrgID", ("o-x", "o-ours"), ORG, True, id="one of several is enough"),
        pytest.param("StringEquals", "aws:PrincipalOrgID", ("o-ours",), {}, False, id="a missing key fails"),
        pytest.param(
            "StringEqualsIfExists", "aws:PrincipalOrgID", ("o-x",), {}, True, id="a missing key passes with IfExists"
        ),
        pytest.param(
            "StringEqualsIfExists",
            "aws:PrincipalOrgID",
            ("o-x",),
            ORG,
            False,
            id="a present key is compared with IfExists",
        ),
        pytest.param("StringNotEquals", "aws:PrincipalOrgID", ("o-x",), ORG, True, id="unequal strings"),
        pytest.param(
            "StringNotEquals", "aws:PrincipalOrgID", ("o-x", "o-ours"), ORG, False, id="unequal to all of several"
        ),
        pytest.param("StringNotEquals", "aws:PrincipalOrgID", ("o-x",), {}, True, id="a missing key is unequal"),
        pytest.param("StringLike", "aws:PrincipalOrgID", ("o-*",), ORG, True, id="patterns with a star"),
        pytest.param("StringLike", "aws:PrincipalOrgID", ("o-our?",), ORG, True, id="patterns with a question mark"),
        pytest.param("StringEquals", "aws:PrincipalOrgID", ("o-*",), ORG, False, id="equality does not match patterns"),
        pytest.param("StringNotLike", "aws:PrincipalOrgID", ("o-*",), ORG, False, id="StringNotLike"),
        pytest.param(
            "ArnLike", "aws:PrincipalArn", ("arn:aws:iam::*:role/*/ci-*",), ROLE, True, id="ARNs match part by part"
        ),
        pytest.param(
            "ArnEquals",
            "aws:PrincipalArn",
            ("arn:aws:iam::1*:role/*",),
            ROLE,
            True,
            id="ArnEquals behaves like ArnLike",
        ),
        pytest.param(
            "ArnLike", "aws:PrincipalArn", ("arn:*:role/*",), ROLE, False, id="a star matches within one part of an ARN"
        ),
        pytest.param("ArnNotLike", "aws:PrincipalArn", ("arn:aws:iam::2*:*",), ROLE, True, id="different ARNs"),
        pytest.param("Null", "aws:PrincipalArn", ("true",), {}, True, id="Null true: the key is missing"),
        pytest.param("Null", "aws:PrincipalArn", ("true",), ROLE, False, id="Null true: the key exists"),
        pytest.param("Null", "aws:PrincipalArn", ("false",), ROLE, True, id="Null false: the key exists"),
        pytest.param("Null", "aws:PrincipalArn", ("false",), {}, False, id="Null false: the key is missing"),
        pytest.param("Bool", "aws:SecureTransport", ("false",), {"aws:SecureTransport": "true"}, False, id="booleans"),
        pytest.param(
            "NumericLessThan", "n", ("10",), {"n": "9"}, True, id="numbers are compared as numbers, not as strings"
        ),
        pytest.param("NumericGreaterThanEquals", "n", ("10",), {"n": "10"}, True, id="greater than or equal"),
        pytest.param("NumericEquals", "n", ("x",), {"n": "1"}, False, id="a value that is not a number does not match"),
        pytest.param(
            "DateLessThan", "t", ("2026-01-01T00:00:00Z",), {"t": "2025-12-31T23:59:59Z"}, True, id="dates in order"
        ),
        pytest.param("DateGreaterThan", "t", ("1700000000",), {"t": "2020-01-01T00:00:00Z"}, False, id="epoch seconds"),
        pytest.param("IpAddress", "aws:SourceIp", ("10.0.0.0/8",), {"aws:SourceIp": "10.1.2.3"}, True, id="IP ranges"),
        pytest.param("ForAllValues:StringEquals", "events:source", ("aws.ecr",), SOURCES, True, id="all values match"),
        pytest.param(
            "ForAllValues:StringEquals",
            "events:source",
            ("aws.ecr",),
            {},
            True,
            id="ForAllValues without values matches",
        ),
        pytest.param(
            "ForAllValues:StringLike", "aws:TagKeys", ("deployer:*",), TAGS, False, id="one value does not match"
        ),
        pytest.param("ForAnyValue:StringLike", "aws:TagKeys", ("deployer:*",), TAGS, True, id="any value matches"),
        pytest.param(
            "ForAnyValue:StringEquals",
            "events:source",
            ("aws.ecr",),
            {},
            False,
            id="ForAnyValue without values does not match",
        ),
        pytest.param(
            "StringEquals",
            "aws:ResourceAccount",
            ("${aws:PrincipalAccount}",),
            {"aws:ResourceAccount": "1", "aws:PrincipalAccount": "1"},
            True,
            id="a policy variable is replaced",
        ),
        pytest.param(
            "StringEquals",
            "aws:ResourceAccount",
            ("${aws:PrincipalAccount}",),
            {"aws:ResourceAccount": "1"},
            False,
            id="a variable without a value matches nothing",
        ),
        *(
            pytest.param(
                operator,
                "aws:userid",
                (pattern,),
                {"aws:userid": actual},
                expected,
                id=f"{operator} {pattern} {actual}",
            )
            for operator, pattern, actual, expected in [
                ("StringLike", "a${*}", "a*", True),
                ("StringLike", "a${*}", "ab", False),
                ("StringLike", "*${?}", "ab?", True),
                ("StringLike", "*${?}", "abc", False),
                ("StringLike", "${$}{x}", "${x}", True),
                ("StringEquals", "a${*}", "a*", True),
            ]
        ),
    ],
)
def test_condition_operators(
    operator: str,
    key: str,
    values: tuple[str, ...],
    context: dict[str, str | tuple[str, ...]],
    expected: bool,
) -> None:
    assert holds({operator: {key: values}}, ConditionContext(context)) is expected


@pytest.mark.parametrize("operator", ["StringMatches", "ForSomeValues:StringEquals", "stringequals"])
def test_an_unknown_operator_is_an_error_even_if_the_key_is_missing(operator: str) -> None:
    with pytest.raises(PolicyError, match=operator):
        holds({operator: {"a": ("b",)}}, ConditionContext())


def test_all_operators_and_keys_of_a_condition_block_must_match() -> None:
    block = {"StringEquals": {"a": ("1",), "b": ("2",)}, "Null": {"c": ("true",)}}
    assert holds(block, ConditionContext({"a": "1", "b": "2"}))
    assert not holds(block, ConditionContext({"a": "1", "b": "2", "c": "3"}))
    assert not holds(block, ConditionContext({"a": "1"}))


def test_values_are_computed_only_if_a_condition_uses_them() -> None:
    asked: list[str] = []

    def value() -> tuple[str, ...]:
        asked.append("asked")
        return ("o-ours",)

    context = ConditionContext({"aws:PrincipalOrgID": value})
    assert not asked
    assert holds({"StringEquals": {"aws:PrincipalOrgID": ("o-ours",)}}, context)
    assert asked == ["asked"]

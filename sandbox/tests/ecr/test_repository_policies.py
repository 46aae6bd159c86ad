"""Repository policies that ECR accepts and refuses."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.ecr.exceptions import InvalidParameterException

from aws_org_sandbox.ecr.repository_policies import check_repository_policy
from aws_org_sandbox.iam.documents import policy_error

STATEMENT: dict[str, Any] = {"Sid": "Pull", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
ROLE = "arn:aws:iam::300000000001:role/ci"
NOT_PRINCIPAL = {key: value for key, value in STATEMENT.items() if key != "Principal"} | {"NotPrincipal": {"AWS": ROLE}}


def policy(**changes: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT | changes]})


def values(*items: Any) -> tuple[Any, ...]:
    """Items of several types."""
    return items


def condition(operator: str, value: Any) -> str:
    return policy(Condition={operator: {"aws:PrincipalOrgID": value}})


@pytest.mark.parametrize(
    "text",
    [
        policy(),
        policy(Action=["*", "ecr:*", "ECR:Get?mage"], Sid="new statement"),
        policy(Principal={"AWS": ["*", "300000000001", ROLE], "Service": "codebuild.amazonaws.com"}),
        condition("ForAnyValue:StringLikeIfExists", ["a*", 1, True]),
        condition("NumericLessThan", 1),
        condition("Null", "true"),
        condition("Bool", False),
        condition("IpAddress", "10.0.0.1/8"),
        condition("DateLessThan", "2026-01-01T00:00:00Z"),
        condition("DateLessThan", "2026-01"),
        policy(Principal={"Service": ["lambda.amazonaws.eu", "states.c2s.ic.gov"]}),
        policy(Principal={"AWS": ["arn:aws:iam::300000000001:role/a/b/c_+=,.@-1"], "Federated": "idp.example.org"}),
        condition("NumericLessThan", "${aws:PrincipalTag/most}"),
        json.dumps({"Version": "2008-10-17", "Id": "a", "Statement": STATEMENT}),
        json.dumps({"Statement": NOT_PRINCIPAL | {"Effect": "Deny"}}),
    ],
)
def test_policies_that_ecr_accepts(text: str) -> None:
    check_repository_policy(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", '{"Statement": NaN}', "[" * 10_000, '{"a": ' * 1_700),
        *(f'{{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": {json.dumps(STATEMENT)}}}', "9" * 5_000),
        *(json.dumps({"Statement": value}) for value in values([], None, {}, "a", [STATEMENT, 1])),
        *(
            json.dumps({"Statement": STATEMENT} | other)
            for other in values({"Version": "2012-10-18"}, {"Id": 1}, {"id": "a"})
        ),
        *(policy(Condition=value) for value in values({"aws:PrincipalOrgID": "o-a"}, [], None, {"StringEquals": {}})),
        *(condition(name, "true") for name in ("StringEqual", "boolean", "NullIfExists", "Each:Bool", "Numeric")),
        *(condition("StringEquals", value) for value in values([], None, {}, [["a"]])),
        *(condition(name, "x") for name in ("Bool", "Null", "NumericEquals", "DateEqualsIfExists", "NotIpAddress")),
        *(condition("IpAddress", value) for value in values("fe80::1%eth0", "10.0.0.0/255.0.0.0")),
        *(condition("DateEquals", value) for value in values("٣", "2026-13", 10**400)),
        *(condition("NumericEquals", value) for value in values("nan", "1_0", "", "٣")),
        *(policy(Action=value) for value in values([], None, 1, "s3:GetObject", "ecr:", "ecr:a b", ["ecr:*", None])),
        *(policy(**{key: "*"}) for key in ("Conditions", "effect", "Resource", "NotAction", "NotPrincipal")),
        *(policy(Effect=value) for value in values("allow", None, ["Allow"])),
        *(policy(Principal=value) for value in values(None, {}, [], ROLE, {"aws": ROLE}, {"*": "*"}, {"AWS": []})),
        *(
            policy(Principal={"AWS": value})
            for value in values(
                *("30000", 300000000001, ROLE + "*", "٣" * 12, "arn:aws:s3:::b", "arn:aws:iam::300000000001:group/a"),
                *("arn:aws:sts::300000000001:assumed-role/ci", "arn:aws:sts::300000000001:federated-user/a/b"),
                *(f"{ROLE}/", f"{ROLE}!", "arn:aws:sts::300000000001:assumed-role/c!/a"),
            )
        ),
        *(policy(Principal={"AWS": "arn:aws:iam::30000:role/reader"}), policy(Sid=1)),
        *(policy(Principal={"Federated": value}) for value in ("localhost", "a..b", ".")),
        *(policy(Principal={"Service": "ecr"}), json.dumps({"Statement": NOT_PRINCIPAL})),
    ],
    ids=lambda text: text[:120],
)
def test_policies_that_ecr_refuses(text: str) -> None:
    with pytest.raises(InvalidParameterException, match="Invalid repository policy provided"):
        check_repository_policy(text)


KEYS = st.sampled_from([*STATEMENT, "Condition", "NotPrincipal", "AWS", "Bool", "DateEquals", "Statement"])
TEXTS = st.sampled_from(["*", "Allow", ROLE])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(JSON, st.dictionaries(KEYS, JSON, max_size=2))
def test_any_json_is_accepted_or_refused_without_another_error(document: Any, changes: dict[str, Any]) -> None:
    for text in (json.dumps(document), json.dumps({"Statement": document}), policy(**changes)):
        with contextlib.suppress(InvalidParameterException):
            check_repository_policy(text)
        policy_error(text, about=None, service="ecr")

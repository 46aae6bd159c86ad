from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.ecr.exceptions import InvalidParameterException

from aws_org_sandbox.ecr.repository_policies import check_repository_policy as check_in_sandbox
from deployer.cli.main import run
from deployer.settings import read
from deployer.settings.condition_keys import KEYS, key_problem
from deployer.settings.ecr_actions import ECR_ACTIONS
from deployer.settings.policy_conditions import OPERATORS
from deployer.settings.repository_policies import check_repository_policy, repository_policy_warnings
from tests.deployer.settings.conftest import Write

CASES = Path(__file__).parents[2] / "cases" / "repository-policies"
STATEMENT: dict[str, Any] = {"Sid": "Pull", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
ORGANIZATION = {"aws:PrincipalOrgID": "o-exampleorg1"}


def _policy(**changes: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [STATEMENT | changes]}


def _without(*keys: str, **changes: Any) -> dict[str, Any]:
    return {"Statement": [{key: value for key, value in (STATEMENT | changes).items() if key not in keys}]}


def _problems(policy: dict[str, Any]) -> list[str]:
    return [".".join(map(str, path)) for path, _ in check_repository_policy(policy)]


def _warnings(policy: dict[str, Any]) -> list[str]:
    return [".".join(map(str, path)) for path, _ in repository_policy_warnings(policy)]


def _condition(operator: str, values: Any, key: str = "aws:PrincipalOrgID") -> dict[str, Any]:
    return _policy(Condition={operator: {key: values}})


def _principal(value: Any) -> dict[str, Any]:
    return _policy(Principal=value)


ROLE = "arn:aws:iam::300000000001:role"
NO_ACTIONS: tuple[Any, ...] = (
    *(1, {}, "", "ecr:", "ECS:RunTask", "ecr-public:PutImage", "ecr:Get Image", "e*", "BatchGetImage"),
)
NO_PRINCIPALS: tuple[Any, ...] = (None, {}, [], ["*"], "300000000001", ROLE + "/ci", 1)
NO_AWS_PRINCIPALS: tuple[Any, ...] = (
    *("30000", "3000000000011", "", 300000000001, [], None, {}),
    *("arn:aws:iam::30000:role/reader", ROLE + "/ci-*", ROLE, ROLE + "/", "arn:aws:iam::300000000001:*"),
    *("arn:aws:iam::*:root", "arn:aws:iam::300000000001:group/a", "arn:aws:s3:::bucket", "AROAEXAMPLEEXAMPLE"),
    *("arn:aws:iam:eu-west-1:300000000001:root", "arn:aws:sts::300000000001:assumed-role/ci", "arn:", "**"),
)

REFUSED = [
    pytest.param(_policy(Condition=ORGANIZATION), "Condition.aws:PrincipalOrgID", id="a condition without an operator"),
    pytest.param(_policy(Condition=[]), "Condition", id="a list as condition"),
    pytest.param(_policy(Condition=None), "Condition", id="null as condition"),
    pytest.param(_policy(Condition={"StringEquals": {}}), "Condition.StringEquals", id="an operator without keys"),
    pytest.param(_policy(Condition={"StringEquals": "a"}), "Condition.StringEquals", id="an operator with a string"),
    *(
        pytest.param(_condition(operator, "true"), f"Condition.{operator}", id=f"operator {operator}")
        for operator in ("StringEqual", "stringEquals", "NullIfExists", "ForEachValue:StringEquals", "Equals", "")
    ),
    *(
        pytest.param(
            _condition("StringEqualsIfExistsIfExists" if twice else "ForAnyValue:ForAnyValue:StringLike", "a"),
            "Condition.StringEqualsIfExistsIfExists" if twice else "Condition.ForAnyValue:ForAnyValue:StringLike",
            id="IfExists twice" if twice else "a set operator twice",
        )
        for twice in (True, False)
    ),
    *(
        pytest.param(
            _condition(operator, value), f"Condition.{operator}.aws:PrincipalOrgID{at}", id=f"{operator} {value}"
        )
        for operator, value, at in (
            ("StringEquals", None, ""),
            ("StringEquals", [], ""),
            ("StringEquals", {"a": "b"}, ""),
            ("StringEquals", ["a", None], ".1"),
            ("Bool", "yes", ""),
            ("Null", 1, ""),
            ("NumericLessThan", "ten", ""),
            ("DateGreaterThanIfExists", "tomorrow", ""),
            ("IpAddress", ["10.0.0.0/8", "10.0.0.256"], ".1"),
            ("NotIpAddress", "fe80::1%eth0", ""),
            ("IpAddress", "10.0.0.0/255.0.0.0", ""),
            ("DateLessThan", 10**400, ""),
            ("DateLessThan", "-1", ""),
            ("DateLessThan", "2027-13", ""),
        )
    ),
    pytest.param(_policy(Action=[]), "Action", id="no action in the list"),
    pytest.param(_policy(Action=None), "Action", id="null as action"),
    pytest.param(_without("Action", NotAction=None), "NotAction", id="null as NotAction"),
    pytest.param(_without("Action", NotAction=[]), "NotAction", id="no action in the list of NotAction"),
    *(pytest.param(_policy(Action=action), "Action", id=f"action {action}") for action in NO_ACTIONS),
    pytest.param(_policy(Action=["ecr:*", None]), "Action.1", id="null among actions"),
    pytest.param(_policy(NotAction="ecr:*"), "NotAction", id="Action and NotAction"),
    pytest.param(_policy(NotPrincipal="*", Effect="Deny"), "NotPrincipal", id="Principal and NotPrincipal"),
    pytest.param(_without("Principal", NotPrincipal={"AWS": "300000000001"}), "NotPrincipal", id="NotPrincipal allows"),
    *(pytest.param(_principal(value), "Principal", id=f"principal {value}") for value in NO_PRINCIPALS),
    *(pytest.param(_principal({"AWS": name}), "Principal.AWS", id=f"AWS {name}") for name in NO_AWS_PRINCIPALS),
    pytest.param(_principal({"AWS": ["300000000001", "3"]}), "Principal.AWS.1", id="a short account in a list"),
    pytest.param(_principal({"aws": "300000000001"}), "Principal.aws", id="aws in lower case"),
    pytest.param(_principal({"*": "*"}), "Principal.*", id="a wildcard as the principal type"),
    pytest.param(_principal({"Service": "codebuild"}), "Principal.Service", id="a service without its domain"),
    pytest.param(_principal({"Service": "*.amazonaws.com"}), "Principal.Service", id="a wildcard in a service"),
    pytest.param(_principal({"Federated": "*"}), "Principal.Federated", id="anyone federated"),
    pytest.param(_principal({"CanonicalUser": "abc"}), "Principal.CanonicalUser", id="a short canonical user"),
    *(
        pytest.param(_policy(**{key: "*"}), key, id=f"statement key {key}")
        for key in ("Conditions", "effect", "Principals", "Resource", "NotResource", "")
    ),
    *(
        pytest.param(_policy(Effect=effect), "Effect", id=f"effect {effect}")
        for effect in ("allow", "DENY", "", None, ["Allow"], True)
    ),
    pytest.param(_policy(Sid=1), "Sid", id="a number as Sid"),
]


@pytest.mark.parametrize(("policy", "key"), REFUSED)
def test_an_invalid_statement_is_a_problem_of_its_key(policy: dict[str, Any], key: str) -> None:
    assert _problems(policy) == [f"Statement.0.{key}"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        *(
            pytest.param({"Version": value}, "Version", id=f"version {value}")
            for value in ("2012-10-18", "", None, 2012, "2008-10-17 ", ["2012-10-17"])
        ),
        pytest.param({"Id": 1}, "Id", id="a number as Id"),
        pytest.param({"version": "2012-10-17"}, "version", id="version in lower case"),
        pytest.param({"Statements": []}, "Statements", id="an unknown key"),
        pytest.param({"Statement": []}, "Statement", id="no statement in the list"),
        pytest.param({"Statement": None}, "Statement", id="null as statement"),
        pytest.param({"Statement": "a"}, "Statement", id="string as statement"),
        pytest.param({"Statement": [STATEMENT, 1]}, "Statement.1", id="a number among statements"),
    ],
)
def test_an_invalid_document_is_a_problem_of_its_key(change: dict[str, Any], key: str) -> None:
    assert _problems(_policy() | change) == [key]


ACCEPTED = [
    *(_principal({"AWS": name}) for name in ("*", "300000000001", "arn:aws:iam::300000000001:root", [ROLE + "/a/b"])),
    *(
        _principal({"AWS": name})
        for name in (
            "arn:aws-us-gov:iam::300000000001:user/x@y",
            "arn:aws-cn:sts::300000000001:assumed-role/ci/run-1",
            "arn:aws:sts::300000000001:federated-user/ann",
        )
    ),
    _principal({"Service": ["codebuild.amazonaws.com", "lambda.amazonaws.com"], "AWS": "300000000001"}),
    *(
        _principal({"Service": name})
        for name in (
            *("s3.eu-south-1.amazonaws.com", "ec2.amazonaws.com.cn", "lambda.amazonaws.eu", "states.c2s.ic.gov"),
            *("lambda.sc2s.sgov.gov", "lambda.csp.hci.ic.gov", "lambda.cloud.adc-e.uk"),
        )
    ),
    _without("Principal", NotPrincipal={"AWS": "300000000001"}, Effect="Deny"),
    _without("Action", NotAction=["ecr:PutImage"], Effect="Deny"),
    _policy(Action=["*", "ecr:*", "ECR:batchgetimage", "ecr:Get*", "ecr:?utImage", "ecr:ReplicateImage"]),
    _condition("Bool", False, "aws:SecureTransport"),
    _condition("IpAddress", ["10.0.0.1/8", "2001:db8::/32"], "aws:SourceIp"),
    _condition("DateLessThan", ["2026-01-01T00:00:00Z", "1700000000"], "aws:CurrentTime"),
    _condition("DateGreaterThan", ["2027-07", "2027-07-16T19:20+01:00", 1700000000.5], "aws:CurrentTime"),
    _condition("ArnEquals", "arn:aws:lambda:eu-west-1:300000000001:function:f", "lambda:SourceFunctionArn"),
    _condition("ArnEquals", "arn:aws:ec2:eu-west-1:300000000001:instance/i-1", "ec2:SourceInstanceARN"),
    _condition("NumericEqualsIfExists", [1, "2.5"], "aws:MultiFactorAuthAge"),
    _condition("ForAllValues:StringLikeIfExists", "a*", "aws:TagKeys"),
    _condition("BoolIfExists", "${aws:PrincipalTag/x}", "AWS:SecureTransport"),
    _condition("ArnLike", "arn:aws:lambda:eu-west-1:300000000001:function:*", "aws:sourceARN"),
    _condition("ArnLike", "arn:aws:codebuild:eu-west-1:300000000001:project/*", "codebuild:ProjectArn"),
    _condition("StringEquals", "a", "ecr:resourceTag/Team/Name"),
    {"Version": "2008-10-17", "Id": "p", "Statement": [STATEMENT | {"Sid": "new statement"}, STATEMENT | {"Sid": ""}]},
]


@pytest.mark.parametrize("policy", ACCEPTED, ids=lambda policy: json.dumps(policy["Statement"])[:100])
def test_documented_policies_cause_neither_a_problem_nor_a_warning(policy: dict[str, Any]) -> None:
    assert (_problems(policy), _warnings(policy)) == ([], [])


@pytest.mark.parametrize("policy", ACCEPTED, ids=lambda policy: json.dumps(policy["Statement"])[:100])
def test_the_sandbox_accepts_documented_policies(policy: dict[str, Any]) -> None:
    check_in_sandbox(json.dumps(policy))


@pytest.mark.parametrize(("policy", "key"), REFUSED)
def test_the_sandbox_refuses_policies_that_validate_refuses(policy: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidParameterException, match="Invalid repository policy provided"):
        check_in_sandbox(json.dumps(policy))


@given(
    st.sampled_from(OPERATORS),
    st.from_regex(r"[+-]?[0-9:./eE%TZ-]{0,12}", fullmatch=True) | st.text(max_size=4) | st.integers() | st.booleans(),
)
def test_the_sandbox_refuses_the_same_values_of_conditions(operator: str, value: str | float) -> None:
    policy = _condition(operator, value)
    try:
        check_in_sandbox(json.dumps(policy))
    except InvalidParameterException:
        assert _problems(policy)
    else:
        assert not _problems(policy)


@pytest.mark.parametrize("operator", [operator for operator in OPERATORS if operator.startswith(("String", "Arn"))])
@pytest.mark.parametrize("prefix", ["", "ForAnyValue:", "ForAllValues:"])
def test_every_operator_may_have_a_set_operator_and_if_exists(operator: str, prefix: str) -> None:
    for suffix in ("", "IfExists"):
        assert _problems(_condition(f"{prefix}{operator}{suffix}", "*")) == []


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        pytest.param(
            _policy(Action=["ecr:BatchGetImages", "ecr:Get*"]), "Statement.0.Action.0", id="an unknown action of ECR"
        ),
        pytest.param(_policy(Action="ecr:" + "a*b*" * 2_000), "Statement.0.Action", id="wildcards beyond any name"),
        pytest.param(_policy(Action="ecr:***Batch*Get*Image*?"), "Statement.0.Action", id="one character too many"),
        pytest.param(_policy(Action="ecr:Fetch*"), "Statement.0.Action", id="a wildcard that matches no action"),
        pytest.param(
            _condition("StringEquals", "a", "PrincipalOrgID"),
            "Statement.0.Condition.StringEquals.PrincipalOrgID",
            id="a condition key without a prefix",
        ),
        *(
            pytest.param(
                _condition("StringEquals", "a", key), f"Statement.0.Condition.StringEquals.{key}", id=f"the key {key}"
            )
            for key in (
                "aws:PrincipleOrgID",
                "aws:PrincipalOrg",
                "ecr:RepositoryTag/x",
                "aws:PrincipalTag",
                "aws:TagKeys/x",
            )
        ),
        pytest.param(_policy(Condition={}), "Statement.0.Condition", id="an empty condition"),
        pytest.param({"Statement": [STATEMENT, STATEMENT]}, "Statement.1.Sid", id="a duplicate Sid"),
        pytest.param(_policy(Sid="pull/ü"), "Statement.0.Sid", id="other characters in a Sid"),
        pytest.param(
            _principal({"Federated": "accounts.google.com"}), "Statement.0.Principal.Federated", id="a federated user"
        ),
        pytest.param(_principal({"Service": "*"}), "Statement.0.Principal.Service", id="every service"),
        pytest.param(
            _principal({"Service": ["codebuild.amazonaws.com", "lamda.amazonaws.com"]}),
            "Statement.0.Principal.Service.1",
            id="a misspelled service",
        ),
    ],
)
def test_undocumented_elements_are_a_warning(policy: dict[str, Any], key: str) -> None:
    assert (_problems(policy), _warnings(policy)) == ([], [key])


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("aws:PrincipleOrgID", "did you mean aws:PrincipalOrgID?"),
        ("aws:SourceIP4", "did you mean aws:SourceIp?"),
        ("aws:principaltag", "as in aws:PrincipalTag/team"),
    ],
)
def test_a_misspelled_condition_key_has_a_hint(key: str, hint: str) -> None:
    assert str(key_problem(key)).endswith(hint)


@pytest.mark.parametrize("key", KEYS)
def test_capitals_make_no_difference_in_condition_keys(key: str) -> None:
    assert (key_problem(key.upper()), key_problem(key.lower())) == (None, None)


def test_every_operation_of_ecr_is_a_known_action() -> None:
    operations = botocore.session.get_session().get_service_model("ecr").operation_names
    assert sorted(ECR_ACTIONS - set(operations)) == ["BatchImportUpstreamImage", "ReplicateImage"]
    assert set(operations) <= ECR_ACTIONS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Principal", "AWS", "Action", "Condition", "StringEquals", "Sid"])
            | st.text(max_size=6),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*STATEMENT, "Condition", "NotPrincipal", "NotAction"]), JSON))
def test_any_json_is_checked_without_an_error(statement: dict[str, Any]) -> None:
    for policy in (statement, {"Statement": statement}, {"Statement": [statement, statement]}):
        assert all(message for _, message in [*check_repository_policy(policy), *repository_policy_warnings(policy)])


def test_validate_names_file_line_and_key_and_exits_2(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _written(write, json.dumps(_condition("StringEqual", "o-exampleorg1"), indent=1))
    assert [(found.file.rpartition("config/")[2], found.line, found.key) for found in read(folder)[1]] == [
        ("policies/p.json", 10, "Statement[0].Condition.StringEqual")
    ]
    assert run(["validate", "--config", str(folder)]) == 2
    assert "Statement[0].Condition.StringEqual" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "line", "key", "exit_code"),
    [
        ("condition-without-operator", 2, "Statement[0].Condition.aws:PrincipalOrgID", 2),
        ("empty-action", 1, "Statement[0].Action", 2),
        ("misspelt-operator", 3, "Statement[0].Condition.StringEqual", 2),
        ("no-such-action", 2, "Statement[0].Action[0]", 0),  # AWS does not document whether ECR refuses it: a warning
        ("principal-of-short-account", 2, "Statement[0].Principal.AWS", 2),
        ("unknown-statement-key", 2, "Statement[0].Conditions", 2),
    ],
)
def test_invalid_policies_that_earlier_versions_accepted(
    write: Write, capsys: pytest.CaptureFixture[str], name: str, line: int, key: str, exit_code: int
) -> None:
    folder = _written(write, (CASES / f"{name}.json").read_text())
    assert run(["validate", "--config", str(folder)]) == exit_code
    assert re.search(rf"policies/p\.json:{line}:\d+: (warning: )?{re.escape(key)}:", capsys.readouterr().out)


def _written(write: Write, text: str) -> Path:
    write("ous/prod.yaml", "ou: Workloads/Prod\nrepository: {repository_policy: policies/p.json}\n")
    return write("policies/p.json", text)

"""Who may call a function URL."""

from __future__ import annotations

from functools import partial

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.behaviours import Behaviour, altered
from aws_org_sandbox.credentials import Credentials, issue_administrator
from aws_org_sandbox.metrics import metrics
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.functions.urls import CALLS, admit, caller, document, forbidden, with_url
from sandbox.tests.signed_requests import post
from sandbox.tests.stacks import MEMBER, arn_of
from sandbox.tests.tiny_functions import statement


def test_a_url_that_does_not_exist_is_forbidden(sandbox: Sandbox, url: str) -> None:
    keys = sandbox.credentials(MEMBER)
    assert post(sandbox, url, keys).status == 200
    assert forbidden(post(sandbox, f"https://{'a' * 32}.lambda-url.eu-west-1.on.aws/", keys))
    sandbox.client("lambda").delete_function_url_config(FunctionName="tiny")
    assert forbidden(post(sandbox, url, keys))


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param("url", id="InvokeFunctionUrl"),
        pytest.param("function", id="InvokeFunction"),
    ],
)
def test_callers_of_other_accounts_need_both_actions_in_both_policies(sandbox: Sandbox, arn: str, missing: str) -> None:
    url = with_url(sandbox, arn)
    admit(sandbox, without=missing)
    both = caller(sandbox, statement(CALLS))
    assert forbidden(post(sandbox, url, both))
    for name in ("url", "function"):
        if name != missing:
            sandbox.client("lambda").remove_permission(FunctionName="tiny", StatementId=name)
    admit(sandbox)
    assert post(sandbox, url, both).status == 200
    held = CALLS[missing == "url"]
    assert forbidden(post(sandbox, url, caller(sandbox, statement(held), name="one-action")))
    assert forbidden(post(sandbox, url, caller(sandbox, name="none")))


def test_in_the_same_account_either_policy_is_enough(sandbox: Sandbox, arn: str) -> None:
    url, central = with_url(sandbox, arn), sandbox.central_account
    nothing = caller(sandbox, account=central, name="nothing")
    assert post(sandbox, url, caller(sandbox, statement(CALLS), account=central)).status == 200
    assert forbidden(post(sandbox, url, nothing))
    admit(sandbox)
    assert post(sandbox, url, nothing).status == 200


def test_condition_keys_of_urls(sandbox: Sandbox, url: str) -> None:
    keys = caller(
        sandbox,
        statement(CALLS[0], Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}),
        statement(CALLS[1], Condition={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
    )
    assert post(sandbox, url, keys).status == 200
    other = caller(
        sandbox,
        statement(CALLS[0], Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        statement(CALLS[1]),
        name="other",
    )
    assert forbidden(post(sandbox, url, other))


def test_a_grant_through_the_url_does_not_allow_direct_invocation(sandbox: Sandbox, url: str, arn: str) -> None:
    keys = caller(sandbox, statement("lambda:*"))
    own = caller(
        sandbox,
        statement(CALLS, Condition={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
        account=sandbox.central_account,
    )
    assert post(sandbox, url, keys).status == 200
    for one in (keys, own):
        with pytest.raises(ClientError, match="AccessDenied"):
            sandbox.client_with(one, "lambda").invoke(FunctionName=arn, Payload=b'{"requestContext": {}}')


def test_only_the_organization_is_admitted(sandbox: Sandbox, url: str) -> None:
    keys = caller(sandbox, statement(CALLS))
    assert post(sandbox, url, keys).status == 200
    with altered(Behaviour.ORGANIZATION_UNKNOWN_TO_URLS):
        assert forbidden(post(sandbox, url, keys))
    sandbox.client("lambda").remove_permission(FunctionName="tiny", StatementId="url")
    sandbox.client("lambda").add_permission(
        FunctionName="tiny",
        StatementId="url",
        Action=CALLS[0],
        Principal="*",
        FunctionUrlAuthType="AWS_IAM",
        PrincipalOrgID="o-somebodyelse",
    )
    assert forbidden(post(sandbox, url, keys))


def test_an_account_outside_the_organization_is_forbidden(sandbox: Sandbox, url: str) -> None:
    issue_administrator("999999999999")
    assert post(sandbox, url, sandbox.credentials(MEMBER)).status == 200
    assert forbidden(post(sandbox, url, sandbox.credentials("999999999999")))


def test_session_policies_and_service_control_policies_apply(sandbox: Sandbox, url: str) -> None:
    keys = caller(sandbox, statement(CALLS))
    sts = sandbox.client("sts", account=MEMBER)
    given = sts.assume_role(RoleArn=arn_of("pusher"), RoleSessionName="narrow", Policy=document(statement("ecr:*")))[
        "Credentials"
    ]
    narrow = Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )
    assert forbidden(post(sandbox, url, narrow))
    assert post(sandbox, url, keys).status == 200
    organizations = sandbox.client("organizations", account=sandbox.organization.management_account_id)
    policy = organizations.create_policy(
        Name="no-urls",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=document({"Effect": "Deny", "Action": "lambda:InvokeFunctionUrl", "Resource": "*"}),
    )
    organizations.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=MEMBER)
    assert forbidden(post(sandbox, url, keys))
    assert forbidden(post(sandbox, url, sandbox.credentials(MEMBER)))
    count = partial(metrics.total, "AWS/Lambda", FunctionName="tiny")
    assert (count("UrlRequestCount"), count("Url4xxCount"), count("Url5xxCount")) == (4, 3, 0)

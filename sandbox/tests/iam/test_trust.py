from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import utcnow
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.iam import Service, may_assume
from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original
from sandbox.tests.stacks import LAMBDA_TRUST, MEMBER, allow, arn_of, assume, deploy, policy, role, trust

CENTRAL = "200000000001"
HANDLER = f"arn:aws:iam::{CENTRAL}:role/handler"
CENTRAL_ROOT = {"AWS": f"arn:aws:iam::{CENTRAL}:root"}
CREATOR_TRUST = trust(
    CENTRAL_ROOT,
    Condition={
        "ArnEquals": {"aws:PrincipalArn": HANDLER},
        "StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"},
    },
)


def handler_session(sandbox: Sandbox, *statements: Any) -> Any:
    deploy({"Role": role("handler", *statements)}, account=CENTRAL, name="central")
    return assume(sandbox, HANDLER, account=CENTRAL)


def test_a_role_is_assumed_across_accounts_if_both_policies_allow_it(sandbox: Sandbox) -> None:
    deploy({"Role": role("creator", trusts=CREATOR_TRUST)})
    handler = handler_session(sandbox, allow("sts:AssumeRole", "arn:aws:iam::*:role/creator"))
    creator = assume(sandbox, arn_of("creator"), by=handler)
    identity = sandbox.client_with(creator, "sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{MEMBER}:assumed-role/creator/test"


@pytest.mark.parametrize(
    ("trusted", "statement"),
    [
        pytest.param(
            CREATOR_TRUST,
            allow("sts:AssumeRole", "arn:aws:iam::*:role/other"),
            id="the caller's policy allows another role",
        ),
        pytest.param(trust({"AWS": MEMBER}), allow("sts:AssumeRole"), id="the role trusts another account"),
        pytest.param(
            trust(CENTRAL_ROOT, Condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{CENTRAL}:role/x"}}),
            allow("sts:AssumeRole"),
            id="the role trusts another role of the account",
        ),
        pytest.param(
            trust(CENTRAL_ROOT, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-another"}}),
            allow("sts:AssumeRole"),
            id="the role trusts another organization",
        ),
        pytest.param(
            trust(CENTRAL_ROOT, Condition={"StringEquals": {"sts:ExternalId": "secret"}}),
            allow("sts:AssumeRole"),
            id="the external id is missing",
        ),
        pytest.param(
            trust({"Service": "lambda.amazonaws.com"}), allow("sts:AssumeRole"), id="only a service is trusted"
        ),
        pytest.param(
            CREATOR_TRUST,
            allow("sts:AssumeRole", Condition={"StringEquals": {"aws:ResourceOrgID": "o-another"}}),
            id="the role is not in the organization that the caller's policy requires",
        ),
    ],
)
def test_a_role_is_not_assumed_if_either_policy_does_not_allow_it(
    sandbox: Sandbox, trusted: Any, statement: Any
) -> None:
    deploy({"Role": role("creator", trusts=trusted)})
    handler = handler_session(sandbox, statement)
    with pytest.raises(ClientError) as caught:
        assume(sandbox, arn_of("creator"), by=handler)
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "AccessDenied",
        "Message": f"User: arn:aws:sts::{CENTRAL}:assumed-role/handler/test is not authorized to perform: "
        f"sts:AssumeRole on resource: {arn_of('creator')}",
    }


def test_a_role_that_does_not_exist_is_refused_like_any_other(sandbox: Sandbox) -> None:
    handler = handler_session(sandbox, allow("sts:AssumeRole"))
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(sandbox, arn_of("creator"), by=handler)


def test_within_an_account_a_trust_policy_that_names_the_role_is_enough(sandbox: Sandbox) -> None:
    deploy({"Role": role("worker")}, name="worker")
    deploy({"Role": role("target", trusts=trust({"AWS": arn_of("worker")}))}, name="target")
    assume(sandbox, arn_of("target"), by=assume(sandbox, arn_of("worker")))


def test_a_session_expires(sandbox: Sandbox) -> None:
    deploy({"Role": role("worker", allow("ecr:*"))})
    credentials = assume(sandbox, arn_of("worker"))
    ecr = sandbox.client_with(credentials, "ecr")
    ecr.describe_repositories()
    session = sts_backends[MEMBER]["aws"].get_assumed_role_from_access_key(credentials.access_key_id)
    assert session is not None
    session.expiration = utcnow() - timedelta(seconds=1)
    with pytest.raises(ClientError, match="ExpiredToken"):
        ecr.describe_repositories()


def test_session_durations_are_limited(sandbox: Sandbox) -> None:
    deploy({"Role": role("worker", allow("sts:AssumeRole"))}, name="worker")
    deploy({"Role": role("target")}, name="target")
    sts = sandbox.client("sts", account=MEMBER)
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        sts.assume_role(RoleArn=arn_of("target"), RoleSessionName="test", DurationSeconds=7200)
    worker = sandbox.client_with(assume(sandbox, arn_of("worker")), "sts")
    with pytest.raises(ClientError, match="role chaining"):
        worker.assume_role(RoleArn=arn_of("target"), RoleSessionName="test", DurationSeconds=7200)


def test_a_session_policy_restricts_the_role(sandbox: Sandbox) -> None:
    deploy({"Role": role("worker", allow("ecr:*"))})
    opened = sandbox.client("sts", account=MEMBER).assume_role(
        RoleArn=arn_of("worker"), RoleSessionName="test", Policy=json.dumps(policy(allow("ecr:Describe*")))
    )["Credentials"]
    ecr = sandbox.session(MEMBER).client(
        "ecr",
        aws_access_key_id=opened["AccessKeyId"],
        aws_secret_access_key=opened["SecretAccessKey"],
        aws_session_token=opened["SessionToken"],
    )
    ecr.describe_repositories()
    with pytest.raises(ClientError, match="no session policy allows"):
        ecr.create_repository(repositoryName="team-a/api")


RULE = f"arn:aws:events:eu-west-1:{MEMBER}:rule/forwarding"
FROM_HERE = {"StringEquals": {"aws:SourceAccount": MEMBER}, "ArnEquals": {"aws:SourceArn": RULE}}


@pytest.mark.parametrize(
    ("trusted", "service", "expected"),
    [
        pytest.param(LAMBDA_TRUST, "lambda.amazonaws.com", True, id="the service is trusted"),
        pytest.param(LAMBDA_TRUST, "events.amazonaws.com", False, id="another service is not trusted"),
        pytest.param(trust("*"), "lambda.amazonaws.com", True, id="everyone is trusted"),
        pytest.param(trust({"AWS": MEMBER}), "lambda.amazonaws.com", False, id="an account instead of a service"),
        pytest.param(
            trust({"Service": "events.amazonaws.com"}, Condition=FROM_HERE),
            "events.amazonaws.com",
            True,
            id="the source account matches",
        ),
        pytest.param(
            trust(
                {"Service": "events.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}
            ),
            "events.amazonaws.com",
            False,
            id="the source account does not match",
        ),
    ],
)
def test_services_are_trusted_by_name_and_source(sandbox: Sandbox, trusted: Any, service: str, expected: bool) -> None:
    deploy({"Role": role("forwarding", trusts=trusted)})
    asking = Service(principal=service, source_arn=RULE, source_account=MEMBER)
    assert may_assume(asking, arn_of("forwarding")) is expected


def test_no_service_assumes_a_missing_role(sandbox: Sandbox) -> None:
    asking = Service(principal="lambda.amazonaws.com", source_arn=RULE, source_account=MEMBER)
    assert not may_assume(asking, arn_of("nobody"))


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        pytest.param({"Policy": " " * 2049}, "ValidationError", "less than or equal to 2048", id="2,049 characters"),
        pytest.param({"Policy": "no policy"}, "MalformedPolicyDocument", "not JSON", id="invalid JSON"),
        pytest.param(
            {"Policy": json.dumps(trust("*"))},
            "MalformedPolicyDocument",
            "not specify a principal",
            id="a policy with a principal",
        ),
        pytest.param(
            {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]},
            "ValidationError",
            "PolicyArns is not supported by the sandbox",
            id="managed session policies",
        ),
        pytest.param(
            {"TransitiveTagKeys": ["team"]},
            "ValidationError",
            "must be included in the requested tags",
            id="an invalid tag",
        ),
    ],
)
def test_a_session_is_refused_if_its_policies_or_tags_are_invalid_or_cannot_be_evaluated(
    sandbox: Sandbox, parameters: dict[str, Any], code: str, message: str
) -> None:
    deploy({"Role": role("narrow", allow("ecr:*"))})
    with pytest.raises(ClientError, match=message) as refused:
        sandbox.client("sts", account=MEMBER).assume_role(
            RoleArn=arn_of("narrow"), RoleSessionName="session", **parameters
        )
    assert refused.value.response["Error"]["Code"] == code


def test_a_session_policy_of_2048_characters_is_accepted_without_an_invented_packed_size(sandbox: Sandbox) -> None:
    deploy({"Role": role("narrow", allow("ecr:*"))})
    document = json.dumps(policy(allow("ecr:DescribeRepositories"))).ljust(2048)
    sts = sandbox.client("sts", account=MEMBER)
    opened = sts.assume_role(RoleArn=arn_of("narrow"), RoleSessionName="session", Policy=document)
    assert "PackedPolicySize" not in opened


def test_canary_moto_invents_a_packed_size(sandbox: Sandbox) -> None:
    deploy({"Role": role("narrow")})
    with patch.object(TokenResponse, "assume_role", original(TokenResponse, "assume_role")):
        opened = sandbox.client("sts", account=MEMBER).assume_role(RoleArn=arn_of("narrow"), RoleSessionName="session")
    assert opened["PackedPolicySize"] == 6


ALL_THREE = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
IDENTIFIED = {"SourceIdentity": "alice@example.org"}
TAGGED = {"Tags": [{"Key": "team", "Value": "a"}, {"Key": "task", "Value": "1"}], "TransitiveTagKeys": ["team"]}


def create_caller_and_target(sandbox: Sandbox, *, caller: list[str], target: list[str]) -> None:
    """A role `caller`, which everybody here may assume with anything, and a role `target` that it assumes."""
    account = {"AWS": MEMBER}
    open_door = trust(account)
    open_door["Statement"][0]["Action"] = ALL_THREE
    narrow_door = trust(account)
    narrow_door["Statement"][0]["Action"] = target
    statement = allow(caller, arn_of("target"))
    reading = allow("ecr:DescribeRepositories", Condition={"StringEquals": {"aws:SourceIdentity": "alice@example.org"}})
    tagged = allow("ecr:DescribeRegistry", Condition={"StringEquals": {"aws:PrincipalTag/team": "a"}})
    other = allow("ecr:GetRegistryPolicy", Condition={"Null": {"aws:PrincipalTag/task": "false"}})
    deploy({"Caller": role("caller", statement, trusts=open_door)}, name="caller")
    deploy({"Target": role("target", reading, tagged, other, trusts=narrow_door)}, name="target")


def session_of(sandbox: Sandbox, name: str, by: Any = None, **options: Any) -> Any:
    sts = sandbox.client_with(by or sandbox.credentials(MEMBER), "sts")
    given = sts.assume_role(RoleArn=arn_of(name), RoleSessionName="test", **options)["Credentials"]
    return Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )


@pytest.mark.parametrize(
    ("carried", "action"),
    [(IDENTIFIED, "sts:SetSourceIdentity"), (TAGGED, "sts:TagSession")],
    ids=["a source identity", "transitive tags"],
)
@pytest.mark.parametrize("side", ["caller", "target"])
def test_source_identities_and_transitive_tags_need_permission_in_both_policies(
    sandbox: Sandbox, carried: dict[str, Any], action: str, side: str
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html"""
    create_caller_and_target(sandbox, **{"caller": ALL_THREE, "target": ALL_THREE} | {side: ["sts:AssumeRole"]})
    session_of(sandbox, "target", session_of(sandbox, "caller"))
    with pytest.raises(ClientError, match=f"not authorized to perform: {action}") as refused:
        session_of(sandbox, "target", session_of(sandbox, "caller", **carried))
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_conditions_see_source_identity_and_transitive_tags(sandbox: Sandbox) -> None:
    create_caller_and_target(sandbox, caller=ALL_THREE, target=ALL_THREE)
    plain = sandbox.client_with(session_of(sandbox, "target", session_of(sandbox, "caller")), "ecr")
    caller = session_of(sandbox, "caller", **IDENTIFIED, **TAGGED)
    carrying = sandbox.client_with(session_of(sandbox, "target", caller), "ecr")
    carrying.describe_repositories()
    carrying.describe_registry()
    with pytest.raises(ClientError, match="ecr:GetRegistryPolicy"):
        carrying.get_registry_policy()  # its tag is not transitive
    for call in (plain.describe_repositories, plain.describe_registry):
        with pytest.raises(ClientError, match="not authorized"):
            call()


@pytest.mark.parametrize(
    "options",
    [{"SourceIdentity": "mallory"}, {"Tags": [{"Key": "team", "Value": "b"}]}],
    ids=["its source identity", "a transitive tag"],
)
def test_a_session_cannot_change_its_source_identity_or_transitive_tags(
    sandbox: Sandbox, options: dict[str, Any]
) -> None:
    create_caller_and_target(sandbox, caller=ALL_THREE, target=ALL_THREE)
    caller = session_of(sandbox, "caller", **IDENTIFIED, **TAGGED)
    with pytest.raises(ClientError):
        session_of(sandbox, "target", caller, **options)

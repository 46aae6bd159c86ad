"""Every AWS call passes the gate: permissions, the call log, and internal errors."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.responses import BaseResponse
from moto.core.utils import utcnow
from moto.iam.models import IAMBackend
from moto.sts.models import sts_backends

from aws_org_sandbox import seams
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox

SHOP = "300000000001"


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


UNKNOWN = Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="anything")


@pytest.mark.parametrize(
    ("service", "operation", "unknown", "wrong"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("iam", "list_roles", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("cloudformation", "list_stacks", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("dynamodb", "list_tables", "UnrecognizedClientException", "InvalidSignatureException"),
        ("ecr", "describe_repositories", "UnrecognizedClientException", "InvalidSignatureException"),
        ("organizations", "list_accounts", "UnrecognizedClientException", "InvalidSignatureException"),
        ("lambda", "list_functions", "UnrecognizedClientException", "InvalidSignatureException"),
        ("s3", "list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    ],
)
def test_unknown_credentials_are_refused(
    sandbox: Sandbox, service: str, operation: str, unknown: str, wrong: str
) -> None:
    stolen = Credentials(access_key_id=sandbox.credentials(SHOP).access_key_id, secret_access_key="guessed")
    for credentials, expected in ((UNKNOWN, unknown), (stolen, wrong)):
        with pytest.raises(ClientError) as error:
            getattr(sandbox.client_with(credentials, service), operation)()
        assert code(error) == expected
    assert len(sandbox.calls) == 0


def test_a_session_expires(sandbox: Sandbox) -> None:
    role = f"arn:aws:iam::{SHOP}:role/OrganizationAccountAccessRole"
    issued = sandbox.client("sts", account="100000000000").assume_role(RoleArn=role, RoleSessionName="someone")[
        "Credentials"
    ]
    credentials = Credentials(
        access_key_id=issued["AccessKeyId"],
        secret_access_key=issued["SecretAccessKey"],
        session_token=issued["SessionToken"],
    )
    client = sandbox.client_with(credentials, "sts")
    assert client.get_caller_identity()["Account"] == SHOP
    without_token = Credentials(
        access_key_id=credentials.access_key_id, secret_access_key=credentials.secret_access_key
    )
    with pytest.raises(ClientError) as error:
        sandbox.client_with(without_token, "sts").get_caller_identity()
    assert code(error) == "InvalidClientTokenId"
    sts_backends[SHOP]["aws"].assumed_roles[-1].expiration = utcnow() - timedelta(seconds=1)
    with pytest.raises(ClientError) as error:
        client.get_caller_identity()
    assert code(error) == "ExpiredToken"


def test_a_request_without_signature_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{sandbox.endpoint_url}/some-bucket")
    with error.value:
        assert error.value.code == 403


def test_a_header_cannot_give_moto_another_account(sandbox: Sandbox) -> None:
    client = sandbox.session(SHOP).client("sts")
    client.meta.events.register(
        "before-sign.sts", lambda request, **_: request.headers.add_header("x-moto-account-id", "400000000001")
    )
    assert client.get_caller_identity()["Account"] == SHOP
    client.close()


@pytest.mark.parametrize("key", ["plain", "with space", "späße/+&?=#%", "a//b/../c", "tilde~(paren)'quote'*"])
def test_signatures_are_verified_for_all_kinds_of_paths(sandbox: Sandbox, key: str) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="signed", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="signed", Key=key, Body=b"content", Metadata={"some": "thing"})
    assert s3.get_object(Bucket="signed", Key=key)["Body"].read() == b"content"
    presigning = sandbox.session().client("s3", config=Config(signature_version="s3v4"))
    url = presigning.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": key})
    presigning.close()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"content"
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601"))
    with error.value:
        assert error.value.code == 403


def test_the_signature_of_a_request_with_an_arn_in_its_path_is_valid(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError) as error:
        sandbox.client("lambda").get_function(FunctionName=f"arn:aws:lambda:eu-west-1:{SHOP}:function:absent")
    assert code(error) in {"ResourceNotFoundException", "AccessDeniedException"}


def test_calls_are_recorded(sandbox: Sandbox) -> None:
    ecr = sandbox.client("ecr", account=SHOP, region="us-east-1")
    ecr.create_repository(repositoryName="team-a/api")
    with pytest.raises(ClientError):
        ecr.create_repository(repositoryName="team-a/api")
    created, refused = sandbox.calls.of("ecr", "CreateRepository", account=SHOP)
    assert (created.region, created.error_code) == ("us-east-1", None)
    assert created.parameters["repositoryName"] == "team-a/api"
    assert created.principal.arn == f"arn:aws:iam::{SHOP}:user/administrator"
    assert refused.error_code == "RepositoryAlreadyExistsException"
    assert created.milliseconds is not None


def test_an_operation_that_moto_lacks_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError) as error:
        sandbox.client("ssm").list_nodes()
    assert code(error) == "InternalFailure"
    (defect,) = sandbox.defects
    assert isinstance(defect, NotImplementedError)
    sandbox.reset()  # or the fixture would fail this test for the defect, as it should any other


def test_a_registered_answer_replaces_moto(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(call: Call) -> Mapping[str, Any]:
        if call.account == SHOP:
            raise Refused("SomethingException", "in the way", status=409)
        return {"repositories": [{"repositoryName": "answered"}]}

    monkeypatch.setitem(seams._answers, ("ecr", "DescribeRepositories"), answer)
    assert sandbox.client("ecr").describe_repositories()["repositories"] == [{"repositoryName": "answered"}]
    with pytest.raises(ClientError, match="in the way") as error:
        sandbox.client("ecr", account=SHOP).describe_repositories()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_the_registry_of_another_sandbox_is_not_a_proxy_target(sandbox: Sandbox) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": sandbox.endpoint_url}))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        opener.open("http://example.com/")


def test_the_control_api_refuses_web_pages_and_unknown_actions(sandbox: Sandbox) -> None:
    def ask(action: str, **headers: str) -> int:
        request = urllib.request.Request(f"{sandbox.endpoint_url}/_sandbox/{action}", data=b"{}", headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                assert json.loads(answer.read())
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    assert ask("status") == 200
    assert ask("nothing") == 404
    assert ask("status", Origin="https://example.com") == 403


# What moto does by itself: when one of these fails, review the seam.
def test_canary_moto_reads_the_account_from_a_header_that_the_gate_sets() -> None:
    response = BaseResponse()
    response.headers = {"x-moto-account-id": SHOP}
    assert response.get_current_account() == SHOP


def test_canary_moto_keeps_the_keys_of_users_and_sessions_in_iam() -> None:
    backend = IAMBackend("aws", "123456789012")
    backend.create_user(region_name="us-east-1", user_name="someone")
    key = backend.create_access_key("someone")
    temporary = backend.create_temp_access_key()
    assert backend.access_keys == {key.access_key_id: key, temporary.access_key_id: temporary}
    assert vars(key).keys() >= {"access_key_id", "secret_access_key", "status", "user_name", "role_arn", "create_date"}
    assert temporary.access_key_id.startswith("ASIA")

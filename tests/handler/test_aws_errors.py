from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ParamValidationError

from handler.aws_errors import are_credentials_stale, permanent_reason, translate_errors
from handler.errors import PermanentError


def refusal(code: str, *, status: int = 400, message: str = "no") -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "CreateRepository")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(refusal("AccessDeniedException"), "access-denied", id="denied access stays denied"),
        pytest.param(refusal("KmsException"), "kms-failed", id="a KMS error needs a repair"),
        pytest.param(refusal("LimitExceededException"), "quota-reached", id="a quota does not grow"),
        pytest.param(refusal("InvalidParameterException"), "settings-not-accepted", id="a setting stays wrong"),
        pytest.param(refusal("TooManyTagsException"), "settings-not-accepted", id="tags do not get fewer"),
        pytest.param(ParamValidationError(report="x"), "settings-not-accepted", id="botocore knows better"),
        pytest.param(refusal("OptInRequired", status=403), "request-not-accepted", id="an unknown code"),
        pytest.param(refusal("ThrottlingException"), None, id="throttling passes"),
        pytest.param(refusal("TooManyRequestsException", status=429), None, id="throttling has many names"),
        pytest.param(refusal("Whatever", status=429), None, id="throttling has a status"),
        pytest.param(refusal("ServerException", status=500), None, id="servers recover"),
        pytest.param(refusal("Whatever", status=503), None, id="services come back"),
        pytest.param(refusal("ExpiredTokenException"), None, id="credentials are renewed"),
        pytest.param(refusal("InvalidSignatureException", status=403), None, id="a frozen request is signed anew"),
        pytest.param(refusal("RepositoryNotFoundException"), None, id="a deleted repository is made anew"),
        pytest.param(ConnectTimeoutError(endpoint_url="x"), None, id="connections come back"),
        pytest.param(EndpointConnectionError(endpoint_url="x"), None, id="networks come back"),
        pytest.param(KeyError("x"), None, id="a defect is Lambda's to retry and keep"),
    ],
)
def test_errors_that_a_retry_does_not_resolve(error: Exception, reason: str | None) -> None:
    assert permanent_reason(error) == reason


def test_a_permanent_error_names_the_call_its_location_and_the_message_of_aws_in_one_line() -> None:
    with (
        pytest.raises(PermanentError) as raised,
        translate_errors("CreateRepository", location="300000000001 eu-west-1"),
    ):
        raise refusal("KmsException", message="the key\nis disabled")
    assert raised.value.reason == "kms-failed"
    assert raised.value.detail.startswith("CreateRepository in 300000000001 eu-west-1: ")
    assert raised.value.detail.endswith(
        r"(KmsException) when calling the CreateRepository operation: the key\u000ais disabled"
    )


def test_denied_access_may_have_a_better_reason() -> None:
    with (
        pytest.raises(PermanentError) as raised,
        translate_errors("AssumeRole", location="3", denied="role-not-assumable"),
    ):
        raise refusal("AccessDenied")
    assert raised.value.reason == "role-not-assumable"


def test_what_may_pass_passes_on() -> None:
    with pytest.raises(ClientError), translate_errors("AssumeRole", location="3"):
        raise refusal("Throttling")


def test_stale_credentials_are_known() -> None:
    assert are_credentials_stale(refusal("ExpiredTokenException"))
    assert not are_credentials_stale(refusal("AccessDeniedException"))
    assert not are_credentials_stale(ValueError())

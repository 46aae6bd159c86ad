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
        pytest.param(refusal("AccessDeniedException"), "access-denied", id="denied access is permanent"),
        pytest.param(refusal("KmsException"), "kms-failed", id="a KMS error is permanent"),
        pytest.param(refusal("LimitExceededException"), "quota-reached", id="a reached quota is permanent"),
        pytest.param(
            refusal("InvalidParameterException"), "settings-not-accepted", id="an invalid setting is permanent"
        ),
        pytest.param(refusal("TooManyTagsException"), "settings-not-accepted", id="too many tags are permanent"),
        pytest.param(
            ParamValidationError(report="x"),
            "settings-not-accepted",
            id="a parameter that botocore refuses is permanent",
        ),
        pytest.param(refusal("OptInRequired", status=403), "request-not-accepted", id="an unknown code is permanent"),
        pytest.param(refusal("ThrottlingException"), None, id="throttling is retried"),
        pytest.param(
            refusal("TooManyRequestsException", status=429), None, id="another error code of throttling is retried"
        ),
        pytest.param(refusal("Whatever", status=429), None, id="the status of throttling is retried"),
        pytest.param(refusal("ServerException", status=500), None, id="a server error is retried"),
        pytest.param(refusal("Whatever", status=503), None, id="an unavailable service is retried"),
        pytest.param(refusal("ExpiredTokenException"), None, id="expired credentials are retried"),
        pytest.param(refusal("InvalidSignatureException", status=403), None, id="an expired signature is retried"),
        pytest.param(refusal("RepositoryNotFoundException"), None, id="a deleted repository is retried"),
        pytest.param(ConnectTimeoutError(endpoint_url="x"), None, id="a connection time-out is retried"),
        pytest.param(EndpointConnectionError(endpoint_url="x"), None, id="an unreachable endpoint is retried"),
        pytest.param(KeyError("x"), None, id="an unexpected exception is left to Lambda"),
    ],
)
def test_which_errors_are_permanent_and_which_are_retried(error: Exception, reason: str | None) -> None:
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


def test_denied_access_may_have_a_more_specific_reason() -> None:
    with (
        pytest.raises(PermanentError) as raised,
        translate_errors("AssumeRole", location="3", denied="role-not-assumable"),
    ):
        raise refusal("AccessDenied")
    assert raised.value.reason == "role-not-assumable"


def test_a_temporary_error_is_raised_unchanged() -> None:
    with pytest.raises(ClientError), translate_errors("AssumeRole", location="3"):
        raise refusal("Throttling")


def test_stale_credentials_are_recognized() -> None:
    assert are_credentials_stale(refusal("ExpiredTokenException"))
    assert not are_credentials_stale(refusal("AccessDeniedException"))
    assert not are_credentials_stale(ValueError())

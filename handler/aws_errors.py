"""Which AWS errors are worth a retry, and the reason codes of the others.

Throttling, service errors, timeouts and expired credentials are raised unchanged: Lambda retries twice, minutes apart,
and then sends the event to the failures queue. AWS would refuse everything else again; three attempts would only
delay the report of the reason by minutes.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import botocore
from botocore.exceptions import ClientError, ParamValidationError

from handler import reasons
from handler.errors import PermanentError
from handler.text import clean

_TRANSIENT = frozenset(
    {
        "ConcurrentModificationException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InvalidClientTokenId",  # new credentials that have not propagated yet
        "InvalidSignatureException",  # signed before Lambda froze the process, sent after it resumed
        "ProvisionedThroughputExceededException",
        "RepositoryNotFoundException",  # deleted in the meantime: the next attempt creates it again
        "RequestExpired",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SignatureDoesNotMatch",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "UnrecognizedClientException",
    }
)

_STALE = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})

_REASONS = {
    "AccessDenied": reasons.ACCESS_DENIED,
    "AccessDeniedException": reasons.ACCESS_DENIED,
    "InvalidParameterException": reasons.SETTINGS_NOT_ACCEPTED,
    "InvalidTagParameterException": reasons.SETTINGS_NOT_ACCEPTED,
    "KmsException": reasons.KMS_FAILED,
    "LimitExceededException": reasons.QUOTA_REACHED,
    "TooManyTagsException": reasons.SETTINGS_NOT_ACCEPTED,
    "ValidationException": reasons.SETTINGS_NOT_ACCEPTED,
}

_UNKNOWN_PARAMETER = "Unknown parameter in "
"""How botocore reports a parameter that its model of the service lacks; the handler only uses AWS's parameter names."""

_MAX_DETAIL_LENGTH = 1000


def code_of(error: Exception) -> str:
    """The AWS error code, or the class name of an error that did not come from AWS."""
    return (
        str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else type(error).__name__
    )


def permanent_reason(error: Exception) -> str | None:
    """The reason code of an error that a retry cannot resolve; None if a retry may succeed."""
    if isinstance(error, ParamValidationError):
        return reasons.SDK_TOO_OLD if _UNKNOWN_PARAMETER in str(error) else reasons.SETTINGS_NOT_ACCEPTED
    if not isinstance(error, ClientError):
        return None
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if code_of(error) in _TRANSIENT or status >= 500 or status == 429:
        return None
    return _REASONS.get(code_of(error), reasons.REQUEST_NOT_ACCEPTED)


def are_credentials_stale(error: Exception) -> bool:
    """Whether AWS rejected the credentials of a call because they are expired or not yet valid."""
    return code_of(error) in _STALE


@contextmanager
def translate_errors(call: str, *, location: str, denied: str = reasons.ACCESS_DENIED) -> Iterator[None]:
    """Turn the permanent errors of one AWS call into PermanentError; `denied` is the reason code of access denied."""
    try:
        yield
    except (ClientError, ParamValidationError) as error:
        reason = permanent_reason(error)
        if reason is None:
            raise
        version = f" (botocore {botocore.__version__})" if reason == reasons.SDK_TOO_OLD else ""
        detail = clean(f"{call} in {location}{version}: {error}", limit=_MAX_DETAIL_LENGTH)
        raise PermanentError(denied if reason == reasons.ACCESS_DENIED else reason, detail) from error

"""Which of AWS's errors a retry can mend, and what the others mean.

Throttling, errors of the service, timeouts and expired credentials pass on as they are: Lambda retries twice, minutes
apart, and then hands the event to the failures queue. Everything else AWS would refuse again; trying three times would
only hide the reason for minutes.
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
        "InvalidClientTokenId",  # new credentials that have not spread yet
        "InvalidSignatureException",  # signed before Lambda froze the process, sent when it went on
        "ProvisionedThroughputExceededException",
        "RepositoryNotFoundException",  # deleted behind our back: the next attempt makes it anew
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
"""botocore's words for what its model of the service lacks; the handler itself uses no names but AWS's."""

_LONGEST_DETAIL = 1000


def code_of(error: Exception) -> str:
    """AWS's code, or the class of an error that never came from AWS."""
    return (
        str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else type(error).__name__
    )


def permanent_reason(error: Exception) -> str | None:
    """The reason code of an error that a retry does not mend; None for one that it may."""
    if isinstance(error, ParamValidationError):
        return reasons.SDK_TOO_OLD if _UNKNOWN_PARAMETER in str(error) else reasons.SETTINGS_NOT_ACCEPTED
    if not isinstance(error, ClientError):
        return None
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if code_of(error) in _TRANSIENT or status >= 500 or status == 429:
        return None
    return _REASONS.get(code_of(error), reasons.REQUEST_NOT_ACCEPTED)


def are_credentials_stale(error: Exception) -> bool:
    """Whether AWS no longer, or not yet, accepts the credentials of a call."""
    return code_of(error) in _STALE


@contextmanager
def told(call: str, *, where: str, denied: str = reasons.ACCESS_DENIED) -> Iterator[None]:
    """Turn AWS's permanent errors of one call into PermanentError; `denied` is the reason that access denied gets."""
    try:
        yield
    except (ClientError, ParamValidationError) as error:
        reason = permanent_reason(error)
        if reason is None:
            raise
        version = f" (botocore {botocore.__version__})" if reason == reasons.SDK_TOO_OLD else ""
        detail = clean(f"{call} in {where}{version}: {error}", limit=_LONGEST_DETAIL)
        raise PermanentError(denied if reason == reasons.ACCESS_DENIED else reason, detail) from error

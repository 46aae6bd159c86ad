"""Translates botocore's exceptions to `deployer.errors`, in one place, so that every command reports the same.

Wrap calls in `translated(...)`. Codes that a caller handles itself are caught inside the block, before they get here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from botocore import exceptions as botocore

from deployer.errors import (
    ConfigurationError,
    CredentialsError,
    DeployerError,
    OrganizationAccessError,
    PermissionDeniedError,
    SandboxError,
    ServiceError,
)
from deployer.local_endpoint import is_loopback
from deployer.quotas import increase, quota_of_call

_REFUSED_CREDENTIALS = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"}
THROTTLED = {
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
}
QUOTA_REACHED = {"LimitExceeded", "LimitExceededException", "ServiceLimitExceeded", "ServiceQuotaExceededException"}
_NO_CREDENTIALS = (
    botocore.CredentialRetrievalError,
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.ProfileNotFound,
    botocore.SSOError,
    botocore.TokenRetrievalError,
)
_UNUSABLE_SETTINGS = (botocore.ConfigNotFound, botocore.ConfigParseError, botocore.InvalidConfigError)
_UNREACHABLE = (botocore.ConnectionError, botocore.HTTPClientError)
_CUT_OFF = (botocore.ConnectionClosedError, botocore.ReadTimeoutError)
"""Something responded, so the sandbox is running."""
_SIGN_IN = "Sign in (`aws sso login`, or set AWS_PROFILE or --profile) and run the command again."


def code_of(error: botocore.ClientError) -> str:
    """AWS's error code, as in `StackSetNotFoundException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: botocore.ClientError) -> str:
    """AWS's message, without botocore's preamble."""
    return str(error.response.get("Error", {}).get("Message", "")) or code_of(error)


def lacks_permission(error: botocore.ClientError) -> bool:
    """Whether the caller's own policies do not allow a call; False if something else denies it, such as an SCP.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if code_of(error) not in _DENIED:
        return False
    message = message_of(error)
    because = message.partition(" because ")[2]
    return "explicit deny" not in message and (not because or "identity-based policy" in because)


@contextmanager
def translated(location: str = "") -> Iterator[None]:
    """Raise errors that a user can act on; `location` names account or region unless they are the caller's own."""
    try:
        yield
    except botocore.ClientError as error:
        raise _from_answer(error, location) from error
    except _NO_CREDENTIALS as error:
        raise CredentialsError(f"No AWS credentials: {error}", next_step=_SIGN_IN) from error
    except botocore.NoRegionError as error:
        raise ConfigurationError("No AWS region is set", next_step="Set AWS_REGION, or use --profile.") from error
    except _UNUSABLE_SETTINGS as error:
        raise unusable_settings(error) from error
    except botocore.WaiterError as error:
        raise ServiceError(
            f"AWS did not finish in time: {error}", next_step="Run the command again in a few minutes to resume."
        ) from error
    except _UNREACHABLE as error:
        raise _unreachable(error) from error


def unusable_settings(error: Exception) -> ConfigurationError:
    """What is wrong with AWS_… variables or the AWS CLI's own files."""
    return ConfigurationError(
        f"The AWS settings cannot be used: {error}",
        next_step="Correct the AWS_… environment variables or ~/.aws/config.",
    )


def _from_answer(error: botocore.ClientError, location: str) -> DeployerError:
    code, message = code_of(error), message_of(error)
    call = f"{error.operation_name}{f' in {location}' if location else ''}"
    if code in _REFUSED_CREDENTIALS:
        return CredentialsError(f"AWS refused the credentials ({code}: {message})", next_step=_SIGN_IN)
    if code in _DENIED:
        return PermissionDeniedError(
            f"{call} was denied: {message}",
            next_step="Allow this call for the principal that runs deployer, then run the command again.",
        )
    if code in THROTTLED:
        return ServiceError(
            f"{call} was throttled repeatedly ({code})",
            next_step="Run the command again in a minute to resume.",
        )
    if code in QUOTA_REACHED:
        return _quota_reached(error, call)
    if code == "AWSOrganizationsNotInUseException":
        return OrganizationAccessError(
            "This account is not a member of an AWS organization", next_step="Use credentials of the central account."
        )
    return ServiceError(f"{call} failed: {code}: {message}", next_step="Run the command again with --debug for more.")


def _quota_reached(error: botocore.ClientError, call: str) -> ServiceError:
    quota = quota_of_call(error.operation_name)
    named = f"the quota {quota.name} ({quota.code})" if quota else "a quota"
    where = f"`{increase(quota)}`" if quota else "in the Service Quotas console"
    return ServiceError(
        f"{call} reached {named}: {message_of(error)}",
        next_step=f"Request an increase in the account of the call: {where}. Then run the command again to resume.",
    )


def _unreachable(error: botocore.BotoCoreError) -> DeployerError:
    url = str(error.kwargs.get("endpoint_url") or "") if hasattr(error, "kwargs") else ""
    if is_loopback(url) and not isinstance(error, _CUT_OFF):
        address = urlsplit(url).netloc
        return SandboxError(
            f"Nothing answers at {address}: the sandbox is not running",
            next_step='Start it with `deployer sandbox start`, then `eval "$(deployer sandbox env)"`.',
        )
    return ServiceError(
        f"AWS cannot be reached: {error}", next_step="Check the network, then run the command again to resume."
    )

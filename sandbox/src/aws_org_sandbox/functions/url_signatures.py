"""The requirements of a function URL on a signature, besides the caller's secret. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; Lambda accepts no unsigned
payload: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aws_org_sandbox.calls import Refused

WINDOW = timedelta(minutes=5)
"""How far the signing time may be from Lambda's clock, in either direction."""

_FORMAT = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<day>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=[0-9a-f]{64}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a signature is for."""

    access_key_id: str
    day: str
    region: str
    service: str
    headers: frozenset[str]


def scope_of(authorization: str) -> Scope | None:
    """The scope in an Authorization header; None if it is no signature of version 4."""
    found = _AUTHORIZATION.fullmatch(authorization.strip())
    if found is None:
        return None
    return Scope(
        access_key_id=found["key"],
        day=found["day"],
        region=found["region"],
        service=found["service"],
        headers=frozenset(found["headers"].lower().split(";")),
    )


def check(scope: Scope, *, headers: Mapping[str, str], body: bytes, region: str, now: datetime) -> None:
    """Refuse a signature of another time, region, service or body; header names are lower case."""
    date = headers.get("x-amz-date", "")
    _check_time(date, now)
    if scope.day != date[:8]:
        raise _invalid(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: {date}"
        )
    if scope.region != region:
        raise _invalid(f"Credential should be scoped to a valid region, not '{scope.region}'. ")
    if scope.service != "lambda":
        raise _invalid("Credential should be scoped to correct service: 'lambda'. ")
    unsigned = sorted({"host", *(name for name in headers if name.startswith("x-amz-"))} - scope.headers)
    if unsigned:
        raise _invalid(f"'{unsigned[0]}' must be a 'SignedHeader' in the AWS Authorization.")
    claimed = headers.get("x-amz-content-sha256")
    if claimed is not None and claimed != hashlib.sha256(body).hexdigest():
        raise _invalid("The request signature we calculated does not match the signature you provided.")


def _check_time(date: str, now: datetime) -> None:
    try:
        signed = datetime.strptime(date, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise Refused("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'.", status=403) from None
    text, earliest, latest = now.strftime(_FORMAT), now - WINDOW, now + WINDOW
    if signed < earliest:
        oldest = earliest.strftime(_FORMAT)
        raise _invalid(f"Signature expired: {date} is now earlier than {oldest} ({text} - 5 min.)")
    if signed > latest:
        newest = latest.strftime(_FORMAT)
        raise _invalid(f"Signature not yet current: {date} is still later than {newest} ({text} + 5 min.)")


def _invalid(message: str) -> Refused:
    return Refused("InvalidSignatureException", message, status=403)

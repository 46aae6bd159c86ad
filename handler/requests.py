"""Requests to the handler's function URL: what is accepted, and the event of each repository in one. Pure.

A request is `POST /` with `{"version": 1, "account": "…", "region": "…", "repositories": ["a/b", …]}`. The caller is
only what Lambda reports after IAM has checked the signature (`requestContext.authorizer.iam`); nothing in headers or
body can change it, and the body's account must be the caller's own. docs/schemas/request.json has body and answer.
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads

Each repository becomes an event in an envelope like EventBridge's, so that records, retries, the failures queue and
redrives handle it like any other. Only the handler's own invocations and redrives can send one: EventBridge's rule
passes on events of CloudTrail only, and IAM lets nobody of the organization invoke the function directly.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, TypeGuard

from handler.events import REQUEST_CALL, REQUEST_DETAIL_TYPE, REQUEST_SOURCE
from handler.principals import identity_of
from handler.redrives import MARK
from handler.regions import REGION
from handler.text import clean

VERSION = 1
MAX_REPOSITORIES = 20
MAX_BODY_SIZE = 16 * 1024
"""Bytes."""

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,60}", re.ASCII)
_CALLER = re.compile(r"arn:[a-z-]+:(iam|sts)::([0-9]{12}):[\x21-\x7e]{1,1024}", re.ASCII)
_MAX_NAME_LENGTH = 512
_KEYS = frozenset({"version", "account", "region", "repositories"})
_ON_BODY = "Send what docs/schemas/request.json describes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed a request, as IAM authenticated it."""

    account: str
    arn: str
    """The ARN of the session, as CloudTrail has it; a role's lacks the role's path."""
    organization_id: str | None
    """None if AWS does not report it; the account is then looked up in Organizations."""

    @property
    def limited_as(self) -> str:
        """The account and role, or user, that shares a limit: all sessions of a role are one."""
        return f"{self.account} {identity_of(self.arn)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A valid request; `id` is Lambda's id of the HTTP request."""

    id: str
    caller: Caller
    region: str
    repositories: tuple[str, ...]
    source_ip: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a request is not served, and what the caller can do; `retry_after` is in seconds."""

    status: int
    code: str
    message: str
    next_step: str
    retry_after: int | None = None


class _Rejected(Exception):  # noqa: N818 - the value that leaves this module is Rejection
    def __init__(self, status: int, code: str, message: str, next_step: str = _ON_BODY) -> None:
        super().__init__(message)
        self.rejection = Rejection(status=status, code=code, message=message, next_step=next_step)


OUTSIDE = Rejection(
    status=403,
    code="outside-organization",
    message="The caller's account is not in the organization.",
    next_step="Sign the request with credentials of an account in the organization.",
)


def is_request(event: object) -> TypeGuard[Mapping[str, object]]:
    """Whether Lambda invoked the function for an HTTP request.

    An event with the mark of a redrive is never one: it came from a queue, which may contain forged messages.
    """
    if not isinstance(event, Mapping) or MARK in event:
        return False
    context = event.get("requestContext")
    return isinstance(context, Mapping) and "http" in context


def parse(event: Mapping[str, object], *, organization_id: str) -> Request | Rejection:
    """The request of an HTTP event, or why it is not served; never raises, whatever the caller sent."""
    context = _mapping(event.get("requestContext"))
    http = _mapping(context.get("http"))
    try:
        _check_address(http)
        caller = _caller(context, organization_id)
        body = _body(event)
        _check_account(body, caller)
        return Request(
            id=_request_id(context),
            caller=caller,
            region=_region(body),
            repositories=_repositories(body),
            source_ip=_information(http.get("sourceIp"), limit=256),
            user_agent=_information(http.get("userAgent"), limit=512),
        )
    except _Rejected as rejected:
        return rejected.rejection


def events_of(request: Request, *, at: datetime) -> list[dict[str, object]]:
    """An event for each repository; its id is the request's with a number, so every attempt at it has the same id."""
    time = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return [
        _event(request, repository, event_id=f"{request.id}-{number}", time=time)
        for number, repository in enumerate(request.repositories, start=1)
    ]


def _event(request: Request, repository: str, *, event_id: str, time: str) -> dict[str, object]:
    account = request.caller.account
    return {
        "version": "0",
        "id": event_id,
        "detail-type": REQUEST_DETAIL_TYPE,
        "source": REQUEST_SOURCE,
        "account": account,
        "time": time,
        "region": request.region,
        "resources": [],
        "detail": {
            "eventID": event_id,
            "eventTime": time,
            "eventName": REQUEST_CALL,
            "awsRegion": request.region,
            "recipientAccountId": account,
            "requestParameters": {"repositoryName": repository, "registryId": account},
            "sourceIPAddress": request.source_ip,
            "userAgent": request.user_agent,
            "userIdentity": {"arn": request.caller.arn, "accountId": account},
        },
    }


def _check_address(http: Mapping[str, object]) -> None:
    if http.get("path", "/") != "/":
        raise _Rejected(404, "no-such-path", "There is nothing at this path.", "Send the request to the path `/`.")
    if http.get("method") != "POST":
        raise _Rejected(405, "method-not-allowed", "Only POST is served.", _ON_BODY)


def _caller(context: Mapping[str, object], organization_id: str) -> Caller:
    """The authenticated caller; a request without one was not signed and is rejected."""
    authorizer = _mapping(context.get("authorizer"))
    iam = _mapping(authorizer.get("iam"))
    account, arn, found = iam.get("accountId"), iam.get("userArn"), iam.get("principalOrgId")
    matched = _CALLER.fullmatch(arn) if isinstance(arn, str) else None
    if matched is None or matched[2] != account or not isinstance(found, str | None):
        message = "The request has no caller that IAM authenticated."
        raise _Rejected(403, "not-authenticated", message, "Sign the request with Signature Version 4 for `lambda`.")
    if found and found != organization_id:
        raise _Rejected(OUTSIDE.status, OUTSIDE.code, OUTSIDE.message, OUTSIDE.next_step)
    return Caller(account=matched[2], arn=matched[0], organization_id=found or None)


def _body(event: Mapping[str, object]) -> Mapping[str, object]:
    text = event.get("body") or ""
    if not isinstance(text, str):
        raise _Rejected(400, "malformed-body", "The body is not text.")
    if len(text) > MAX_BODY_SIZE * 2:
        raise _too_large()
    try:
        data = b64decode(text, validate=True) if event.get("isBase64Encoded") is True else text.encode()
        if len(data) > MAX_BODY_SIZE:
            raise _too_large()
        body = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        kind = clean(str(error), limit=200) if isinstance(error, ValueError) else "nested too deeply"
        raise _Rejected(400, "malformed-body", f"The body is not a JSON document: {kind}.") from error
    return _checked_keys(body)


def _too_large() -> _Rejected:
    return _Rejected(413, "body-too-large", f"The body is larger than {MAX_BODY_SIZE} bytes.", "Send several requests.")


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """An object without duplicate keys, which two readers could interpret differently."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError("a key is there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _checked_keys(body: object) -> Mapping[str, object]:
    if not isinstance(body, dict):
        raise _Rejected(400, "malformed-body", "The body is not a JSON object.")
    if body.get("version") != VERSION or isinstance(body.get("version"), bool | float):
        raise _Rejected(400, "unsupported-version", f"`version` is not {VERSION}.", "Update `deployer`, or roll out.")
    if unknown := sorted(body.keys() - _KEYS):
        raise _Rejected(400, "unknown-key", f"`{clean(unknown[0], limit=64)}` is not a key of a request.")
    return body


def _check_account(body: Mapping[str, object], caller: Caller) -> None:
    account = body.get("account")
    if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
        raise _Rejected(400, "invalid-account", "`account` is not a string of 12 digits.")
    if account != caller.account:
        message = f"The caller is of account {caller.account}, and requests are for the caller's own account."
        raise _Rejected(403, "other-account", message, "Push to the other account's registry without a request.")


def _region(body: Mapping[str, object]) -> str:
    region = body.get("region")
    if not isinstance(region, str) or not REGION.fullmatch(region):
        raise _Rejected(400, "invalid-region", "`region` is not the code of a region.")
    return region


def _repositories(body: Mapping[str, object]) -> tuple[str, ...]:
    names = body.get("repositories")
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_REPOSITORIES:
        message = f"`repositories` is not a list of 1 to {MAX_REPOSITORIES} names."
        raise _Rejected(400, "invalid-repositories", message)
    if not all(isinstance(name, str) and 1 <= len(name) <= _MAX_NAME_LENGTH for name in names):
        message = f"A name in `repositories` is not a string of 1 to {_MAX_NAME_LENGTH} characters."
        raise _Rejected(400, "invalid-repositories", message)
    if len(set(names)) < len(names):
        raise _Rejected(400, "invalid-repositories", "A name is in `repositories` twice.")
    return tuple(clean(name, limit=_MAX_NAME_LENGTH) for name in names)


def _request_id(context: Mapping[str, object]) -> str:
    found = context.get("requestId")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise _Rejected(400, "malformed-request", "Lambda gave the request no id.", "Send the request again.")
    return found


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _information(value: object, *, limit: int) -> str:
    return clean(value, limit=limit) if isinstance(value, str) else ""

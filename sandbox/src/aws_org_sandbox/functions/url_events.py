"""The event of a function for a request to its URL, and the response that its result becomes. Pure.

Payload format 2.0: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from aws_org_sandbox.credentials import Principal

_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})
"""Media types whose bodies are text, beside those of `text/`; any other body is encoded."""

_JSON = {"content-type": "application/json"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""Names and values of headers: https://www.rfc-editor.org/rfc/rfc9110#section-5"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlRequest:
    """A request as it came over HTTP; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    source_ip: str
    domain_name: str
    protocol: str = "HTTP/1.1"
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlResponse:
    """The response that a function asks for."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authorized caller, and its organization if the event is to name it."""

    principal: Principal
    organization: str | None = None


class BadResult(Exception):  # noqa: N818 - becomes a 502
    """The function's result is not a valid response."""


def event(request: UrlRequest, *, caller: Caller, owner: str, request_id: str, now: datetime) -> dict[str, Any]:
    """The event; `owner` is the function's account."""
    text, is_encoded = _text(request.body, request.headers.get("content-type", ""))
    optional = {
        "cookies": [cookie for cookie in request.headers.get("cookie", "").split("; ") if cookie],
        "queryStringParameters": _parameters(request.query),
        "body": text,
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": _headers(request, request_id),
        "requestContext": {
            "accountId": owner,
            "authorizer": {"iam": _identity(caller.principal, caller.organization)},
            "requestId": request_id,
            "time": now.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
            **_context(request),
        },
        "isBase64Encoded": is_encoded,
        **{name: value for name, value in optional.items() if value},
    }


def _context(request: UrlRequest) -> dict[str, Any]:
    """What the context has of the request itself."""
    return {
        "apiId": request.domain_name.partition(".")[0],
        "authentication": None,
        "domainName": request.domain_name,
        "domainPrefix": request.domain_name.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent"),
        },
        "routeKey": "$default",
        "stage": "$default",
    }


def _parameters(query: str) -> dict[str, str]:
    """The query's parameters; several values of one name are joined."""
    pairs: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        pairs.setdefault(name, []).append(value)
    return {name: ",".join(values) for name, values in pairs.items()}


def _identity(caller: Principal, organization: str | None) -> dict[str, Any]:
    return {
        "accessKey": caller.access_key_id,
        "accountId": caller.account,
        "callerId": caller.user_id,
        "cognitoIdentity": None,
        "principalOrgId": organization,
        "userArn": caller.arn,
        "userId": caller.user_id,
    }


def _headers(request: UrlRequest, request_id: str) -> dict[str, str]:
    """The client's headers, except those that Lambda writes itself."""
    own = {
        "host": request.domain_name,
        "x-amzn-trace-id": f"Root=1-{request_id[:8]}-{request_id.replace('-', '')[8:]}",
        "x-forwarded-for": request.source_ip,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    return {**request.headers, **own}


def _text(body: bytes, content_type: str) -> tuple[str, bool]:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type.startswith("text/") or media_type in _TEXT_TYPES:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), bool(body)


def response(payload: bytes) -> UrlResponse:
    """The response that a result stands for; raises BadResult.

    A result without `statusCode` is itself the body of a 200.
    """
    try:
        text = payload.decode() or "null"
        result = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadResult("not JSON") from error
    if not isinstance(result, dict) or "statusCode" not in result:
        return UrlResponse(status=200, body=_encoded(result if isinstance(result, str) else text), headers=_JSON)
    return UrlResponse(
        status=_status(result["statusCode"]),
        body=_body(result),
        headers={**_JSON, **_named(result.get("headers"))},
        cookies=_cookies(result.get("cookies")),
    )


def _status(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise BadResult(f"statusCode {value!r}")
    return value


def _named(headers: Any) -> dict[str, str]:
    if headers is not None and not isinstance(headers, dict):
        raise BadResult("headers")
    return {_name(name): _header(value) for name, value in (headers or {}).items()}


def _name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise BadResult(f"header {name!r}")
    return name.lower()


def _header(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not _VALUE.fullmatch(str(value)):
        raise BadResult(f"header value {value!r}")
    return str(value)


def _cookies(values: Any) -> tuple[str, ...]:
    if values is not None and not isinstance(values, list):
        raise BadResult("cookies")
    return tuple(_header(value) for value in values or ())


def _body(result: Mapping[str, Any]) -> bytes:
    body = result.get("body")
    if body is not None and not isinstance(body, str):
        raise BadResult("body")
    if not result.get("isBase64Encoded"):
        return _encoded(body or "")
    try:
        return base64.b64decode(body or "", validate=True)
    except ValueError as error:
        raise BadResult("body") from error


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadResult("text that is no Unicode") from error

"""Function URLs over HTTP: each request passes the gate as a call of InvokeFunctionUrl, and runs the function.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html, and urls-auth.html for who may call.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from moto.awslambda.models import LambdaFunction
from moto.core.request import Request
from werkzeug.wrappers import Response

from aws_org_sandbox import signatures
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.functions import url_events, url_signatures
from aws_org_sandbox.functions.execution import count, execute
from aws_org_sandbox.functions.invocation import MAX_SYNCHRONOUS_BYTES
from aws_org_sandbox.functions.pool import Throttled
from aws_org_sandbox.functions.url_configs import config_of, function_of
from aws_org_sandbox.functions.url_events import BadResult, Caller, UrlRequest, UrlResponse
from aws_org_sandbox.functions.url_hosts import UrlHost
from aws_org_sandbox.gate import Gate, StartResponse
from aws_org_sandbox.iam import contexts
from aws_org_sandbox.seams import answers, on_reset

OPERATION: Final = "InvokeFunctionUrl"
RATE_PER_CONCURRENCY: Final = 10
"""Requests a second for each reserved concurrent execution."""

_METRICS: Final = {"4": ("Url4xxCount",), "5": ("Url5xxCount",)}
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})

clock = time.monotonic
organizations_named = False
_recent: defaultdict[str, deque[float]] = defaultdict(deque)


class UrlCall:
    """A request to a function URL, in the form of the calls that the gate handles."""

    service: Final = "lambda"
    operation: Final = OPERATION
    input_shape: Final = None

    def __init__(self, environ: dict[str, Any], *, host: UrlHost) -> None:
        self._request = Request(environ)
        self._body: bytes = self._request.get_data(cache=True)
        self.region = host.region
        self._function = function_of(host.url_id)
        self._http = _http(self._request, host.name)
        self._scope = url_signatures.scope_of(self._request.headers.get("Authorization", ""))

    @property
    def access_key_id(self) -> str | None:
        """None for a request that cannot be authorized: an unsigned one, and one to a URL that does not exist."""
        is_for_host = self._request.headers.get("Host", "").partition(":")[0].lower() == self._http.domain_name
        return self._scope.access_key_id if self._scope and self._function and is_for_host else None

    @property
    def session_token(self) -> str | None:
        return self._http.headers.get("x-amz-security-token")

    def is_signed_with(self, secret: str) -> bool:
        assert self._scope is not None
        url_signatures.check(
            self._scope, headers=self._http.headers, body=self._body, region=self.region, now=datetime.now(UTC)
        )
        return signatures.is_valid(self._request, service=self.service, secret=secret)

    @property
    def source_ip(self) -> str:
        return self._http.source_ip

    @property
    def user_agent(self) -> str:
        return self._http.headers.get("user-agent", "")

    @property
    def parameters(self) -> Mapping[str, Any]:
        assert self._function is not None
        config = config_of(self._function)
        return {
            "FunctionName": self._function.function_arn,
            "FunctionUrlAuthType": config.auth_type if config else None,
            "Request": self._http,
            "Body": self._body,
        }

    def success(self, result: Mapping[str, Any]) -> Response:
        response = Response(result["body"], status=result["status"])
        response.headers.pop("Content-Type", None)
        for name, value in result["headers"].items():
            response.headers[name] = value
        for cookie in result["cookies"]:
            response.headers.add("Set-Cookie", cookie)
        response.headers["x-amzn-RequestId"] = result["request_id"]
        return response

    def error(self, refused: Refused) -> Response:
        """The refusal as clients of a URL see it: the service's code is in a header."""
        code, status = refused.code, refused.status
        if code in {"MissingAuthenticationToken", "AccessDeniedException"}:
            return _error("AccessDeniedException", {"Message": "Forbidden"}, status=403)
        if code == "TooManyRequestsException":
            status = 429
        return _error(code, {"message": refused.message}, status=status)

    def forward(self, application: Any, *, account: str) -> Response:
        raise AssertionError(f"{application} answered for {account}: moto has no front for function URLs")

    def outcome(self, response: Response) -> tuple[str | None, str | None]:
        """Error code and message for the log of calls; what the function itself answers is a success."""
        code = response.headers.get("x-amzn-ErrorType")
        return (code, response.get_data(as_text=True)) if code else (None, None)


def _http(request: Request, host: str) -> UrlRequest:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        if name.lower() not in _HOP_BY_HOP:
            headers[name.lower()] = str(value)
    return UrlRequest(
        method=request.method,
        path=request.raw_path,
        query=request.query_string.decode("latin-1"),
        headers=headers,
        source_ip=request.remote_addr or "127.0.0.1",
        domain_name=host,
        protocol=request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
    )


def _error(code: str, body: Mapping[str, str], *, status: int) -> Response:
    response = Response(json.dumps(body), status=status, mimetype="application/json")
    response.headers["x-amzn-ErrorType"] = code
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def name_organizations(named: bool) -> None:
    """Whether events name the caller's organization; AWS documents `principalOrgId`, and shows it as null."""
    global organizations_named  # noqa: PLW0603 - one sandbox at a time, because moto's state is global
    organizations_named = named


@on_reset
def _forget() -> None:
    _recent.clear()
    name_organizations(False)


@answers("lambda", OPERATION)
def _invoke(call: Call) -> Mapping[str, Any]:
    """Run the function for an authorized request."""
    request = replace(call.parameters["Request"], body=call.parameters["Body"])
    function = function_of(request.domain_name.partition(".")[0])
    if function is None:
        raise Refused("AccessDeniedException", "Forbidden", status=403)
    request_id = str(uuid.uuid4())
    named = contexts.organization_id(call.account) if organizations_named else None
    event = url_events.event(
        request,
        caller=Caller(principal=call.principal, organization=named[0] if named else None),
        owner=function.account_id,
        request_id=request_id,
        now=datetime.now(UTC),
    )
    response = _run(function, json.dumps(event).encode(), request_id=request_id)
    return {
        "status": response.status,
        "body": response.body,
        "headers": response.headers,
        "cookies": response.cookies,
        "request_id": request_id,
    }


def _run(function: LambdaFunction, payload: bytes, *, request_id: str) -> UrlResponse:
    """The function's response; raises Refused if it does not run, fails, or returns something else."""
    if len(payload) > MAX_SYNCHRONOUS_BYTES:
        raise Refused("RequestTooLargeException", "Request Entity Too Large", status=413)
    try:
        _check_rate(function.function_arn, function.reserved_concurrency)
        outcome = execute(function, payload, request_id=request_id)
    except Throttled as error:
        raise Refused("TooManyRequestsException", "Rate Exceeded.", status=429) from error
    if outcome.error or len(outcome.payload) > MAX_SYNCHRONOUS_BYTES:
        raise _bad_gateway()
    try:
        return url_events.response(outcome.payload)
    except BadResult as error:
        raise _bad_gateway() from error


def _bad_gateway() -> Refused:
    return Refused("InternalServerErrorException", "Internal Server Error", status=502)


def _check_rate(function_arn: str, reserved: Any) -> None:
    """Raise Throttled for more than ten requests a second for each reserved concurrent execution."""
    if reserved is None:
        return
    recent, now = _recent[function_arn], clock()
    while recent and now - recent[0] >= 1.0:
        recent.popleft()
    if len(recent) >= RATE_PER_CONCURRENCY * int(reserved):
        raise Throttled(function_arn)
    recent.append(now)


def application(gate: Gate, host: UrlHost, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request that came through a TLS connection to `host`, and count it.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html has the metrics.
    """
    function = function_of(host.url_id)

    def counted(status: str, *rest: Any) -> Any:
        if function is not None:
            for name in ("UrlRequestCount", *_METRICS.get(status[0], ())):
                count(function, name)
        return start_response(status, *rest)

    return gate.handle(UrlCall(environ, host=host), environ, counted)

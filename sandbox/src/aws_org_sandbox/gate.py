"""Handles every AWS call.

The steps, in this order: identify the caller (unknown credentials are refused), parse the request with botocore's
model, log the call, apply faults, check that the sandbox supports the operation, authorize with IAM, check the
constraints of the request's values, get the response from a seam or from moto, and record the call in CloudTrail.
"""

from __future__ import annotations

import importlib
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from botocore.model import Shape
from moto.core.exceptions import ServiceException

from aws_org_sandbox import constraints, regions, seams, wire
from aws_org_sandbox.calls import CURRENT, Call, CallLog, Refused
from aws_org_sandbox.credentials import ExpiredCredentials, UnknownCredentials, principal_of, secret_of
from aws_org_sandbox.faults import ConnectionDropped, Faults, Moment
from aws_org_sandbox.locks import lock_of

log = logging.getLogger(__name__)

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

CONCURRENT = frozenset({"lambda", "sqs"})
"""Services whose calls may run in parallel: an invocation makes further calls, and a long poll waits. moto checks and
then acts without a lock, so conditional writes and unique names in the other services need one call at a time."""


class Request(Protocol):
    """A call as it came in, in the protocol of an AWS API or over a function URL."""

    @property
    def service(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def access_key_id(self) -> str | None: ...
    @property
    def session_token(self) -> str | None: ...
    @property
    def source_ip(self) -> str: ...
    @property
    def user_agent(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def input_shape(self) -> Shape | None: ...

    def is_signed_with(self, secret: str, /) -> bool: ...
    def success(self, result: Mapping[str, Any], /) -> wire.Response: ...
    def error(self, refused: Refused, /) -> wire.Response: ...
    def forward(self, application: Any, /, *, account: str) -> wire.Response: ...
    def outcome(self, response: wire.Response, /) -> tuple[str | None, str | None]: ...


class Gate:
    """A WSGI application in front of moto's."""

    def __init__(self, application: Application, *, calls: CallLog, faults: Faults) -> None:
        self._application = application
        self._calls = calls
        self._faults = faults
        self.defects: list[BaseException] = []
        """Exceptions of moto or a seam: each is a defect of the sandbox, and the caller received InternalFailure."""

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request = wire.parse(environ)
        if isinstance(request, wire.Unroutable):
            return request.response()(environ, start_response)
        return self.handle(request, environ, start_response)

    def handle(self, request: Request, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a call whatever its protocol."""
        try:
            call = _identify(request)
        except Refused as refused:
            return request.error(refused)(environ, start_response)
        self._calls.append(call)
        token = CURRENT.set(call)
        try:
            return self._answer(request, call)(environ, start_response)
        finally:
            CURRENT.reset(token)
            call.shed_contents()

    def _answer(self, request: Request, call: Call) -> wire.Response:
        started = time.perf_counter()
        try:
            self._faults.apply(call, Moment.BEFORE)
            _hook("scope", "check")(call)
            _hook("iam", "authorize")(call)
            response = self._serve(request, call)
            self._faults.apply(call, Moment.AFTER)
        except Refused as refused:
            response = request.error(refused)
        except ConnectionDropped:
            call.error_code = "ConnectionDropped"
            raise
        except Exception as defect:
            log.exception("%s in %s %s", call.name, call.account, call.region)
            self.defects.append(defect)
            response = request.error(Refused("InternalFailure", f"{type(defect).__name__}: {defect}", status=500))
        call.error_code, call.error_message = request.outcome(response)
        call.milliseconds = (time.perf_counter() - started) * 1000
        _hook("trail", "record")(call, response)
        return response

    def _serve(self, request: Request, call: Call) -> wire.Response:
        if call.service in CONCURRENT:
            return self._serve_now(request, call)
        with lock_of(call.service):
            return self._serve_now(request, call)

    def _serve_now(self, request: Request, call: Call) -> wire.Response:
        constraints.check(call.service, call.parameters, request.input_shape)
        account = seams.acting_account(call)
        answer = seams.answer_for(call.service, call.operation)
        if answer is None:
            return self._forward(request, call, account)
        try:
            return request.success(answer(call))
        except ServiceException as error:
            return request.error(Refused(error.code, error.message))

    def _forward(self, request: Request, call: Call, account: str) -> wire.Response:
        """moto's answer; some services that the sandbox does not model need packages that it does not install."""
        try:
            return request.forward(self._application, account=account)
        except ModuleNotFoundError as missing:
            message = f"moto needs the package {missing.name} for {call.service}: install moto[server]"
            raise Refused("NotInSandbox", message, status=501) from missing


def _identify(request: Request) -> Call:
    """The caller and the operation; raises Refused for credentials that AWS would not accept."""
    if request.access_key_id is None:
        raise Refused("MissingAuthenticationToken", "Missing Authentication Token", status=403)
    try:
        principal = principal_of(request.access_key_id, session_token=request.session_token)
    except UnknownCredentials as error:
        raise wire.unknown_credentials(request.service) from error
    except ExpiredCredentials as error:
        raise wire.expired_credentials(request.service) from error
    if not request.is_signed_with(secret_of(request.access_key_id) or ""):
        raise wire.wrong_signature(request.service)
    if not regions.is_enabled(principal.account, request.region):
        raise wire.unknown_credentials(
            request.service
        )  # a region that an account is not opted into knows none of its keys
    return Call(
        id=str(uuid.uuid4()),
        service=request.service,
        operation=request.operation,
        region=request.region,
        principal=principal,
        parameters=request.parameters,
        source_ip=request.source_ip,
        user_agent=request.user_agent,
        started=datetime.now(UTC),
    )


@cache
def _hook(module: str, function: str) -> Callable[..., None]:
    """What a seam does at every call; found late, because seams import this module's neighbours."""
    hook: Callable[..., None] = getattr(importlib.import_module(f"aws_org_sandbox.{module}"), function)
    return hook

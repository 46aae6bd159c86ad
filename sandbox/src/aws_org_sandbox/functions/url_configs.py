"""Function URLs: their configuration, and the function behind a URL. moto (5.2.5) keeps them and checks nothing.

https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.utilities.arns import parse_arn

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.functions.lookup import find
from aws_org_sandbox.seams import answers, on_reset

AWS_IAM = "AWS_IAM"
BUFFERED = "BUFFERED"

_ATTRIBUTE = "sandbox_url_config"
_functions: dict[str, str] = {}
"""The ARN of the function that each URL id was generated for; an id is never reused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlConfig:
    """One function's URL; times are ISO 8601 in UTC."""

    url_id: str
    region: str
    created: str
    modified: str
    auth_type: str = AWS_IAM
    invoke_mode: str = BUFFERED

    @property
    def domain_name(self) -> str:
        return f"{self.url_id}.lambda-url.{self.region}.on.aws"


def function_of(url_id: str) -> LambdaFunction | None:
    """The function that a URL invokes; None if the URL does not exist any more."""
    arn = _functions.get(url_id)
    function = find(arn) if arn else None
    config = config_of(function) if function else None
    return function if config and config.url_id == url_id else None


def config_of(function: LambdaFunction) -> UrlConfig | None:
    """The URL of a function, if it has one."""
    config: UrlConfig | None = vars(function).get(_ATTRIBUTE)
    return config


@on_reset
def _forget() -> None:
    _functions.clear()


@answers("lambda", "CreateFunctionUrlConfig")
def _create(call: Call) -> Mapping[str, Any]:
    function = _addressed(call)
    _check(call)
    if config_of(function):
        message = f"Failed to create function url config for [functionArn = {function.function_arn}]. Error message:  "
        raise Refused(
            "ResourceConflictException", message + "FunctionUrlConfig exists for this Lambda function", status=409
        )
    alphabet, now = string.ascii_lowercase + string.digits, _now()
    url_id = "".join(secrets.choice(alphabet) for _ in range(32))
    config = UrlConfig(url_id=url_id, region=function.region, created=now, modified=now)
    _functions[url_id] = function.function_arn
    vars(function)[_ATTRIBUTE] = config
    return _described(function, config) | {"LastModifiedTime": None}


@answers("lambda", "GetFunctionUrlConfig")
def _get(call: Call) -> Mapping[str, Any]:
    function = _addressed(call)
    return _described(function, _existing(function))


@answers("lambda", "UpdateFunctionUrlConfig")
def _update(call: Call) -> Mapping[str, Any]:
    function = _addressed(call)
    config = _existing(function)
    _check(call)
    vars(function)[_ATTRIBUTE] = changed = replace(config, modified=_now())
    return _described(function, changed)


@answers("lambda", "DeleteFunctionUrlConfig")
def _delete(call: Call) -> Mapping[str, Any]:
    function = _addressed(call)
    _functions.pop(_existing(function).url_id, None)
    del vars(function)[_ATTRIBUTE]
    return {}


def _addressed(call: Call) -> LambdaFunction:
    """The function that the caller names, by name or ARN; it has to be in the caller's account and region."""
    requested = str(call.parameters["FunctionName"])
    if call.parameters.get("Qualifier") or _qualifier(requested):
        raise _not_supported("URLs of aliases are")
    arn = (
        requested
        if requested.startswith("arn:")
        else f"arn:aws:lambda:{call.region}:{call.account}:function:{requested}"
    )
    parsed = parse_arn(arn)
    function = find(arn) if (parsed.account, parsed.region) == (call.account, call.region) else None
    if function is None:
        raise Refused("ResourceNotFoundException", f"Function not found: {arn}", status=404)
    return function


def _qualifier(name: str) -> str:
    """The version or alias in a name (`tiny:live`) or an ARN."""
    name = name.split(":function:", 1)[-1]
    return name.partition(":")[2]


def _existing(function: LambdaFunction) -> UrlConfig:
    config = config_of(function)
    if config is None:
        raise Refused("ResourceNotFoundException", "The resource you requested does not exist.", status=404)
    return config


def _check(call: Call) -> None:
    """Refuse settings that the front does not implement; unknown values are refused by the model's constraints."""
    if call.parameters.get("AuthType", AWS_IAM) != AWS_IAM:
        raise _not_supported("Function URLs without authorization (AuthType NONE) are")
    if call.parameters.get("InvokeMode", BUFFERED) != BUFFERED:
        raise _not_supported("Streamed responses (InvokeMode RESPONSE_STREAM) are")
    if call.parameters.get("Cors"):
        raise _not_supported("CORS settings of function URLs are")


def _not_supported(what: str) -> Refused:
    return Refused("NotInSandbox", f"{what} not supported by the sandbox", status=501)


def _described(function: LambdaFunction, config: UrlConfig) -> dict[str, Any]:
    return {
        "FunctionUrl": f"https://{config.domain_name}/",
        "FunctionArn": function.function_arn,
        "AuthType": config.auth_type,
        "InvokeMode": config.invoke_mode,
        "CreationTime": config.created,
        "LastModifiedTime": config.modified,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

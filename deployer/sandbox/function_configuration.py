"""What moto's Lambda forgets of a function's configuration: log format, dead-letter queue, asynchronous settings.

It also refuses a function that Lambda would refuse, and retires warm environments when code or configuration change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction
from moto.awslambda.policy import Policy
from moto.s3.models import s3_backends

from deployer.sandbox import iam
from deployer.sandbox.calls import Refused
from deployer.sandbox.credentials import PARTITION
from deployer.sandbox.function_pool import pool
from deployer.sandbox.seams import original, replace

KEPT = ("LoggingConfig", "DeadLetterConfig")
SERVICE = "lambda.amazonaws.com"


def kept(function: LambdaFunction, name: str) -> Mapping[str, Any]:
    """A part of the configuration that moto does not keep; empty when it was never said."""
    value: Mapping[str, Any] = vars(function).get(f"sandbox_{name}") or {}
    return value


def _keep(function: LambdaFunction, specification: Mapping[str, Any]) -> None:
    for name in KEPT:
        if name in specification:
            vars(function)[f"sandbox_{name}"] = dict(specification[name] or {})


def log_group_of(function: LambdaFunction) -> str:
    """The log group that the function writes to."""
    return str(kept(function, "LoggingConfig").get("LogGroup") or f"/aws/lambda/{function.function_name}")


def is_json_logged(function: LambdaFunction) -> bool:
    """Whether the function's log format is JSON."""
    return kept(function, "LoggingConfig").get("LogFormat") == "JSON"


@replace(LambdaFunction, "__init__")
def _init(function: LambdaFunction, account_id: str, spec: Mapping[str, Any], region: str, version: Any = 1) -> None:
    original(LambdaFunction, "__init__")(function, account_id, spec, region, version)
    _keep(function, spec)


@replace(LambdaFunction, "_set_function_code")
def _set_function_code(function: LambdaFunction, updated_spec: Mapping[str, Any]) -> None:
    """Refuse code that is not there, or in another region: moto takes it for empty code."""
    if "S3Bucket" in updated_spec:
        _check_object(function.region, str(updated_spec["S3Bucket"]), str(updated_spec["S3Key"]))
    original(LambdaFunction, "_set_function_code")(function, updated_spec)


def _check_object(region: str, bucket_name: str, key: str) -> None:
    backends = [backends[PARTITION] for backends in list(s3_backends.values())]
    bucket = next((backend.buckets[bucket_name] for backend in backends if bucket_name in backend.buckets), None)
    if bucket is None:
        raise _no_object("NoSuchBucket", "The specified bucket does not exist")
    if bucket.region_name != region:
        raise _no_object("PermanentRedirect", f"The bucket is in this region: {bucket.region_name}.")
    if key not in bucket.keys:
        raise _no_object("NoSuchKey", "The specified key does not exist.")


def _no_object(code: str, message: str) -> Refused:
    return Refused(
        "InvalidParameterValueException",
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}",
    )


@replace(LambdaBackend, "create_function")
def _create_function(backend: LambdaBackend, spec: Mapping[str, Any]) -> LambdaFunction:
    """Refuse a role that does not trust Lambda: moto asks only whether there is such a role."""
    service = iam.Service(
        principal=SERVICE,
        source_arn=f"arn:{PARTITION}:lambda:{backend.region_name}:{backend.account_id}:function:{spec['FunctionName']}",
        source_account=backend.account_id,
    )
    if not iam.may_assume(service, str(spec["Role"])):
        raise Refused(
            "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
        )
    function: LambdaFunction = original(LambdaBackend, "create_function")(backend, spec)
    return function


@replace(LambdaBackend, "add_permission")
def _add_permission(backend: LambdaBackend, function_name: str, qualifier: str | None, raw: str) -> Any:
    """Refuse a statement id that is there: moto adds a second one."""
    wanted = json.loads(raw).get("StatementId")
    statements = backend.get_function(function_name, qualifier).policy.statements
    if any(statement.get("Sid") == wanted for statement in statements):
        raise Refused(
            "ResourceConflictException",
            f"The statement id ({wanted}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement.",
            status=409,
        )
    return original(LambdaBackend, "add_permission")(backend, function_name, qualifier, raw)


@replace(Policy, "principal_formatter")
def _principal_formatter(policy: Policy, principal: Any) -> Any:
    """Write an account or a role as policies do: moto leaves it a bare text, which is no principal."""
    if isinstance(principal, str) and principal.isdigit():
        return {"AWS": f"arn:{PARTITION}:iam::{principal}:root"}
    if isinstance(principal, str) and principal.startswith("arn:"):
        return {"AWS": principal}
    return original(Policy, "principal_formatter")(policy, principal)


@replace(LambdaFunction, "get_configuration")
def _get_configuration(function: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
    configuration: dict[str, Any] = original(LambdaFunction, "get_configuration")(function, on_create)
    logging = {"LogFormat": "Text", "LogGroup": log_group_of(function), **kept(function, "LoggingConfig")}
    configuration["LoggingConfig"] = logging
    if dead_letter := kept(function, "DeadLetterConfig"):
        configuration["DeadLetterConfig"] = dict(dead_letter)
    return configuration


@replace(LambdaFunction, "update_configuration")
def _update_configuration(function: LambdaFunction, config_updates: Mapping[str, Any]) -> dict[str, Any]:
    _keep(function, config_updates)
    configuration: dict[str, Any] = original(LambdaFunction, "update_configuration")(function, config_updates)
    pool.retire(function.function_arn)
    return configuration


@replace(LambdaFunction, "update_function_code")
def _update_function_code(function: LambdaFunction, updated_spec: Mapping[str, Any]) -> dict[str, Any]:
    configuration: dict[str, Any] = original(LambdaFunction, "update_function_code")(function, updated_spec)
    pool.retire(function.function_arn)
    return configuration


@replace(LambdaBackend, "put_function_event_invoke_config")
def _put_event_invoke_config(backend: LambdaBackend, function_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Replace what was there: moto adds a second one, and goes on using the first."""
    function = backend.get_function(function_name)
    invoke_config = EventInvokeConfig(function.function_arn, function.last_modified, dict(config))
    function.event_invoke_config = [invoke_config]
    response: dict[str, Any] = invoke_config.response()
    return response


@replace(LambdaBackend, "update_function_event_invoke_config")
def _update_event_invoke_config(
    backend: LambdaBackend, function_name: str, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Keep what the update does not name."""
    before = event_invoke_config(backend.get_function(function_name))
    return _put_event_invoke_config(backend, function_name, {**before, **config})


def event_invoke_config(function: LambdaFunction) -> Mapping[str, Any]:
    """How asynchronous invocations are to be treated; empty where nothing was said."""
    configs = function.event_invoke_config
    config: Mapping[str, Any] = configs[-1].config if configs else {}
    return config

"""Parts of a function's configuration that moto drops: log format, dead-letter queue, asynchronous settings, and
changes of tracing.

It also retires warm environments when code or configuration changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction

from aws_org_sandbox.functions.limits import check_configuration, check_destination
from aws_org_sandbox.functions.pool import pool
from aws_org_sandbox.seams import original, replace

PRESERVED = ("LoggingConfig", "DeadLetterConfig")


def kept(function: LambdaFunction, name: str) -> Mapping[str, Any]:
    """A part of the configuration that moto does not keep; empty if it was never set."""
    value: Mapping[str, Any] = vars(function).get(f"sandbox_{name}") or {}
    return value


def _keep(function: LambdaFunction, specification: Mapping[str, Any]) -> None:
    for name in PRESERVED:
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
    role = str(config_updates.get("Role") or function.role)
    check_configuration(config_updates, role=role, region=function.region)
    _keep(function, config_updates)
    if tracing := config_updates.get("TracingConfig"):
        function.tracing_config = dict(tracing)
    configuration: dict[str, Any] = original(LambdaFunction, "update_configuration")(function, config_updates)
    pool.retire(function.function_arn)
    return configuration


@replace(LambdaFunction, "update_function_code")
def _update_function_code(function: LambdaFunction, updated_spec: Mapping[str, Any]) -> dict[str, Any]:
    function.architectures = list(updated_spec.get("Architectures") or function.architectures)  # which moto leaves
    configuration: dict[str, Any] = original(LambdaFunction, "update_function_code")(function, updated_spec)
    pool.retire(function.function_arn)
    return configuration


@replace(LambdaBackend, "delete_function")
def _delete_function(backend: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
    function = backend.get_function(function_name, qualifier)
    original(LambdaBackend, "delete_function")(backend, function_name, qualifier)
    pool.retire(function.function_arn)


@replace(LambdaBackend, "put_function_event_invoke_config")
def _put_event_invoke_config(backend: LambdaBackend, function_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the existing configuration: moto adds a second one and keeps using the first."""
    function = backend.get_function(function_name)
    for destination in (config.get("DestinationConfig") or {}).values():
        if arn := (destination or {}).get("Destination"):
            check_destination(str(arn), role=function.role)
    invoke_config = EventInvokeConfig(function.function_arn, function.last_modified, dict(config))
    function.event_invoke_config = [invoke_config]
    response: dict[str, Any] = invoke_config.response()
    return response


@replace(LambdaBackend, "update_function_event_invoke_config")
def _update_event_invoke_config(
    backend: LambdaBackend, function_name: str, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Keep settings that the update does not name."""
    before = event_invoke_config(backend.get_function(function_name))
    return _put_event_invoke_config(backend, function_name, {**before, **config})


def event_invoke_config(function: LambdaFunction) -> Mapping[str, Any]:
    """The settings of asynchronous invocations; empty if none were set."""
    configs = function.event_invoke_config
    config: Mapping[str, Any] = configs[-1].config if configs else {}
    return config

"""Runs a function once: in an execution environment with the credentials of its role, logged and counted."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from zipfile import BadZipFile

from moto.awslambda.models import LambdaFunction
from moto.sts.models import AssumedRole, sts_backends

from aws_org_sandbox import context, iam
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.functions import configuration as function_configuration
from aws_org_sandbox.functions import logs
from aws_org_sandbox.functions.code import folders
from aws_org_sandbox.functions.pool import Throttled, Warm, pool
from aws_org_sandbox.functions.runtime import ExecutionEnvironment, Outcome, Specification
from aws_org_sandbox.metrics import metrics

SERVICE = "lambda.amazonaws.com"
SESSION_SECONDS = 12 * 3600


def execute(function: LambdaFunction, payload: bytes, *, request_id: str) -> Outcome:
    """Run a function until one invocation ends. Raises Throttled, or Refused if it cannot be started."""
    started = time.monotonic()
    reserved = function.reserved_concurrency
    try:
        with pool.environment(
            function.function_arn,
            generation=generation(function),
            reserved=None if reserved is None else int(reserved),
            start=lambda: _start(function),
        ) as warm:
            outcome = warm.environment.invoke(
                request_id=request_id, function_arn=function.function_arn, payload=payload
            )
    except Throttled:
        count(function, "Throttles")
        raise
    _log(function, outcome, warm=warm, request_id=request_id)
    count(function, "Invocations")
    count(function, "Duration", by=(time.monotonic() - started) * 1000)
    if outcome.error:
        count(function, "Errors")
    return outcome


def generation(function: LambdaFunction) -> str:
    """A value that changes with the function's code and configuration, and so identifies outdated warm environments."""
    configuration = function.get_configuration()
    names = ("CodeSha256", "Handler", "Role", "Timeout", "MemorySize", "Environment", "LoggingConfig")
    return repr([configuration.get(name) for name in names])


def count(function: LambdaFunction, name: str, *, by: float = 1) -> None:
    """Add to one of the function's metrics."""
    dimensions = {"AccountId": function.account_id, "Region": function.region, "FunctionName": function.function_name}
    metrics.count("AWS/Lambda", name, dimensions, by=by)


def _start(function: LambdaFunction) -> Warm:
    """A new environment, with its own session of the function's role."""
    if not iam.may_assume(iam.Service(principal=SERVICE), function.role):
        raise Refused(
            "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.", status=403
        )
    session: AssumedRole = sts_backends[function.account_id][PARTITION].assume_role(
        region_name=function.region,
        role_session_name=function.function_name,
        role_arn=function.role,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
    return Warm(
        environment=ExecutionEnvironment(_specification(function, session, log_stream=log_stream)),
        generation=generation(function),
        access_key_id=session.access_key_id,
        log_stream=log_stream,
    )


def _specification(function: LambdaFunction, session: AssumedRole, *, log_stream: str) -> Specification:
    try:
        task_root = folders.task_root(function.code_bytes, digest=function.code_digest.rsplit(":", 1)[-1])
    except BadZipFile as error:
        raise Refused("InvalidZipFileException", "Could not unzip uploaded file.", status=502) from error
    return Specification(
        handler=str(function.handler),
        task_root=task_root,
        runtime_root=folders.runtime_root(),
        environment=_environment(function, session, log_stream=log_stream) | {"LAMBDA_TASK_ROOT": str(task_root)},
        timeout=float(function.timeout),
        memory_mb=int(function.memory_size),
    )


def _environment(function: LambdaFunction, session: AssumedRole, *, log_stream: str) -> dict[str, str]:
    """The variables that Lambda sets; the function's own cannot override them.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    logging = function_configuration.kept(function, "LoggingConfig")
    own: Mapping[str, str] = function.environment_vars or {}
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        **own,
        "_HANDLER": str(function.handler),
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_ENDPOINT_URL": context.current().endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function_configuration.log_group_of(function),
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if function_configuration.is_json_logged(function) else "Text",
        "AWS_LAMBDA_LOG_LEVEL": str(logging.get("ApplicationLogLevel", "")),
    }


def _log(function: LambdaFunction, outcome: Outcome, *, warm: Warm, request_id: str) -> None:
    target = logs.LogTarget(
        account=function.account_id,
        region=function.region,
        group=function_configuration.log_group_of(function),
        stream=warm.log_stream,
        role_arn=function.role,
        json_format=function_configuration.is_json_logged(function),
        version=str(function.version),
        memory_mb=int(function.memory_size),
        runtime=str(function.run_time),
    )
    logs.write(logs.lines(outcome, target=target, request_id=request_id), target=target)

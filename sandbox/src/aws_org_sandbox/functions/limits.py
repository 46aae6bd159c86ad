"""Function configurations that Lambda refuses and moto (5.2.5) accepts.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html have the limits.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.utilities.arns import parse_arn

from aws_org_sandbox import iam, queues
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.functions import deprecation

MAX_TIMEOUT = 900
MAX_MEMORY = 10_240
MAX_ENVIRONMENT_BYTES = 4096
MAX_NAME_LENGTH = 64
CONCURRENT_EXECUTIONS = 1000
"""Of one account and region: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
MIN_UNRESERVED = 100
RESERVED_VARIABLES = frozenset(
    {
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)  # fmt: skip
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""

ACTIVE = "Active"
"""The tracing mode in which Lambda writes traces itself, instead of only forwarding the caller's."""

_AT_MOST = "Member must have value less than or equal to"


def check_new(spec: Mapping[str, Any], *, region: str) -> None:
    """Refuse a new function without a zip, or without the settings that a zip requires."""
    if spec.get("PackageType") != "Image" and not (spec.get("Runtime") and spec.get("Handler")):
        raise invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    if len(str(spec["FunctionName"]).rsplit(":", 1)[-1]) > MAX_NAME_LENGTH:
        raise invalid(f"The function name must have length less than or equal to {MAX_NAME_LENGTH}")
    check_configuration(spec, role=str(spec["Role"]), region=region, is_new=True)


def check_configuration(requested: Mapping[str, Any], *, role: str, region: str, is_new: bool = False) -> None:
    """Refuse a configuration, or an update, that exceeds Lambda's limits; role and region are the function's."""
    runtime, today = str(requested.get("Runtime") or ""), datetime.now(UTC).date()
    if (problem := deprecation.refusal(runtime, on=today, is_new=is_new)) is not None:
        raise invalid(problem)
    for problem in _problems(requested):
        raise invalid(problem)
    if target := (requested.get("DeadLetterConfig") or {}).get("TargetArn"):
        check_destination(str(target), role=role)
    if (requested.get("TracingConfig") or {}).get("Mode") == ACTIVE:
        _check_tracing(role, region)


def _problems(requested: Mapping[str, Any]) -> Iterator[str]:
    variables: Mapping[str, str] = (requested.get("Environment") or {}).get("Variables") or {}
    if reserved := sorted(variables.keys() & RESERVED_VARIABLES):
        yield (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if sum(len(f"{name}{value}".encode()) for name, value in variables.items()) > MAX_ENVIRONMENT_BYTES:
        yield (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the {MAX_ENVIRONMENT_BYTES // 1024}KB limit."
        )
    if int(requested.get("Timeout") or 1) > MAX_TIMEOUT:
        yield f"Value '{requested['Timeout']}' at 'timeout' failed to satisfy constraint: {_AT_MOST} {MAX_TIMEOUT}"
    if int(requested.get("MemorySize") or 128) > MAX_MEMORY:
        yield f"Value '{requested['MemorySize']}' at 'memorySize' failed to satisfy constraint: {_AT_MOST} {MAX_MEMORY}"
    logging = requested.get("LoggingConfig") or {}
    if logging.get("LogFormat") == "Text" and logging.keys() & {"ApplicationLogLevel", "SystemLogLevel"}:
        yield "To configure log levels, the log format must be JSON."


def check_zip(code: bytes) -> None:
    """Refuse code that is not a zip."""
    if not zipfile.is_zipfile(io.BytesIO(code)):
        raise invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")


def check_destination(queue_arn: str, *, role: str) -> None:
    """Refuse a queue that the function's role may not send to: Lambda checks this when the queue is configured."""
    queue = queues.find_queue(queue_arn)
    access = iam.Access(action="sqs:SendMessage", resource=queue_arn, region=parse_arn(queue_arn).region)
    policy = queues.policy_of(queue) if queue else None
    if queue is None or iam.refusal(role, access, resource_policy=policy) is not None:
        raise invalid(f"The function's execution role does not have permissions to call SendMessage on {queue_arn}")


def _check_tracing(role: str, region: str) -> None:
    """Refuse tracing if the function's role may not write traces; the permission has no resource ARN."""
    access = iam.Access(action="xray:PutTraceSegments", resource="*", region=region)
    if iam.refusal(role, access) is not None:
        raise invalid("The provided execution role does not have permissions to call PutTraceSegments on XRAY")


def check_concurrency(backend: LambdaBackend, function: LambdaFunction, reserved: int) -> None:
    """Refuse a reservation that leaves too little for the functions without one."""
    others = (item for item in backend.list_functions() if item.function_arn != function.function_arn)
    taken = sum(int(item.reserved_concurrency or 0) for item in others)
    if reserved and CONCURRENT_EXECUTIONS - taken - reserved < MIN_UNRESERVED:
        raise invalid(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{MIN_UNRESERVED}]."
        )


def invalid(message: str) -> Refused:
    """Lambda's error for nearly every invalid function."""
    return Refused("InvalidParameterValueException", message)

"""What the functions of the handler and the watch share: the zip, a log group each, and log lines in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from troposphere import GetAtt, Ref, awslambda, logs

from templates.names import Names, handler_key
from templates.parts import tags

RUNTIME = "python3.13"
MEMORY_MB = 512
REGIONAL_STS = {"AWS_STS_REGIONAL_ENDPOINTS": "regional"}
"""Without it, SDKs before botocore 1.40 call the global STS endpoint, whose tokens are invalid in opt-in regions."""


class _LoggingConfig(awslambda.LoggingConfig):  # type: ignore[misc]
    """Lambda's LoggingConfig, with LogFormat, which troposphere 4.11 lacks."""

    props: ClassVar = {**awslambda.LoggingConfig.props, "LogFormat": (str, False)}


def lambda_function(  # noqa: PLR0913 - all by keyword
    logical_id: str,
    names: Names,
    *,
    name: str,
    description: str,
    handler_digest: str,
    entry_point: str,
    timeout: timedelta,
    role: str,
    log_group: str,
    variables: Mapping[str, object],
    tracing: bool = False,
) -> awslambda.Function:
    """A function; `role` and `log_group` are logical ids. A new digest is a new S3 key, so it changes with the zip."""
    traced = {"TracingConfig": awslambda.TracingConfig(Mode="Active")} if tracing else {}
    return awslambda.Function(
        logical_id,
        FunctionName=name,
        Description=description,
        Code=awslambda.Code(S3Bucket=names.artifacts_bucket, S3Key=handler_key(handler_digest)),
        Handler=entry_point,
        Runtime=RUNTIME,
        Architectures=["arm64"],
        MemorySize=MEMORY_MB,
        Timeout=int(timeout.total_seconds()),
        Role=GetAtt(role, "Arn"),
        Environment=awslambda.Environment(Variables={**REGIONAL_STS, **variables}),
        LoggingConfig=_LoggingConfig(
            LogFormat="JSON", ApplicationLogLevel="INFO", SystemLogLevel="WARN", LogGroup=Ref(log_group)
        ),
        Tags=tags(names),
        **traced,
    )


def log_group(logical_id: str, names: Names, *, name: str, days: int) -> logs.LogGroup:
    """A log group that is deleted with its stack."""
    return logs.LogGroup(
        logical_id,
        LogGroupName=name,
        RetentionInDays=days,
        Tags=tags(names),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )

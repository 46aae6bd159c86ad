"""The handler as Lambda runs it: its role, its log group, the function, and what happens when it fails."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from troposphere import AWSObject, GetAtt, Ref, awslambda, iam, logs

from templates import policies, trust
from templates.ledger import TABLE
from templates.names import Names
from templates.tagging import tags

FUNCTION = "HandlerFunction"
LOG_GROUP = "HandlerLogGroup"
ROLE = "HandlerRole"

RUNTIME = "python3.13"
ENTRY_POINT = "handler.function.handle"
MEMORY_MB = 512
TIMEOUT = timedelta(seconds=60)
RETRIES = 2
RETRY_FOR = timedelta(hours=6)
"""The longest that Lambda keeps an asynchronous event."""


class _LoggingConfig(awslambda.LoggingConfig):  # type: ignore[misc]
    """Lambda's LoggingConfig, with the LogFormat that troposphere 4.11 leaves out."""

    props: ClassVar = {**awslambda.LoggingConfig.props, "LogFormat": (str, False)}


def json_logging(log_group: str) -> awslambda.LoggingConfig:
    """Lines of JSON, Lambda's own too, to a log group (a logical id)."""
    return _LoggingConfig(LogFormat="JSON", ApplicationLogLevel="INFO", SystemLogLevel="WARN", LogGroup=Ref(log_group))


def function(names: Names, *, handler_digest: str, queue: str, log_days: int, tracing: bool = False) -> list[AWSObject]:
    """Everything of the function; `queue` is the logical id of the failures queue, `handler_digest` names the zip.

    With `tracing`, sampled runs are traced by X-Ray.
    """
    return [
        _role(names, queue=queue, tracing=tracing),
        _log_group(names, days=log_days),
        _function(names, handler_digest, queue=queue, tracing=tracing),
        _retries(queue),
    ]


def _role(names: Names, *, queue: str, tracing: bool) -> iam.Role:
    table_arn = GetAtt(TABLE, "Arn")
    statements = [
        policies.assume_creator_roles(names),
        *policies.look_up_accounts(names),
        policies.write_ledger(table_arn),
        policies.count_in_ledger(table_arn),
        policies.send_failures(GetAtt(queue, "Arn")),
        policies.send_notices(names),
        policies.write_logs(names, log_group=names.log_group),
        *([policies.send_traces()] if tracing else []),
    ]
    return iam.Role(
        ROLE,
        RoleName=names.function_role,
        Description="The handler: decides on failed pushes and has repositories created in the accounts they went to",
        AssumeRolePolicyDocument=policies.policy(trust.function(names)),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="handle-failed-pushes", PolicyDocument=policies.policy(*statements))],
        Tags=tags(names),
    )


def _log_group(names: Names, *, days: int) -> logs.LogGroup:
    return logs.LogGroup(
        LOG_GROUP,
        LogGroupName=names.log_group,
        RetentionInDays=days,
        Tags=tags(names),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )


def _function(names: Names, handler_digest: str, *, queue: str, tracing: bool) -> awslambda.Function:
    """A new digest is a new S3 key, so code and settings change exactly when the zip does."""
    traced = {"TracingConfig": awslambda.TracingConfig(Mode="Active")} if tracing else {}
    return awslambda.Function(
        FUNCTION,
        FunctionName=names.function,
        Description="Creates the repository that a push found missing, or says why not",
        Code=awslambda.Code(S3Bucket=names.artifacts_bucket, S3Key=names.handler_key(handler_digest)),
        Handler=ENTRY_POINT,
        Runtime=RUNTIME,
        Architectures=["arm64"],
        MemorySize=MEMORY_MB,
        Timeout=int(TIMEOUT.total_seconds()),
        Role=GetAtt(ROLE, "Arn"),
        Environment=awslambda.Environment(
            Variables={
                "CREATOR_ROLE": names.creator_role,
                "EVENT_BUS": names.event_bus,
                "FAILURES_QUEUE_URL": Ref(queue),
                "LEDGER_TABLE": Ref(TABLE),
                "ORGANIZATION_ID": names.organization_id,
            }
        ),
        LoggingConfig=json_logging(LOG_GROUP),
        Tags=tags(names),
        **traced,
    )


def _retries(queue: str) -> awslambda.EventInvokeConfig:
    """Two retries over at most six hours, then the failures queue."""
    return awslambda.EventInvokeConfig(
        "HandlerRetries",
        FunctionName=Ref(FUNCTION),
        Qualifier="$LATEST",
        MaximumRetryAttempts=RETRIES,
        MaximumEventAgeInSeconds=int(RETRY_FOR.total_seconds()),
        DestinationConfig=awslambda.DestinationConfig(OnFailure=awslambda.OnFailure(Destination=GetAtt(queue, "Arn"))),
    )

"""The watch: a second function, which counts the dead letters of all members once an hour, and what that takes."""

from __future__ import annotations

from datetime import timedelta

from troposphere import AWSObject, GetAtt, awslambda, events, iam, logs

from templates import metrics, policies, trust
from templates.function import RUNTIME, json_logging
from templates.names import Names
from templates.tagging import tags

FUNCTION = "WatchFunction"
LOG_GROUP = "WatchLogGroup"
ROLE = "WatchRole"
RULE = "WatchRule"

ENTRY_POINT = "handler.watch.handle"
MEMORY_MB = 512
TIMEOUT = timedelta(minutes=10)
"""For 20,000 queues, ten at once, it needs about three."""
SCHEDULE = "rate(1 hour)"


def watch(names: Names, *, handler_digest: str, log_days: int) -> list[AWSObject]:
    """Role, log group, metric, function, schedule and permission."""
    return [
        _role(names),
        logs.LogGroup(
            LOG_GROUP,
            LogGroupName=names.watch_log_group,
            RetentionInDays=log_days,
            Tags=tags(names),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        ),
        metrics.dead_letters_filter(names, log_group=LOG_GROUP),
        _function(names, handler_digest),
        _rule(names),
        awslambda.Permission(
            "WatchPermission",
            Action="lambda:InvokeFunction",
            FunctionName=GetAtt(FUNCTION, "Arn"),
            Principal="events.amazonaws.com",
            SourceArn=GetAtt(RULE, "Arn"),
        ),
    ]


def _role(names: Names) -> iam.Role:
    statements = (
        policies.count_dead_letters(names),
        policies.find_queues(names),
        policies.write_logs(names, log_group=names.watch_log_group),
    )
    return iam.Role(
        ROLE,
        RoleName=names.watch_role,
        Description="The watch: counts what waits in the dead-letter queues of all members",
        AssumeRolePolicyDocument=policies.policy(trust.function(names)),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="count-dead-letters", PolicyDocument=policies.policy(*statements))],
        Tags=tags(names),
    )


def _function(names: Names, handler_digest: str) -> awslambda.Function:
    return awslambda.Function(
        FUNCTION,
        FunctionName=names.watch_function,
        Description="Counts what could not be forwarded and waits in members",
        Code=awslambda.Code(S3Bucket=names.artifacts_bucket, S3Key=names.handler_key(handler_digest)),
        Handler=ENTRY_POINT,
        Runtime=RUNTIME,
        Architectures=["arm64"],
        MemorySize=MEMORY_MB,
        Timeout=int(TIMEOUT.total_seconds()),
        Role=GetAtt(ROLE, "Arn"),
        Environment=awslambda.Environment(
            Variables={
                "DEAD_LETTER_QUEUE": names.forwarding_dead_letter_queue,
                "FORWARDING_STACK_SET": names.forwarding_stack_set,
            }
        ),
        LoggingConfig=json_logging(LOG_GROUP),
        Tags=tags(names),
    )


def _rule(names: Names) -> events.Rule:
    """A schedule; those are rules of the default bus, whose events nobody else can send to the target."""
    return events.Rule(
        RULE,
        Name=names.watch_rule,
        Description="Has the dead letters of all members counted once an hour",
        ScheduleExpression=SCHEDULE,
        State="ENABLED",
        Targets=[events.Target(Id="watch", Arn=GetAtt(FUNCTION, "Arn"))],
        Tags=tags(names),
    )

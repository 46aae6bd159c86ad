"""The watch: a second function, which counts the dead letters of all members once an hour, and what that takes."""

from __future__ import annotations

from datetime import timedelta

from troposphere import AWSObject, GetAtt, awslambda, events, iam

from templates import metrics, policies, trust
from templates.lambdas import lambda_function, log_group
from templates.names import Names
from templates.parts import role, tags

FUNCTION = "WatchFunction"
LOG_GROUP = "WatchLogGroup"
ROLE = "WatchRole"
RULE = "WatchRule"

ENTRY_POINT = "handler.watch.handle"
TIMEOUT = timedelta(minutes=10)
"""For 20,000 queues, ten at once, it needs about three."""
SCHEDULE = "rate(1 hour)"


def watch(names: Names, *, handler_digest: str, log_days: int) -> list[AWSObject]:
    """Role, log group, metrics, function, schedule and permission."""
    return [
        _role(names),
        log_group(LOG_GROUP, names, name=names.watch_log_group, days=log_days),
        *metrics.watch_filters(names, log_group=LOG_GROUP),
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
    return role(
        ROLE,
        names,
        name=names.watch_role,
        description="The watch: counts what waits in the dead-letter queues of all members",
        trusted=trust.function(),
        purpose="count-dead-letters",
        allowed=[
            policies.count_dead_letters(names),
            policies.find_queues(names),
            policies.prove_delegation(),
            policies.write_logs(names, log_group=names.watch_log_group),
        ],
    )


def _function(names: Names, handler_digest: str) -> awslambda.Function:
    return lambda_function(
        FUNCTION,
        names,
        name=names.watch_function,
        description="Counts what could not be forwarded and waits in members",
        handler_digest=handler_digest,
        entry_point=ENTRY_POINT,
        timeout=TIMEOUT,
        role=ROLE,
        log_group=LOG_GROUP,
        variables={
            "DEAD_LETTER_QUEUE": names.forwarding_dead_letter_queue,
            "FORWARDING_STACK_SET": names.forwarding_stack_set,
        },
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

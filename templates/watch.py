"""The watch, a second function that counts dead letters and inspects resources in members, and its resources."""

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
"""20,000 queues, ten at a time, take about three minutes; the inspection ends in time, and reports what it left out."""
SCHEDULE = "cron(17 * * * ? *)"
"""Once in each hour of the clock, since the hour determines which accounts are inspected; most others start at 0."""


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
        description="Runs the watch, which counts dead letters and inspects deployer's resources in all accounts",
        trusted=trust.function(),
        purpose="watch-members",
        allowed=[
            policies.count_dead_letters(names),
            policies.find_stack_sets(),
            policies.read_stack_sets(names),
            policies.assume_auditor_roles(names),
            policies.read_delegated_administrators(),
            policies.write_logs(names, log_group=names.watch_log_group),
        ],
    )


def _function(names: Names, handler_digest: str) -> awslambda.Function:
    return lambda_function(
        FUNCTION,
        names,
        name=names.watch_function,
        description="Counts undelivered events and inspects deployer's resources in all member accounts",
        handler_digest=handler_digest,
        entry_point=ENTRY_POINT,
        timeout=TIMEOUT,
        role=ROLE,
        log_group=LOG_GROUP,
        variables={
            "ACCESS_STACK_SET": names.access_stack_set,
            "AUDITOR_ROLE": names.auditor_role,
            "CREATION_TEMPLATES_STACK_SETS": names.creation_templates_stack_sets,
            "DEAD_LETTER_QUEUE": names.forwarding_dead_letter_queue,
            "FORWARDING_STACK_SET": names.forwarding_stack_set,
        },
    )


def _rule(names: Names) -> events.Rule:
    """A scheduled rule; it is on the default bus, and no other event can reach its target."""
    return events.Rule(
        RULE,
        Name=names.watch_rule,
        Description="Invokes the watch once an hour",
        ScheduleExpression=SCHEDULE,
        State="ENABLED",
        Targets=[events.Target(Id="watch", Arn=GetAtt(FUNCTION, "Arn"))],
        Tags=tags(names),
    )

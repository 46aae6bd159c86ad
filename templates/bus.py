"""The central event bus, its policy, its archive, and the rule that invokes the handler."""

from __future__ import annotations

from troposphere import AWSObject, GetAtt, Ref, awslambda, events

from templates.event_pattern import forwarded_events
from templates.names import Names
from templates.parts import dead_letters, retry_policy, tags
from templates.resource_policies import admit_organization

BUS = "EventBus"
RULE = "HandlerRule"


def bus(names: Names, *, archive_days: int, observe: bool) -> list[AWSObject]:
    """The bus, its policy and its archive; `archive_days` is how far back events can be replayed."""
    return [
        events.EventBus(
            BUS,
            Name=names.event_bus,
            Description="Failed pushes to missing repositories, from every covered account and region",
            Tags=tags(names),
        ),
        events.EventBusPolicy(
            "EventBusPolicy",
            EventBusName=Ref(BUS),
            StatementId=names.event_bus_statement,
            Statement=admit_organization(names, bus_arn=GetAtt(BUS, "Arn"), observe=observe),
        ),
        events.Archive(
            "EventArchive",
            ArchiveName=names.event_archive,
            Description="Received events, to be replayed after an outage or a defect",
            SourceArn=GetAtt(BUS, "Arn"),
            EventPattern=forwarded_events(observe=observe),
            RetentionDays=archive_days,
        ),
    ]


def rule(names: Names, *, function: str, queue: str, observe: bool) -> list[AWSObject]:
    """The rule and its permission to invoke the function; `function` and the dead-letter `queue` are logical ids."""
    target = events.Target(
        Id="handler",
        Arn=GetAtt(function, "Arn"),
        RetryPolicy=retry_policy(),
        DeadLetterConfig=dead_letters(queue),
    )
    return [
        events.Rule(
            RULE,
            Name=names.central_rule,
            Description="Delivers every failed push to the handler",
            EventBusName=Ref(BUS),
            EventPattern=forwarded_events(observe=observe),
            State="ENABLED",
            Targets=[target],
            Tags=tags(names),
        ),
        awslambda.Permission(
            "HandlerPermission",
            Action="lambda:InvokeFunction",
            FunctionName=GetAtt(function, "Arn"),
            Principal="events.amazonaws.com",
            SourceArn=GetAtt(RULE, "Arn"),
        ),
    ]

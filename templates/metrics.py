"""What is measured: metrics that AWS publishes by itself, and those that metric filters read from the handler's log.

One place for names and dimensions, so that alarms and dashboard cannot ask for a metric that nobody publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troposphere import AWSObject, Ref, logs

from handler.log import WATCHED
from templates.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A CloudWatch metric, by what identifies it."""

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)


def of_function(names: Names, name: str) -> Metric:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": names.function})


def of_watch(names: Names, name: str) -> Metric:
    """The same of the second function."""
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": names.watch_function})


def of_rule(names: Names, name: str) -> Metric:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html"""
    dimensions = {"EventBusName": names.event_bus, "RuleName": names.central_rule}
    return Metric(namespace="AWS/Events", name=name, dimensions=dimensions)


def of_notices_rule(names: Names, name: str) -> Metric:
    """The same of the rule that publishes notices."""
    dimensions = {"EventBusName": names.event_bus, "RuleName": names.notices_rule}
    return Metric(namespace="AWS/Events", name=name, dimensions=dimensions)


def of_failures_queue(names: Names, name: str) -> Metric:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
    return Metric(namespace="AWS/SQS", name=name, dimensions={"QueueName": names.failures_queue})


def of_ledger(names: Names, name: str) -> Metric:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"""
    return Metric(namespace="AWS/DynamoDB", name=name, dimensions={"TableName": names.ledger_table})


def of_decisions(names: Names, name: str) -> Metric:
    """A metric that a filter below reads from the log."""
    return Metric(namespace=names.metric_namespace, name=name)


CREATED = "Created"
REFUSED = "Refused"
REFUSALS = "Refusals"
"""All of them, without a dimension: an alarm can only watch a metric that it names whole."""
FAILED = "Failed"
REASON = "Reason"
"""Dimension of `Refused` and `Failed`."""
DEAD_LETTERS = "DeadLetters"
"""Messages in the dead-letter queues of all members, as the watch counts them once an hour."""
UNREADABLE_QUEUES = "UnreadableQueues"
"""Dead-letter queues of members that the watch could not read, without those of suspended accounts."""
NOTICES_FAILED = "NoticesFailed"
"""Decisions in the ledger whose notices could not be sent."""
TIME_TO_REPOSITORY = "TimeToRepository"
"""Milliseconds from the call that missed its repository (to the second, as CloudTrail says it) to the repository."""


def filters(names: Names, *, log_group: str) -> list[AWSObject]:
    """Metrics of decisions, from the line that the handler logs for each; `log_group` is a logical id."""
    by_reason = [logs.Dimension(Key=REASON, Value="$.reason")]
    transformations = {
        CREATED: ('{ $.outcome = "created" }', _count(names, CREATED)),
        REFUSED: ('{ $.outcome = "refused" }', _count(names, REFUSED, Dimensions=by_reason)),
        REFUSALS: ('{ $.outcome = "refused" }', _count(names, REFUSALS)),
        FAILED: ('{ $.outcome = "failed" }', _count(names, FAILED, Dimensions=by_reason)),
        NOTICES_FAILED: ("{ $.notice_problem = * }", _count(names, NOTICES_FAILED)),
        TIME_TO_REPOSITORY: (
            '{ $.outcome = "created" && $.milliseconds_to_repository = * }',
            logs.MetricTransformation(
                MetricName=TIME_TO_REPOSITORY,
                MetricNamespace=names.metric_namespace,
                MetricValue="$.milliseconds_to_repository",
                Unit="Milliseconds",
            ),
        ),
    }
    return [
        logs.MetricFilter(
            f"{name}Filter",
            FilterName=name,
            FilterPattern=pattern,
            LogGroupName=Ref(log_group),
            MetricTransformations=[transformation],
        )
        for name, (pattern, transformation) in transformations.items()
    ]


def watch_filters(names: Names, *, log_group: str) -> list[AWSObject]:
    """Metrics of members' queues, from the line that the watch logs each time."""
    fields = {DEAD_LETTERS: "waiting", UNREADABLE_QUEUES: "unreadable"}
    return [
        logs.MetricFilter(
            f"{name}Filter",
            FilterName=name,
            FilterPattern=f'{{ $.outcome = "{WATCHED}" }}',
            LogGroupName=Ref(log_group),
            MetricTransformations=[
                logs.MetricTransformation(
                    MetricName=name, MetricNamespace=names.metric_namespace, MetricValue=f"$.{key}", Unit="Count"
                )
            ],
        )
        for name, key in fields.items()
    ]


def _count(names: Names, name: str, **options: object) -> logs.MetricTransformation:
    return logs.MetricTransformation(
        MetricName=name, MetricNamespace=names.metric_namespace, MetricValue="1", Unit="Count", **options
    )

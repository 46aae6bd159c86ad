"""Metrics that AWS publishes, and those that metric filters derive from the handler's log.

Names and dimensions are defined only here, so that alarms and dashboard cannot use a metric that nobody publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troposphere import AWSObject, Ref, logs

from handler.log import INSPECTED, WATCHED
from templates.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The identity of a CloudWatch metric."""

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)


def of_function(names: Names, name: str) -> Metric:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": names.function})


def of_watch(names: Names, name: str) -> Metric:
    """A metric of the watch, as `of_function`."""
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": names.watch_function})


def of_rule(names: Names, name: str) -> Metric:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html"""
    dimensions = {"EventBusName": names.event_bus, "RuleName": names.central_rule}
    return Metric(namespace="AWS/Events", name=name, dimensions=dimensions)


def of_notices_rule(names: Names, name: str) -> Metric:
    """A metric of the rule that publishes notices, as `of_rule`."""
    dimensions = {"EventBusName": names.event_bus, "RuleName": names.notices_rule}
    return Metric(namespace="AWS/Events", name=name, dimensions=dimensions)


def of_failures_queue(names: Names, name: str) -> Metric:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
    return Metric(namespace="AWS/SQS", name=name, dimensions={"QueueName": names.failures_queue})


def of_ledger(names: Names, name: str) -> Metric:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"""
    return Metric(namespace="AWS/DynamoDB", name=name, dimensions={"TableName": names.ledger_table})


def of_decisions(names: Names, name: str) -> Metric:
    """A metric of a metric filter below."""
    return Metric(namespace=names.metric_namespace, name=name)


CREATED = "Created"
REFUSED = "Refused"
REFUSALS = "Refusals"
"""All refusals, without a dimension, because an alarm needs a metric with all of its dimensions."""
FAILED = "Failed"
VIOLATIONS = "Violations"
"""Repositories that ECR created by creation templates, and that the rules would have refused."""
REASON = "Reason"
"""Dimension of `Refused` and `Failed`."""
DEAD_LETTERS = "DeadLetters"
"""Messages in the dead-letter queues of all member accounts; the watch counts them once an hour."""
UNREADABLE_QUEUES = "UnreadableQueues"
"""Dead-letter queues that the watch could not read, except those of suspended accounts."""
DAMAGED_RESOURCES = "DamagedResources"
"""Accounts and regions in which an inspection of the watch found resources of deployer deleted or changed."""
UNREAD_RESOURCES = "UnreadResources"
"""Accounts and regions that an inspection of the watch could not read."""
FAILED_TEMPLATES = "FailedCreationTemplates"
"""Accounts and regions that did not get the repository creation templates of their OU."""
NOTICES_FAILED = "NoticesFailed"
"""Decisions in the ledger whose notices could not be sent."""
TIME_TO_REPOSITORY = "TimeToRepository"
"""Milliseconds from the failed call (CloudTrail records whole seconds) to the creation of the repository."""


def filters(names: Names, *, log_group: str) -> list[AWSObject]:
    """Metrics of decisions, from the handler's log line for each; `log_group` is a logical id."""
    by_reason = [logs.Dimension(Key=REASON, Value="$.reason")]
    transformations = {
        CREATED: ('{ $.outcome = "created" }', _count(names, CREATED)),
        REFUSED: ('{ $.outcome = "refused" }', _count(names, REFUSED, Dimensions=by_reason)),
        REFUSALS: ('{ $.outcome = "refused" }', _count(names, REFUSALS)),
        FAILED: ('{ $.outcome = "failed" }', _count(names, FAILED, Dimensions=by_reason)),
        VIOLATIONS: ('{ $.outcome = "violation" }', _count(names, VIOLATIONS)),
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
    """Metrics of the members' queues and resources, from the log lines of the watch."""
    fields = {
        DEAD_LETTERS: (WATCHED, "waiting"),
        UNREADABLE_QUEUES: (WATCHED, "unreadable"),
        DAMAGED_RESOURCES: (INSPECTED, "damaged"),
        UNREAD_RESOURCES: (INSPECTED, "unread"),
        FAILED_TEMPLATES: (INSPECTED, "failed_templates"),
    }
    return [
        logs.MetricFilter(
            f"{name}Filter",
            FilterName=name,
            FilterPattern=f'{{ $.outcome = "{outcome}" }}',
            LogGroupName=Ref(log_group),
            MetricTransformations=[
                logs.MetricTransformation(
                    MetricName=name, MetricNamespace=names.metric_namespace, MetricValue=f"$.{key}", Unit="Count"
                )
            ],
        )
        for name, (outcome, key) in fields.items()
    ]


def _count(names: Names, name: str, **options: object) -> logs.MetricTransformation:
    return logs.MetricTransformation(
        MetricName=name, MetricNamespace=names.metric_namespace, MetricValue="1", Unit="Count", **options
    )

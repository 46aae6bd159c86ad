"""The alarms of the catalogue as resources of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from troposphere import AWSObject, cloudwatch

from templates.alarms import Alarm, catalogue
from templates.metrics import Metric
from templates.names import Names
from templates.parts import tags


def alarms(names: Names, *, actions: Sequence[str], notices: bool) -> list[AWSObject]:
    """The alarms; `actions` are ARNs that CloudWatch notifies when an alarm goes off and when it ends."""
    return [_resource(alarm, names, actions=actions) for alarm in catalogue(names, notices=notices)]


def _resource(alarm: Alarm, names: Names, *, actions: Sequence[str]) -> cloudwatch.Alarm:
    datapoints, evaluated = alarm.periods
    notified = {"AlarmActions": list(actions), "OKActions": list(actions)} if actions else {}
    return cloudwatch.Alarm(
        alarm.logical_id,
        ActionsEnabled=True,  # the default, but CloudFormation compares and reverts only what a template sets
        AlarmName=names.alarm(alarm.name),
        AlarmDescription=f"{alarm.meaning} {alarm.action}",
        Metrics=_queries(alarm),
        ComparisonOperator=alarm.comparison,
        Threshold=alarm.threshold,
        EvaluationPeriods=evaluated,
        DatapointsToAlarm=datapoints,
        TreatMissingData=alarm.missing_data,
        Tags=tags(names),
        **notified,
    )


def _queries(alarm: Alarm) -> list[cloudwatch.MetricDataQuery]:
    """The metrics, and the formula over them; an alarm requires that exactly one of them returns data."""
    queries = [
        cloudwatch.MetricDataQuery(
            Id=id_,
            MetricStat=_statistic(metric, statistic, period=alarm.period),
            ReturnData=alarm.formula is None,
        )
        for id_, (metric, statistic) in alarm.metrics.items()
    ]
    if alarm.formula is None:
        return queries
    return [*queries, cloudwatch.MetricDataQuery(Id="formula", Expression=alarm.formula, ReturnData=True)]


def _statistic(metric: Metric, statistic: str, *, period: timedelta) -> cloudwatch.MetricStat:
    return cloudwatch.MetricStat(
        Metric=cloudwatch.Metric(
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[cloudwatch.MetricDimension(Name=key, Value=value) for key, value in metric.dimensions.items()],
        ),
        Period=int(period.total_seconds()),
        Stat=statistic,
    )

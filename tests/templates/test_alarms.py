from __future__ import annotations

import re

import pytest

from templates import central
from templates.alarms import Alarm, catalogue
from templates.metrics import Metric
from templates.names import Names
from templates.notices import Notifications
from templates.parts import body
from tests.templates.reading import DIGEST, Templates, resources

EXAMPLE = Names(
    prefix="deployer", organization_id="o-exampleorg1", central_account="200000000001", central_region="eu-west-1"
)
ALARMS = {alarm.name: alarm for alarm in catalogue(EXAMPLE)}

PUBLISHED = {
    "AWS/Lambda": {"Errors", "Invocations", "Throttles", "Duration", "AsyncEventAge", "DestinationDeliveryFailures"},
    "AWS/Events": {"MatchedEvents", "FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/DynamoDB": {"ConsumedWriteCapacityUnits", "WriteThrottleEvents"},
}
"""Metrics that AWS documents, of those that we use."""


def is_published(metric: Metric, templates: Templates) -> bool:
    if metric.namespace in PUBLISHED:
        return metric.name in PUBLISHED[metric.namespace]
    return any(
        transformation["MetricNamespace"] == metric.namespace
        and transformation["MetricName"] == metric.name
        and {dimension["Key"] for dimension in transformation.get("Dimensions", [])} == metric.dimensions.keys()
        for resource in resources(templates["central"]).values()
        if resource["Type"] == "AWS::Logs::MetricFilter"
        for transformation in resource["Properties"]["MetricTransformations"]
    )


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS.keys())
def test_an_alarm_uses_only_published_metrics(alarm: Alarm, templates: Templates) -> None:
    """A metric filter with dimensions publishes nothing without them."""
    for metric, _ in alarm.metrics.values():
        assert is_published(metric, templates), metric


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS.keys())
def test_a_formula_uses_every_metric_of_its_alarm(alarm: Alarm) -> None:
    used = set(re.findall(r"\b[a-z]\w*", alarm.formula or "m"))
    assert used == alarm.metrics.keys()


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS.keys())
def test_an_alarm_describes_its_meaning_and_the_next_step(alarm: Alarm, templates: Templates) -> None:
    description = resources(templates["central"])[alarm.logical_id]["Properties"]["AlarmDescription"]
    assert description == f"{alarm.meaning} {alarm.action}"
    assert len(description) <= 1024


STAYING = [
    "failures-waiting",
    "failures-expiring",
    "forwarding-failures",
    "queues-unreadable",
    "creation-templates-failed",
    "resources-damaged",
    "resources-unread",
]


@pytest.mark.parametrize("name", STAYING)
def test_a_queue_without_metrics_keeps_its_alarm_state(name: str) -> None:
    """SQS stops publishing metrics of a queue that was not used for six hours; the watch counts once an hour."""
    assert ALARMS[name].missing_data == "ignore"


def test_hours_without_a_count_cause_an_alarm_however_the_watch_stopped(templates: Templates) -> None:
    """Disabling the rule, or deleting its permission, the function or the metric filter, ends the counts."""
    properties = resources(templates["central"])["WatchStoppedAlarm"]["Properties"]
    (query,) = properties["Metrics"]
    assert query["MetricStat"]["Metric"]["MetricName"] == "DeadLetters"
    assert (query["MetricStat"]["Stat"], properties["ComparisonOperator"]) == ("SampleCount", "LessThanThreshold")
    assert (properties["Threshold"], properties["TreatMissingData"]) == (1, "breaching")
    assert properties["DatapointsToAlarm"] == properties["EvaluationPeriods"]


def test_one_late_count_does_not_cause_an_alarm(templates: Templates) -> None:
    """A schedule is not exact: a run may be late, or fail once."""
    properties = resources(templates["central"])["WatchStoppedAlarm"]["Properties"]
    (query,) = properties["Metrics"]
    assert resources(templates["central"])["WatchRule"]["Properties"]["ScheduleExpression"] == "cron(17 * * * ? *)"
    assert query["MetricStat"]["Period"] == 3600
    assert properties["EvaluationPeriods"] >= 3


def test_queues_that_remain_unreadable_cause_an_alarm_and_one_throttled_count_does_not(templates: Templates) -> None:
    properties = resources(templates["central"])["QueuesUnreadableAlarm"]["Properties"]
    (query,) = properties["Metrics"]
    assert query["MetricStat"]["Metric"]["MetricName"] == "UnreadableQueues"
    assert (query["MetricStat"]["Stat"], query["MetricStat"]["Period"]) == ("Minimum", 3600), "two counts in one hour"
    assert (properties["ComparisonOperator"], properties["Threshold"]) == ("GreaterThanThreshold", 0)
    assert properties["DatapointsToAlarm"] == properties["EvaluationPeriods"] == 3


@pytest.mark.parametrize("name", sorted(ALARMS.keys() - {*STAYING, "watch-stopped"}))
def test_without_pushes_there_is_no_alarm(name: str) -> None:
    assert ALARMS[name].missing_data == "notBreaching"


DAY = 24 * 3600
QUEUES = {
    "an empty queue": (0, None, False),
    "a message of today": (1, DAY, False),
    "a message that is nearly ten days old": (7, 10 * DAY, False),
    "a message that expires within four days": (7, 10 * DAY + 1, True),
    "messages that were all received three times": (3, None, True),
    "messages that were all received three times, with the age 0": (3, 0, True),
    "an age that SQS still reports for an empty queue": (0, 11 * DAY, False),
}


@pytest.mark.parametrize(("visible", "age", "goes_off"), QUEUES.values(), ids=QUEUES)
def test_the_alarm_is_raised_days_before_a_message_expires(visible: int, age: int | None, *, goes_off: bool) -> None:
    """SQS excludes messages that were received three times from the age, so the age alone is not sufficient."""
    alarm = ALARMS["failures-expiring"]
    python = (alarm.formula or "").replace(" AND ", " and ").replace(" OR ", " or ")
    functions = {
        "IF": lambda condition, yes, no: yes if condition else no,
        "FILL": lambda metric, otherwise: otherwise if metric is None else metric,
    }
    assert (eval(python, functions, {"visible": visible, "age": age}) > alarm.threshold) is goes_off


def test_a_new_message_is_not_mistaken_for_one_of_unknown_age() -> None:
    """SQS may count a message some minutes before it reports its age."""
    alarm = ALARMS["failures-expiring"]
    assert alarm.periods == (12, 12)
    assert alarm.periods[1] * alarm.period.total_seconds() == 3600


def test_alarms_notify_nobody_unless_actions_are_configured(names: Names, templates: Templates) -> None:
    topic = f"arn:aws:sns:eu-west-1:{names.central_account}:on-call"
    options = central.Options(alarm_actions=(topic,), notifications=Notifications(topic="create"))
    notifying = central.template(names, handler_digest=DIGEST, options=options)
    for alarm in ALARMS.values():
        assert "AlarmActions" not in resources(templates["central"])[alarm.logical_id]["Properties"]
        properties = resources(notifying)[alarm.logical_id]["Properties"]
        assert (properties["AlarmActions"], properties["OKActions"]) == ([topic], [topic])


def test_without_notifications_there_is_no_alarm_for_notices(names: Names) -> None:
    plain = central.template(names, handler_digest=DIGEST)
    assert "NoticesUndeliveredAlarm" not in resources(plain)
    assert names.alarm_arn("notices-undelivered") not in body(plain)


def test_the_dashboard_shows_every_alarm(names: Names, templates: Templates) -> None:
    text = body(templates["central"])
    for alarm in ALARMS.values():
        assert names.alarm_arn(alarm.name) in text

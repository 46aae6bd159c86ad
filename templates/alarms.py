"""Alarms of the central account: few, each of something that a person has to do something about.

What goes wrong between a member's rule and the central bus shows in no metric of this account: it waits in the member's
dead-letter queue, and the watch counts it once an hour. So one alarm watches the watch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from troposphere import AWSObject, cloudwatch

from handler.records import MAX_REFUSALS
from templates import metrics
from templates.metrics import Metric
from templates.names import Names
from templates.parts import tags
from templates.queues import RETENTION

PERIOD = timedelta(minutes=5)
MANY_REFUSALS = 100
"""In one period; a pipeline that is refused retries a few times, and a push makes up to five events."""

QUIET_IS_GOOD = "notBreaching"
"""Nothing was pushed, so nothing was measured: no reason to worry."""
QUIET_CHANGES_NOTHING = "ignore"
"""A queue that nobody touched for hours stops reporting, even with messages in it; and the watch counts hourly."""
QUIET_IS_BAD = "breaching"
"""Something that works measures by itself: silence is what the alarm is for."""

ABOVE = "GreaterThanThreshold"
BELOW = "LessThanThreshold"


_EXPIRING = (
    f"IF(visible > 0 AND (FILL(age, 0) > {int((RETENTION - timedelta(days=4)).total_seconds())} OR FILL(age, 0) < 60),"
    " 1, 0)"
)
"""SQS leaves a message out of the age once it was received three times, as each `deployer failures list` does. If it
leaves out all, there is no age, or 0, while messages are counted (assumption A7); one that just came has an age soon.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm as a person thinks of it; it goes off when `formula` or the one metric is beyond `threshold`.

    How CloudWatch treats periods without data in each combination is assumption A7.
    """

    name: str
    meaning: str
    action: str
    metrics: Mapping[str, tuple[Metric, str]]
    """By the name that `formula` uses: metric and statistic."""
    formula: str | None = None
    comparison: str = ABOVE
    threshold: float = 0
    period: timedelta = PERIOD
    periods: tuple[int, int] = (1, 1)
    """How many of how many periods have to be beyond it."""
    quiet: str = QUIET_IS_GOOD

    @property
    def logical_id(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("-")) + "Alarm"


def alarms(names: Names, *, actions: Sequence[str], notices: bool) -> list[AWSObject]:
    """The alarms; `actions` are ARNs that CloudWatch notifies when one goes off and when it is over."""
    return [_resource(alarm, names, actions=actions) for alarm in catalogue(names, notices=notices)]


def catalogue(names: Names, *, notices: bool = True) -> tuple[Alarm, ...]:
    """Every alarm, as data: the template and the operator's page are made from it; `notices` if people get any."""
    return (
        *_failures(names),
        *_handler(names),
        *_refusals(names),
        *_delivery(names),
        *(_notices(names) if notices else ()),
        *_forwarding(names),
    )


def _failures(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="failures-waiting",
            meaning="Events that could not be handled wait in the failures queue: repositories are missing.",
            action="`deployer failures list` says why for each; mend that, then `deployer failures redrive`.",
            metrics={"m": (metrics.of_failures_queue(names, "ApproximateNumberOfMessagesVisible"), "Maximum")},
            quiet=QUIET_CHANGES_NOTHING,
        ),
        Alarm(
            name="failures-expiring",
            meaning="The oldest message of the failures queue will be deleted by SQS within four days, or messages "
            "wait whose age SQS does not report, since each was received three times.",
            action="`deployer failures redrive` now; later only the event archive has it.",
            metrics={
                "visible": (metrics.of_failures_queue(names, "ApproximateNumberOfMessagesVisible"), "Maximum"),
                "age": (metrics.of_failures_queue(names, "ApproximateAgeOfOldestMessage"), "Maximum"),
            },
            formula=_EXPIRING,
            periods=(12, 12),
            quiet=QUIET_CHANGES_NOTHING,
        ),
    )


def _handler(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="handler-errors",
            meaning="More than 5 % of the handler's runs failed for ten minutes; Lambda tries each three times.",
            action="Look at the errors on the dashboard; AWS refusing calls is the usual cause.",
            metrics={
                "errors": (metrics.of_function(names, "Errors"), "Sum"),
                "runs": (metrics.of_function(names, "Invocations"), "Sum"),
            },
            formula="100 * errors / runs",
            threshold=5,
            periods=(2, 3),
        ),
        Alarm(
            name="handler-throttles",
            meaning="Lambda holds events back, since the account's concurrency or `handler.reserved_concurrency` is "
            "used up; it tries for six hours.",
            action="Find what uses the concurrency of the account, or have its quota raised; or reserve more.",
            metrics={"m": (metrics.of_function(names, "Throttles"), "Sum")},
            periods=(2, 3),
        ),
        Alarm(
            name="repositories-late",
            meaning="One in twenty repositories came more than five minutes after the push that missed it.",
            action="The dashboard shows where the time goes: the handler's own, or the age of events at its start.",
            metrics={"m": (metrics.of_decisions(names, metrics.TIME_TO_REPOSITORY), "p95")},
            threshold=timedelta(minutes=5).total_seconds() * 1000,
            periods=(2, 3),
        ),
    )


def _refusals(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="refusals-many",
            meaning=f"More than {MANY_REFUSALS} refusals in five minutes, twice within a quarter of an hour: "
            "somebody retries without end, or floods.",
            action="`deployer audit list --outcome refused --since 1h` says who and why. The ledger records "
            f"{MAX_REFUSALS:,} refusals of an account and hour; `handler: {{reserved_concurrency: N}}` bounds what a "
            "flood may use of Lambda.",
            metrics={"m": (metrics.of_decisions(names, metrics.REFUSALS), "Sum")},
            threshold=MANY_REFUSALS,
            periods=(2, 3),
        ),
    )


def _delivery(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="delivery-failures",
            meaning="EventBridge could not hand events to the handler; they are in the failures queue.",
            action="Undo what was done to the function or the rule's permission by hand (run book), then redrive.",
            metrics={"m": (metrics.of_rule(names, "FailedInvocations"), "Sum")},
        ),
        Alarm(
            name="events-lost",
            meaning="An event reached neither the handler nor the failures queue.",
            action="Undo what was done to the queue, its policy or the handler's role by hand (run book); "
            "then replay from the archive.",
            metrics={
                "undelivered": (metrics.of_rule(names, "InvocationsFailedToBeSentToDlq"), "Sum"),
                "unreported": (metrics.of_function(names, "DestinationDeliveryFailures"), "Sum"),
            },
            formula="FILL(undelivered, 0) + FILL(unreported, 0)",
        ),
    )


def _notices(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="notices-undelivered",
            meaning="Notices of decisions could not be published to the topic, so nobody received them. "
            "There is this alarm only where `notifications` are configured.",
            action=f"The messages in the queue `{names.notices_dead_letter_queue}` say why, in their attributes: make "
            f"sure that the topic exists, that its policy does not refuse the role `{names.notices_role}`, and that "
            "the key of an encrypted topic admits that role. `deployer audit list` has every decision.",
            metrics={"m": (metrics.of_notices_rule(names, "FailedInvocations"), "Sum")},
        ),
    )


def _forwarding(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="forwarding-failures",
            meaning="Events of members could not be brought to the central bus; they wait in the members' own queues.",
            action="`deployer failures list` says where and why; `deployer rollout --org` makes stacks that are "
            "missing, and the run book says how to undo changes by hand. Then `deployer failures redrive`.",
            metrics={"m": (metrics.of_decisions(names, metrics.DEAD_LETTERS), "Maximum")},
            quiet=QUIET_CHANGES_NOTHING,
        ),
        Alarm(
            name="forwarding-unwatched",
            meaning="Counting what waits in members failed, so that nobody would hear of it.",
            action="The log of the watch says why; meanwhile `deployer failures list` counts.",
            metrics={"m": (metrics.of_watch(names, "Errors"), "Sum")},
        ),
        Alarm(
            name="queues-unreadable",
            meaning="For three hours the watch could not read the dead-letter queues of some members, so events may "
            "wait there unseen. Queues of accounts that StackSets skipped as suspended are not counted.",
            action=f"`unreadable_places` in the log of `{names.watch_function}` lists them, each with the error: "
            "`deployer rollout --org` creates stacks that are missing, and the run book says how to undo changes by "
            "hand and what to do for an account that was closed since its last StackSets operation.",
            metrics={"m": (metrics.of_decisions(names, metrics.UNREADABLE_QUEUES), "Minimum")},
            period=timedelta(hours=1),
            periods=(3, 3),
            quiet=QUIET_CHANGES_NOTHING,
        ),
        Alarm(
            name="watch-stopped",
            meaning="For at least three hours nobody has counted what waits in members, so that nobody would hear of "
            "it. A new installation begins so, and ends it within an hour.",
            action=f"Undo what was done by hand to the rule `{names.watch_rule}`, which has to be enabled, or to the "
            f"function `{names.watch_function}` and who may call it (run book); meanwhile `deployer failures list` "
            "counts.",
            metrics={"m": (metrics.of_decisions(names, metrics.DEAD_LETTERS), "SampleCount")},
            comparison=BELOW,
            threshold=1,
            period=timedelta(hours=1),
            periods=(3, 3),
            quiet=QUIET_IS_BAD,
        ),
    )


def _resource(alarm: Alarm, names: Names, *, actions: Sequence[str]) -> cloudwatch.Alarm:
    beyond, of = alarm.periods
    notified = {"AlarmActions": list(actions), "OKActions": list(actions)} if actions else {}
    return cloudwatch.Alarm(
        alarm.logical_id,
        AlarmName=names.alarm(alarm.name),
        AlarmDescription=f"{alarm.meaning} {alarm.action}",
        Metrics=_queries(alarm),
        ComparisonOperator=alarm.comparison,
        Threshold=alarm.threshold,
        EvaluationPeriods=of,
        DatapointsToAlarm=beyond,
        TreatMissingData=alarm.quiet,
        Tags=tags(names),
        **notified,
    )


def _queries(alarm: Alarm) -> list[cloudwatch.MetricDataQuery]:
    """The metrics, and the formula over them; exactly one of all returns data, as an alarm needs."""
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

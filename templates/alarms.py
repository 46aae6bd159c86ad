"""Alarms of the central account: few, and each requires a person to act.

No metric of this account shows failed deliveries between a member's rule and the central bus: their events wait in the
member's dead-letter queue, which the watch counts once an hour. So one alarm monitors the watch itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from handler.daily_inspection import SLICES
from templates import metrics
from templates.metrics import Metric
from templates.names import Names
from templates.queues import RETENTION

PERIOD = timedelta(minutes=5)
REFUSALS_THRESHOLD = 100
"""In one period. A refused pipeline retries a few times, and a push causes up to five events."""

VIOLATIONS_THRESHOLD = 10
"""In an hour. A few may be a change of rules that pushes do not know of yet."""

MISSING_DATA_IS_OK = "notBreaching"
"""No pushes cause no data points."""
MISSING_DATA_KEEPS_STATE = "ignore"
"""SQS stops publishing metrics of a queue that was not used for hours, even if it holds messages; the watch counts once
an hour."""
MISSING_DATA_IS_ALARM = "breaching"
"""For a metric that is always published if everything works: missing data is the problem."""

ABOVE = "GreaterThanThreshold"
BELOW = "LessThanThreshold"


_EXPIRING = (
    f"IF(visible > 0 AND (FILL(age, 0) > {int((RETENTION - timedelta(days=4)).total_seconds())} OR FILL(age, 0) < 60),"
    " 1, 0)"
)
"""SQS excludes a message from the age after it was received three times, and each `deployer failures list` receives all
messages. If all are excluded, the age is missing or 0 although messages are counted (assumption A7).
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm: it goes off if `formula`, or the only metric, is above or below `threshold`.

    How CloudWatch treats periods without data in each combination is assumption A7.
    """

    name: str
    meaning: str
    action: str
    metrics: Mapping[str, tuple[Metric, str]]
    """Metric and statistic, by their name in `formula`."""
    formula: str | None = None
    comparison: str = ABOVE
    threshold: float = 0
    period: timedelta = PERIOD
    periods: tuple[int, int] = (1, 1)
    """Datapoints to alarm, and evaluation periods."""
    missing_data: str = MISSING_DATA_IS_OK

    @property
    def logical_id(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("-")) + "Alarm"


def catalogue(names: Names, *, notices: bool = True) -> tuple[Alarm, ...]:
    """Every alarm, as data for the template and docs/operations.md; `notices` if notifications are configured."""
    return (
        *_failures(names),
        *_handler(names),
        *_refusals(names),
        *_delivery(names),
        *(_notices(names) if notices else ()),
        *_forwarding(names),
        *_resources(names),
        *_creation_templates(names),
    )


def _failures(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="failures-waiting",
            meaning="The failures queue holds events that could not be handled, so repositories are missing.",
            action="`deployer failures list` shows the reasons; fix them, then run `deployer failures redrive`.",
            metrics={"m": (metrics.of_failures_queue(names, "ApproximateNumberOfMessagesVisible"), "Maximum")},
            missing_data=MISSING_DATA_KEEPS_STATE,
        ),
        Alarm(
            name="failures-expiring",
            meaning="SQS will delete the oldest message in the failures queue within four days, or no longer reports "
            "its age.",
            action="Run `deployer failures redrive` now; later, only the event archive holds the events.",
            metrics={
                "visible": (metrics.of_failures_queue(names, "ApproximateNumberOfMessagesVisible"), "Maximum"),
                "age": (metrics.of_failures_queue(names, "ApproximateAgeOfOldestMessage"), "Maximum"),
            },
            formula=_EXPIRING,
            periods=(12, 12),
            missing_data=MISSING_DATA_KEEPS_STATE,
        ),
    )


def _handler(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="handler-errors",
            meaning="More than 5 % of the handler's invocations failed for ten minutes.",
            action="Read the errors on the dashboard; usually, AWS refuses calls.",
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
            meaning="Lambda throttles the handler, and retries for six hours.",
            action="The account's concurrency or `handler.reserved_concurrency` is used up: find out what uses it; "
            "then request a higher quota, or reserve more.",
            metrics={"m": (metrics.of_function(names, "Throttles"), "Sum")},
            periods=(2, 3),
        ),
        Alarm(
            name="repositories-late",
            meaning="One in twenty repositories was created more than five minutes after its push.",
            action="The dashboard shows whether the handler is slow or events reach it late.",
            metrics={"m": (metrics.of_decisions(names, metrics.TIME_TO_REPOSITORY), "p95")},
            threshold=timedelta(minutes=5).total_seconds() * 1000,
            periods=(2, 3),
        ),
    )


def _refusals(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="refusals-many",
            meaning=f"More than {REFUSALS_THRESHOLD} refusals in five minutes, twice within 15 minutes.",
            action="A caller retries without end or floods the handler: `deployer audit list --outcome refused --since "
            "1h` shows callers and reasons; `handler: {reserved_concurrency: N}` limits a flood.",
            metrics={"m": (metrics.of_decisions(names, metrics.REFUSALS), "Sum")},
            threshold=REFUSALS_THRESHOLD,
            periods=(2, 3),
        ),
        Alarm(
            name="violations-many",
            meaning=f"ECR created more than {VIOLATIONS_THRESHOLD} repositories in an hour that the rules of their OU "
            "would have refused.",
            action="`deployer audit list --outcome violation --since 1h` shows them with rules. "
            "Change the rules, or set `engine: handler` in the OU's file.",
            metrics={"m": (metrics.of_decisions(names, metrics.VIOLATIONS), "Sum")},
            threshold=VIOLATIONS_THRESHOLD,
            period=timedelta(hours=1),
        ),
    )


def _delivery(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="delivery-failures",
            meaning="EventBridge could not deliver events to the handler; they are in the failures queue.",
            action="Run `deployer rollout --org --deep`, which undoes manual changes, then `deployer failures "
            "redrive`.",
            metrics={"m": (metrics.of_rule(names, "FailedInvocations"), "Sum")},
        ),
        Alarm(
            name="events-lost",
            meaning="An event reached neither the handler nor the failures queue.",
            action="Run `deployer rollout --org --deep`, which undoes manual changes, then `deployer failures replay`.",
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
            meaning="Notices of decisions could not be published to the topic.",
            action=f"The attributes of the messages in the queue `{names.notices_dead_letter_queue}` contain the "
            f"error: the topic has to exist, its policy must not deny the role `{names.notices_role}`, and the key of "
            "an encrypted topic has to allow it.",
            metrics={"m": (metrics.of_notices_rule(names, "FailedInvocations"), "Sum")},
        ),
    )


def _forwarding(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="forwarding-failures",
            meaning="Events wait in dead-letter queues of member accounts.",
            action="They could not be delivered to the central bus: `deployer failures list` shows accounts and "
            "reasons, and `deployer failures redrive` handles the events. After that, `deployer rollout --org --deep` "
            "undoes manual changes and creates missing stacks.",
            metrics={"m": (metrics.of_decisions(names, metrics.DEAD_LETTERS), "Maximum")},
            missing_data=MISSING_DATA_KEEPS_STATE,
        ),
        Alarm(
            name="forwarding-unwatched",
            meaning="The watch failed, so undelivered events and damaged resources are not reported.",
            action="The log of the watch contains the error. Meanwhile, `deployer failures list` and `deployer status "
            "--deep` show them.",
            metrics={"m": (metrics.of_watch(names, "Errors"), "Sum")},
        ),
        Alarm(
            name="queues-unreadable",
            meaning="For three hours, the watch could not read the dead-letter queues of some member accounts.",
            action=f"`unreadable_places` in the log of `{names.watch_function}` lists them, each with the error. "
            "`deployer rollout --org --deep` undoes manual changes. For closed accounts, "
            "see `deployer docs operations`.",
            metrics={"m": (metrics.of_decisions(names, metrics.UNREADABLE_QUEUES), "Minimum")},
            period=timedelta(hours=1),
            periods=(3, 3),
            missing_data=MISSING_DATA_KEEPS_STATE,
        ),
        Alarm(
            name="watch-stopped",
            meaning="The watch has not run for three hours; in a new installation, this ends within an hour.",
            action="Undelivered events in member accounts are not reported. Run `deployer rollout --org --deep`, which "
            "undoes manual changes. Meanwhile, `deployer failures list` shows these events.",
            metrics={"m": (metrics.of_decisions(names, metrics.DEAD_LETTERS), "SampleCount")},
            comparison=BELOW,
            threshold=1,
            period=timedelta(hours=1),
            periods=(3, 3),
            missing_data=MISSING_DATA_IS_ALARM,
        ),
    )


def _resources(names: Names) -> tuple[Alarm, ...]:
    """Of the watch's inspections: an account has its turn every `SLICES` hours, so they cover one hour more."""
    return (
        Alarm(
            name="resources-damaged",
            meaning="Roles, rules or queues of deployer were deleted, disabled or changed in some accounts, so pushes "
            "there may create no repositories.",
            action=f"`damaged_places` in the log of `{names.watch_function}`, also on the dashboard, lists them; "
            "`deployer rollout --org --deep` repairs them. This alarm ends up to a day later.",
            metrics={"m": (metrics.of_decisions(names, metrics.DAMAGED_RESOURCES), "Maximum")},
            period=timedelta(hours=1),
            periods=(1, SLICES + 1),
            missing_data=MISSING_DATA_KEEPS_STATE,
        ),
        Alarm(
            name="resources-unread",
            meaning="The watch could not inspect deployer's resources in some member accounts within the last day.",
            action=f"`unread_places` in the log of `{names.watch_function}` lists them, each with the reason: usually "
            "an SCP denies calls of the auditor role, or the watch had no time left. `deployer status --deep` reads "
            "them now.",
            metrics={"m": (metrics.of_decisions(names, metrics.UNREAD_RESOURCES), "Maximum")},
            period=timedelta(hours=1),
            periods=(1, SLICES + 1),
            missing_data=MISSING_DATA_KEEPS_STATE,
        ),
    )


def _creation_templates(names: Names) -> tuple[Alarm, ...]:
    return (
        Alarm(
            name="creation-templates-failed",
            meaning="Some accounts lack the creation templates of their native OU, usually after a move.",
            action="Until the repair, the handler creates their repositories, after a first push that fails. "
            f"`deployer status` and `failed_templates_places` in the log of `{names.watch_function}` list them "
            "with reasons; `deployer rollout --org` repairs moved accounts.",
            metrics={"m": (metrics.of_decisions(names, metrics.FAILED_TEMPLATES), "Maximum")},
            period=timedelta(hours=1),
            missing_data=MISSING_DATA_KEEPS_STATE,
        ),
    )

"""The dashboard: alarms, decisions, durations, and the latest refusals and failures.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from troposphere import AWSObject, cloudwatch

from templates import metrics
from templates.alarms import PERIOD, catalogue
from templates.metrics import Metric
from templates.names import Names

Widget = dict[str, object]

WIDTH = 24
"""Columns of the grid."""

LAST_REFUSALS = (
    "fields @timestamp, outcome, reason, account, region, repository, principal, detail"
    ' | filter outcome in ["refused", "failed"] | sort @timestamp desc | limit 50'
)

LAST_DAMAGE = (
    "fields @timestamp, damaged, damaged_places.0, damaged_places.1, damaged_places.2, unread, unread_places.0,"
    " failed_templates, failed_templates_places.0"
    ' | filter outcome = "inspected" and (damaged > 0 or unread > 0 or failed_templates > 0)'
    " | sort @timestamp desc | limit 50"
)
"""The first places of each run; the log has up to twenty."""


def dashboard(names: Names, *, notices: bool) -> list[AWSObject]:
    """One dashboard, named as the prefix."""
    body = json.dumps({"widgets": widgets(names, notices=notices)}, sort_keys=True, separators=(",", ":"))
    return [cloudwatch.Dashboard("Dashboard", DashboardName=names.dashboard, DashboardBody=body)]


def widgets(names: Names, *, notices: bool = True) -> list[Widget]:
    """Rows from top to bottom, each of the full width; `notices` if notifications are configured."""
    rows = [
        (4, [_text(names), _alarms(names, notices=notices)]),
        (6, [_decisions(names), _refusals(names), _times(names)]),
        (6, [_bus_events(names), _failures(names)]),
        (6, [_runs(names), _durations(names), _ledger(names)]),
        (8, [_last_refusals(names)]),
        (6, [_damage(names)]),
    ]
    placed: list[Widget] = []
    y = 0
    for height, row in rows:
        width = WIDTH // len(row)
        placed += [{**widget, "x": n * width, "y": y, "width": width, "height": height} for n, widget in enumerate(row)]
        y += height
    return placed


def _text(names: Names) -> Widget:
    markdown = (
        f"# {names.prefix}: repositories on push\n\n"
        "Pushes to missing repositories, from every covered account and region of the organization.\n\n"
        f"Every decision is in the ledger: `deployer audit list`, table `{names.ledger_table}`."
    )
    return {"type": "text", "properties": {"markdown": markdown}}


def _alarms(names: Names, *, notices: bool) -> Widget:
    arns = [names.alarm_arn(alarm.name) for alarm in catalogue(names, notices=notices)]
    return {"type": "alarm", "properties": {"title": "Alarms", "alarms": arns}}


def _decisions(names: Names) -> Widget:
    lines = [
        _line(metrics.of_decisions(names, metrics.CREATED), "Sum", label="created"),
        _search(names, metrics.FAILED, label="failed: "),
    ]
    return _graph(names, "Created and failed", lines)


def _refusals(names: Names) -> Widget:
    return _graph(names, "Refused, by reason", [_search(names, metrics.REFUSED, label="")], stacked=True)


def _times(names: Names) -> Widget:
    metric = metrics.of_decisions(names, metrics.TIME_TO_REPOSITORY)
    lines = [_line(metric, "p50", label="median (p50)"), _line(metric, "p95", label="p95")]
    return _graph(names, "From the push to its repository (ms)", lines)


def _bus_events(names: Names) -> Widget:
    lines = [
        _line(metrics.of_rule(names, "MatchedEvents"), "Sum", label="events"),
        _line(metrics.of_rule(names, "FailedInvocations"), "Sum", label="not delivered"),
        _line(metrics.of_rule(names, "InvocationsSentToDlq"), "Sum", label="to the failures queue"),
    ]
    return _graph(names, "Events on the central bus", lines)


def _failures(names: Names) -> Widget:
    waiting = metrics.of_failures_queue(names, "ApproximateNumberOfMessagesVisible")
    age = metrics.of_failures_queue(names, "ApproximateAgeOfOldestMessage")
    forwarding = metrics.of_decisions(names, metrics.DEAD_LETTERS)
    unreadable = metrics.of_decisions(names, metrics.UNREADABLE_QUEUES)
    lines = [
        _line(waiting, "Maximum", label="failures queue"),
        _line(forwarding, "Maximum", label="dead-letter queues of members"),
        _line(unreadable, "Maximum", label="unreadable dead-letter queues"),
        _line(age, "Maximum", label="oldest message in the failures queue (s)", right=True),
    ]
    return _graph(names, "Waiting to be redriven", lines)


def _runs(names: Names) -> Widget:
    lines = [
        _line(metrics.of_function(names, name), "Sum", label=label)
        for name, label in (("Invocations", "invocations"), ("Errors", "errors"), ("Throttles", "throttled"))
    ]
    return _graph(names, "Handler: invocations", lines)


def _durations(names: Names) -> Widget:
    lines = [
        _line(metrics.of_function(names, "Duration"), "p50", label="median (p50)"),
        _line(metrics.of_function(names, "Duration"), "p95", label="p95"),
        _line(metrics.of_function(names, "AsyncEventAge"), "p95", label="age of events when invoked (p95)"),
    ]
    return _graph(names, "Handler: duration (ms)", lines)


def _ledger(names: Names) -> Widget:
    lines = [
        _line(metrics.of_ledger(names, "ConsumedWriteCapacityUnits"), "Sum", label="write units"),
        _line(metrics.of_ledger(names, "WriteThrottleEvents"), "Sum", label="throttled"),
    ]
    return _graph(names, "Ledger", lines)


def _last_refusals(names: Names) -> Widget:
    query = f"SOURCE '{names.log_group}' | {LAST_REFUSALS}"
    properties = {
        "title": "Latest refusals and failures",
        "region": names.central_region,
        "view": "table",
        "query": query,
    }
    return {"type": "log", "properties": properties}


def _damage(names: Names) -> Widget:
    query = f"SOURCE '{names.watch_log_group}' | {LAST_DAMAGE}"
    properties = {
        "title": "Damaged resources in member accounts, by the watch's inspections",
        "region": names.central_region,
        "view": "table",
        "query": query,
    }
    return {"type": "log", "properties": properties}


def _graph(names: Names, title: str, lines: Sequence[object], *, stacked: bool = False) -> Widget:
    properties = {
        "title": title,
        "region": names.central_region,
        "view": "timeSeries",
        "stacked": stacked,
        "period": int(PERIOD.total_seconds()),
        "metrics": list(lines),
    }
    return {"type": "metric", "properties": properties}


def _line(metric: Metric, statistic: str, *, label: str, right: bool = False) -> list[object]:
    dimensions = [text for pair in metric.dimensions.items() for text in pair]
    options = {"stat": statistic, "label": label} | ({"yAxis": "right"} if right else {})
    return [metric.namespace, metric.name, *dimensions, options]


def _search(names: Names, name: str, *, label: str) -> list[object]:
    """One line for each reason that has occurred."""
    search = f"SEARCH('{{{names.metric_namespace},{metrics.REASON}}} MetricName=\"{name}\"', 'Sum')"
    return [{"expression": search, "label": f"{label}${{PROP('Dim.{metrics.REASON}')}}"}]

"""A7: An alarm's formula over metrics without data gives no data, and missing periods count as configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acceptance.check import Check, Finding, Need, held, refuted
from acceptance.journal import Resource
from acceptance.lab import Lab

EVALUATION = 420.0
"""Seconds in which CloudWatch evaluates an alarm of one-minute periods several times."""

EXPECTED_STATES = {"formula": "OK", "breaching": "ALARM", "ignore": "ALARM"}
"""The expected state of each alarm. Their metrics have no data, and `ignore` was set to ALARM before."""


def run(lab: Lab) -> Finding:
    """Alarms over metrics without data: a formula, missing data that breaches, and missing data that is ignored."""
    client = lab.client("central", "cloudwatch")
    for what in EXPECTED_STATES:
        name = lab.name(what)
        resource = Resource(kind="alarm", side="central", region=lab.environment.region, name=name)
        request = {**_alarm(lab, what), "AlarmName": name}
        lab.create(resource, lambda request=request: client.put_metric_alarm(**request))  # type: ignore[misc]
    client.set_alarm_state(AlarmName=lab.name("ignore"), StateValue="ALARM", StateReason="acceptance")
    lab.clock.sleep(EVALUATION)
    names = [lab.name(what) for what in EXPECTED_STATES]
    described = client.describe_alarms(AlarmNames=names)["MetricAlarms"]
    states = {one["AlarmName"].removeprefix(f"{lab.prefix}-"): one["StateValue"] for one in described}
    reasons = {one["AlarmName"]: one.get("StateReason", "") for one in described}
    return judge(states, reasons)


def judge(states: Mapping[str, str], reasons: Mapping[str, str]) -> Finding:
    """Compare the states with the expected ones."""
    if wrong := [what for what, state in EXPECTED_STATES.items() if states.get(what) != state]:
        return refuted(f"Not as assumed: {', '.join(wrong)}", states=states, reasons=reasons)
    return held("All three alarms are in the expected state", states=states, reasons=reasons)


def _alarm(lab: Lab, what: str) -> dict[str, Any]:
    evaluation = {"EvaluationPeriods": 1, "DatapointsToAlarm": 1, "Threshold": 5.0}
    if what != "formula":
        return {
            **evaluation,
            "Namespace": lab.prefix,
            "MetricName": what,
            "Statistic": "SampleCount",
            "Period": 60,
            "ComparisonOperator": "LessThanThreshold",
            "TreatMissingData": what,
        }
    metrics = [
        {
            "Id": name,
            "MetricStat": {"Metric": {"Namespace": lab.prefix, "MetricName": name}, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        }
        for name in ("errors", "runs")
    ]
    return {
        **evaluation,
        "Metrics": [*metrics, {"Id": "formula", "Expression": "100 * errors / runs", "ReturnData": True}],
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


CHECK = Check(
    number=7,
    title="An alarm's formula over metrics without data gives no data, and missing periods count as configured",
    run=run,
    creates=("central: three alarms",),
    minutes=8,
    needs=frozenset({Need.REAL_AWS}),
)

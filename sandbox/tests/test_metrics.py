"""Sums of metrics, by any of their dimensions."""

from __future__ import annotations

from aws_org_sandbox.metrics import Metrics


def test_a_total_sums_over_the_omitted_dimensions() -> None:
    metrics = Metrics()
    metrics.count("AWS/Events", "Invocations", {"RuleName": "a", "Region": "eu-west-1"})
    metrics.count("AWS/Events", "Invocations", {"RuleName": "a", "Region": "us-east-1"}, by=2)
    metrics.count("AWS/Events", "Invocations", {"RuleName": "b", "Region": "us-east-1"}, by=4)
    assert metrics.total("AWS/Events", "Invocations") == 7
    assert metrics.total("AWS/Events", "Invocations", RuleName="a") == 3
    assert metrics.total("AWS/Events", "Invocations", RuleName="a", Region="us-east-1") == 2
    assert metrics.total("AWS/Lambda", "Invocations") == 0
    metrics.clear()
    assert metrics.total("AWS/Events", "Invocations") == 0


def test_minutes_add_up_to_the_total() -> None:
    metrics = Metrics()
    for value in (1, 2, 4):
        metrics.count("AWS/Lambda", "Errors", {"FunctionName": "one", "Region": "eu-west-1"}, by=value)
    metrics.count("AWS/Lambda", "Errors", {"FunctionName": "one", "Region": "us-east-1"})
    assert sum(minute.sum for minute in metrics.minutes("AWS/Lambda", Region="eu-west-1")) == 7
    assert list(metrics.minutes("AWS/Events")) == []

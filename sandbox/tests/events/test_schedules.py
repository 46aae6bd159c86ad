"""Schedules that EventBridge accepts, and those that it refuses."""

from __future__ import annotations

import pytest

from aws_org_sandbox.events.schedules import is_readable


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 hour)",
        "rate(10 minutes)",
        "cron(0 12 * * ? *)",
        "cron(0/5 8-17 ? * MON-FRI *)",
        "cron(15 10 ? * 6L 2026-2030)",
        "cron(0 8 1 * ? *)",
        "cron(30 6 L JAN,jul ? *)",
        "cron(0 9 15W * ? *)",
        "cron(0 9 ? * 2#1 *)",
        "cron(*/10 * ? * * *)",
    ],
)
def test_a_valid_schedule_is_accepted(schedule: str) -> None:
    assert is_readable(schedule)


@pytest.mark.parametrize(
    "schedule",
    [
        pytest.param("rate(1 minutes)", id="plural for one"),
        pytest.param("rate(5 minute)", id="singular for many"),
        pytest.param("rate(0 days)", id="a rate of zero"),
        pytest.param("rate(1 week)", id="an unknown unit"),
        pytest.param("hourly", id="a word"),
        pytest.param("cron(0 12 * * ?)", id="five fields instead of six"),
        pytest.param("cron(0 12 * * * *)", id="no question mark"),
        pytest.param("cron(0 12 ? * ? *)", id="two question marks"),
        pytest.param("cron(60 12 * * ? *)", id="minute 60"),
        pytest.param("cron(0 24 * * ? *)", id="hour 24"),
        pytest.param("cron(0 12 32 * ? *)", id="day 32"),
        pytest.param("cron(0 12 * 13 ? *)", id="month 13"),
        pytest.param("cron(0 12 ? * 0 *)", id="day 0 of the week"),
        pytest.param("cron(0 12 * * ? 2200)", id="the year 2200"),
        pytest.param("cron(0/0 12 * * ? *)", id="a step of zero"),
        pytest.param("cron(x 12 * * ? *)", id="a letter"),
        pytest.param("cron(0 12  * * ? *)", id="two spaces"),
    ],
)
def test_an_invalid_schedule_is_refused(schedule: str) -> None:
    assert not is_readable(schedule)

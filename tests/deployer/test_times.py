"""Times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from deployer.times import parse_time

NOW = datetime(2026, 3, 1, 12, 30, 15, 999, tzinfo=UTC)

TIMES = {
    "90m": datetime(2026, 3, 1, 11, 0, 15, tzinfo=UTC),
    "36h": datetime(2026, 2, 28, 0, 30, 15, tzinfo=UTC),
    "7d": datetime(2026, 2, 22, 12, 30, 15, tzinfo=UTC),
    "0m": datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC),
    "2026-01-31": datetime(2026, 1, 31, tzinfo=UTC),
    "2026-01-31T12:00Z": datetime(2026, 1, 31, 12, tzinfo=UTC),
    "2026-01-31T12:00:01+02:00": datetime(2026, 1, 31, 10, 0, 1, tzinfo=UTC),
    "2026-01-31T12:00": datetime(2026, 1, 31, 12, tzinfo=UTC),
}


@pytest.mark.parametrize(("text", "time"), TIMES.items(), ids=TIMES)
def test_a_time_is_read_in_utc(text: str, time: datetime) -> None:
    assert parse_time(text, now=NOW) == time


@pytest.mark.parametrize("text", ["", "yesterday", "7w", "-1h", "1.5h", "31.01.2026", "٣h"])
def test_anything_else_says_what_may_be_written(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; write 2026-01-31"):
        parse_time(text, now=NOW)


@pytest.mark.parametrize("text", ["999999d", "0001-01-01T00:00+23:59"])
def test_a_time_before_all_times_is_none_either(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        parse_time(text, now=NOW)

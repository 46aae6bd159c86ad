from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from deployer.times import iso, parse_length, parse_since, parse_until

NOW = datetime(2026, 11, 23, 8, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        pytest.param("90m", "2026-11-23T06:45:30Z", "2026-11-23T06:45:30Z", id="minutes ago"),
        pytest.param("2w", "2026-11-09T08:15:30Z", "2026-11-09T08:15:30Z", id="weeks ago"),
        pytest.param("2026-11-01", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", id="a date is the whole day"),
        pytest.param("2026-11-01T07:45", "2026-11-01T07:45:00Z", "2026-11-01T07:45:00Z", id="UTC by default"),
        pytest.param("2026-11-01T07:45+02:00", "2026-11-01T05:45:00Z", "2026-11-01T05:45:00Z", id="a zone"),
    ],
)
def test_times_as_people_write_them(text: str, since: str, until: str) -> None:
    assert iso(parse_since(text, now=NOW)) == since
    assert iso(parse_until(text, now=NOW)) == until


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "7", "-7d", "1.5h", "٣h", "2026-13-01", "2026-11-1", "999999w", "0001-01-01T00:00+23:59"],
)
def test_an_invalid_time_is_refused_with_the_valid_forms(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time: use `90m`"):
        parse_since(text, now=NOW)


def test_a_length_of_time_does_not_depend_on_when_it_is_requested() -> None:
    assert parse_length("24h") == timedelta(days=1)
    with pytest.raises(ValueError, match="is not a duration"):
        parse_length("2026-11-01")


def test_times_are_written_in_utc() -> None:
    assert iso(NOW) == "2026-11-23T08:15:30Z"
    assert iso(NOW.replace(microsecond=123_999)) == "2026-11-23T08:15:30.123Z"
    assert iso(NOW.astimezone(timezone(timedelta(hours=9)))) == "2026-11-23T08:15:30Z"

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import log


def test_durations_of_steps_add_up_and_include_failed_ones() -> None:
    ticks = iter([0.0, 1.0, 1.25, 2.0, 2.5, 3.0, 4.0, 5.0])
    steps = log.Steps(clock=lambda: next(ticks))
    with steps("create"):
        pass
    with steps("create"):
        pass
    with pytest.raises(ValueError, match="no"), steps("role"):
        raise ValueError("no")
    assert steps.milliseconds == {"create": 750.0, "role": 1000.0, "total": 5000.0}


@given(fields=st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_a_line_is_one_line_of_ascii_json_without_empty_fields(fields: dict[str, object]) -> None:
    line = log.line(fields)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {key: value for key, value in fields.items() if value not in (None, "")}


def test_the_delete_character_is_escaped() -> None:
    assert log.line({"name": "a\x7fb"}) == '{"name": "a\\u007fb"}'


def test_a_line_is_written_with_one_call(capsys: pytest.CaptureFixture[str]) -> None:
    log.write({"outcome": "created"})
    assert capsys.readouterr().out == '{"outcome": "created"}\n'

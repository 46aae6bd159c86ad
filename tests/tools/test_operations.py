"""docs/operations.md agrees with alarms and reasons; `make golden` updates it."""

from __future__ import annotations

from handler import reasons
from templates.alarms import catalogue
from templates.metrics import filters, watch_filters
from templates.names import Names
from tests.conftest import Generated
from tools.operations import FAILURES, REFUSALS, render


def test_the_page_agrees_with_the_templates(names: Names, generated: Generated) -> None:
    generated("docs/operations.md", render(names))


def test_every_alarm_is_documented_with_its_meaning(names: Names) -> None:
    page = render(names)
    for alarm in catalogue(names):
        assert page.count(f"\n- `{names.alarm(alarm.name)}`: {alarm.meaning}\n") == 1


def test_every_metric_of_our_own_is_named(names: Names) -> None:
    found = [*filters(names, log_group="Log"), *watch_filters(names, log_group="Log")]
    published = {said.MetricName for one in found for said in one.MetricTransformations}
    assert [name for name in published if f"`{name}`" not in render(names)] == []


def test_reasons_are_listed_under_their_outcome() -> None:
    assert {reasons.NAME_DENIED, reasons.OU_NOT_ENABLED, reasons.LIMIT_REACHED} <= set(REFUSALS)
    assert {reasons.ACCESS_DENIED, reasons.KMS_FAILED, reasons.MALFORMED_EVENT} <= set(FAILURES)
    others = {reasons.CREATED, reasons.ALREADY_EXISTS, reasons.NOT_A_PUSH, reasons.DUPLICATE_EVENT}
    assert not others & {*REFUSALS, *FAILURES}


def test_lines_are_at_most_120_wide(names: Names) -> None:
    assert [line for line in render(names).splitlines() if len(line) > 120 and not line.startswith(("|", "- "))] == []

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from templates.dashboard import WIDTH, widgets
from templates.metrics import Metric
from templates.names import Names
from tests.templates.reading import Templates, resources
from tests.templates.test_alarms import is_published


@pytest.fixture
def placed(names: Names) -> list[dict[str, Any]]:
    return widgets(names)


def test_the_body_is_in_the_format_of_cloudwatch(templates: Templates, placed: list[dict[str, Any]]) -> None:
    dashboard = resources(templates["central"])["Dashboard"]["Properties"]
    assert json.loads(dashboard["DashboardBody"]) == {"widgets": placed}


def test_widgets_fill_the_grid_and_never_overlap(placed: list[dict[str, Any]]) -> None:
    cells = [
        {(x, y) for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])}
        for w in placed
    ]
    assert all(not first & second for first, second in combinations(cells, 2))
    every = set().union(*cells)
    assert every == {(x, y) for x in range(WIDTH) for y in range(max(y for _, y in every) + 1)}


def test_every_line_shows_a_published_metric(placed: list[dict[str, Any]], templates: Templates) -> None:
    lines = [line for widget in placed for line in widget["properties"].get("metrics", []) if isinstance(line[0], str)]
    assert lines
    for namespace, name, *rest in lines:
        *dimensions, _options = rest
        metric = Metric(
            namespace=namespace, name=name, dimensions=dict(zip(dimensions[::2], dimensions[1::2], strict=True))
        )
        assert is_published(metric, templates), metric


def test_every_graph_names_what_it_shows(placed: list[dict[str, Any]], names: Names) -> None:
    for widget in placed:
        if widget["type"] in ("metric", "log"):
            assert widget["properties"]["title"]
            assert widget["properties"]["region"] == names.central_region

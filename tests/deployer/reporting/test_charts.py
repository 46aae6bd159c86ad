from __future__ import annotations

import sys
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.reporting.charts import Bars, ChartText, bar_chart, strip, trend

SVG = "{http://www.w3.org/2000/svg}"
TEXT = ChartText(id="test", title="Decisions & more", description="Two bars")


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def chart(created: list[int], refused: list[int]) -> ET.Element:
    names = [f"day {number}" for number in range(len(created))]
    bars = Bars(parts={"created": created, "refused": refused}, names=names, ticks=names, ticks_shown=4, width=600)
    return drawn(bar_chart(bars, TEXT))


def heights(root: ET.Element, part: str) -> list[float]:
    group = next(one for one in root.iter(f"{SVG}g") if one.get("class") == f"part part-{part}")
    return [float(mark.get("height", "0")) for mark in group.iter(f"{SVG}rect")]


def test_bars_have_the_height_of_their_numbers() -> None:
    root = chart([10, 20, 40], [5, 0, 10])
    low, middle, high = heights(root, "created")
    assert middle / low == pytest.approx(2)
    assert high / low == pytest.approx(4)
    assert heights(root, "refused")[1] / low == pytest.approx(1)


def test_each_bar_has_its_number() -> None:
    titles = [one.text for one in chart([10, 0, 1234], [5, 0, 0]).iter(f"{SVG}title")]
    assert titles == ["Decisions & more", "day 0: 10 created", "day 2: 1,234 created", "day 0: 5 refused"]


def test_a_chart_has_a_description_for_screen_readers() -> None:
    root = chart([1], [2])
    assert root.get("role") == "img"
    named = {one.get("id"): one.text for one in root.iter() if one.get("id")}
    assert [named[id_] for id_ in (root.get("aria-labelledby") or "").split()] == [TEXT.title, TEXT.description]


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=40))
def test_a_chart_contains_only_shapes_and_text(values: list[tuple[int, int]]) -> None:
    root = chart([one for one, _ in values], [other for _, other in values])
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "g", "path", "rect", "text", "title", "desc"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in attributes if name in {"style", "href"} or name.startswith("on") or "}" in name}


def test_drawing_does_not_affect_later_imports() -> None:
    assert all(hasattr(finder, "find_spec") for finder in sys.meta_path)


def test_small_charts_are_hidden_from_screen_readers() -> None:
    for svg in (strip({"created": 3, "refused": 1}, of=8), trend([0, 3, 1]), trend([0])):
        assert drawn(svg).get("aria-hidden") == "true"
    box = [float(part) for part in (drawn(strip({"created": 4}, of=8)).get("viewBox") or "").split()]
    (mark,) = drawn(strip({"created": 4}, of=8)).iter(f"{SVG}rect")
    assert float(mark.get("x", "0")) == pytest.approx(box[0], abs=0.01), "it is aligned with the text above"
    assert float(mark.get("width", "0")) == pytest.approx(box[2] / 2, abs=0.01), "and is as long as its share"

"""Charts as SVG, drawn by pygal and reduced to shapes, text, and descriptions for screen readers.

pygal adds its own styles, scripts and tooltips; the page has a Content-Security-Policy and a style sheet for light,
dark and print, so an XML filter removes everything else. The style sheet colours parts by their class,
`part-<outcome>`. All text in a chart is made by deployer: dates, numbers, names of outcomes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

import pygal
from pygal.style import Style

# pygal adds an import hook for its map plug-ins, which uses a protocol that Python has deprecated and warns about.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

_KEPT = frozenset({"class", "d", "height", "points", "rx", "ry", "transform", "viewBox", "width", "x", "xmlns", "y"})
_DRAWN = frozenset({"circle", "g", "line", "path", "polygon", "rect", "text"})
_LABEL_SIZE = 12
_STYLE = Style(
    label_font_size=_LABEL_SIZE,
    major_label_font_size=_LABEL_SIZE,
    background="transparent",
    plot_background="transparent",
)
_BOX_MARGIN = 0.02
"""The share of the box that pygal leaves empty around the drawing."""

_STRIP_WIDTH = 400
_PLAIN: dict[str, object] = {
    "js": (),
    "style": _STYLE,
    "show_legend": False,
    "classes": ("chart-svg",),
    "margin": 0,
    "spacing": 6,
    "show_x_guides": False,
    "truncate_label": -1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartText:
    """A chart's title and description, for screen readers; `id` is unique in the page."""

    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Bars of stacked parts: the heights by the class of the part, and the name of each bar."""

    parts: Mapping[str, Sequence[int]]
    names: Sequence[str]
    ticks: Sequence[str]
    ticks_shown: int
    width: int
    height: int = 240


def bar_chart(bars: Bars, text: ChartText) -> str:
    """Stacked bars with an axis; each bar shows its numbers on hover."""
    highest = max((sum(column) for column in zip(*bars.parts.values(), strict=True)), default=0)
    steps = _steps(highest)
    every = math.ceil(len(bars.ticks) / bars.ticks_shown)
    chart = pygal.StackedBar(
        **_PLAIN,
        width=bars.width,
        height=bars.height,
        x_labels=list(bars.ticks),
        x_labels_major_every=every,
        show_minor_x_labels=False,
        y_labels=steps,
        range=(0, steps[-1]),
        value_formatter=lambda value: f"{value:,.0f}",
        margin_right=_LABEL_SIZE * 2,
        margin_top=_LABEL_SIZE // 2,
    )
    for name, values in bars.parts.items():
        chart.add(name, list(values))
    root = chart.render_tree()
    _strip(root)
    _name_parts(root, list(bars.parts))
    _add_titles(root, bars)
    return _svg(root, text)


def strip(parts: Mapping[str, int], *, of: int) -> str:
    """A thin bar for a row, its parts side by side, scaled to the longest; the row itself has the numbers."""
    chart = pygal.HorizontalStackedBar(
        **_PLAIN | {"spacing": 0},
        width=_STRIP_WIDTH,
        height=8,
        range=(0, max(of, 1)),
        show_x_labels=False,
        show_y_labels=False,
        show_y_guides=False,
    )
    for name, value in parts.items():
        chart.add(name, [value])
    root = chart.render_tree()
    _strip(root)
    _name_parts(root, list(parts))
    root.set("viewBox", _without_margin(_STRIP_WIDTH, 8))
    return _svg(root, None)


def trend(values: Sequence[int]) -> str:
    """A row's trend over time, without axes; the row itself has the sum."""
    chart = pygal.Bar(
        **_PLAIN | {"spacing": 0},
        width=120,
        height=24,
        range=(0, max(*values, 1)),
        show_x_labels=False,
        show_y_labels=False,
        show_y_guides=False,
    )
    chart.add("all", list(values))
    root = chart.render_tree()
    _strip(root)
    _name_parts(root, ["all"])
    return _svg(root, None)


def _steps(highest: int) -> list[int]:
    """About four round numbers from zero to the highest value or slightly above."""
    rough = max(highest, 1) / 4
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next(max(round(power * factor), 1) for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    return [step * number for number in range(math.ceil(max(highest, 1) / step) + 1)]


def _without_margin(width: int, height: int) -> str:
    """The view box without pygal's margin, so that the bars of a chart without axes align with the text above."""
    drawn = width / (1 + 2 * _BOX_MARGIN)
    return f"{(width - drawn) / 2:.3f} 0 {drawn:.3f} {height}"


def _strip(element: Element) -> None:
    """Keep only what is drawn: no styles, scripts, tooltips, comments, backgrounds or ids."""
    for child in list(element):
        if child.tag not in _DRAWN or _is_decoration(child):
            element.remove(child)
        else:
            _strip(child)
    for name in set(element.attrib) - _KEPT:
        del element.attrib[name]


def _is_decoration(element: Element) -> bool:
    classes = (element.get("class") or "").split()
    hidden = {"background", "tooltip-overlay", "text-overlay", "overlay", "titles", "legends"}
    is_empty = element.tag == "rect" and 0.0 in {float(element.get("height", 1)), float(element.get("width", 1))}
    return is_empty or bool(hidden & set(classes))


def _name_parts(root: Element, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        for group in root.iter("g"):
            if f"serie-{number}" in (group.get("class") or "").split():
                group.set("class", f"part part-{name}")


def _add_titles(root: Element, bars: Bars) -> None:
    """Give each bar a title, which browsers show on hover."""
    for name, values in bars.parts.items():
        drawn = [position for position, value in enumerate(values) if value]
        marks = (
            mark for group in root.iter("g") if group.get("class") == f"part part-{name}" for mark in group.iter("rect")
        )
        for position, mark in zip(drawn, marks, strict=True):
            SubElement(mark, "title").text = f"{bars.names[position]}: {values[position]:,} {name}"


def _svg(root: Element, text: ChartText | None) -> str:
    root.set("focusable", "false")
    if text is None:
        root.set("aria-hidden", "true")
        root.set("preserveAspectRatio", "none")
    else:
        title, description = Element("title", id=f"{text.id}-title"), Element("desc", id=f"{text.id}-description")
        title.text, description.text = text.title, text.description
        root.set("role", "img")
        root.set("aria-labelledby", f"{title.get('id')} {description.get('id')}")
        root.insert(0, title)
        root.insert(1, description)
    return tostring(root, encoding="unicode", short_empty_elements=True)

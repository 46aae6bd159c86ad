"""Documents of other commands that somebody edited: each is refused with one error, or a page can be written of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployer.reporting.coverage import coverage_from
from deployer.reporting.documents import DocumentError, read_document
from deployer.reporting.usage import usage_from
from deployer.reporting.verification import verification_from
from tests.deployer.reporting.pages import coverage_json, full_subject, usage_json, verification_json, write

Path_ = tuple[str | int, ...]

DOCUMENTS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "usage": (usage_json, usage_from),
    "verification": (verification_json, verification_from),
    "coverage": (coverage_json, coverage_from),
}
OTHERS: tuple[object, ...] = (None, {"x": 1}, 1e300, "\x1b[31m<b>")


def places(value: object, path: Path_ = ()) -> Iterator[Path_]:
    """Every value of a document, of each list only those in the first item."""
    items: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list | tuple):
        items = iter([*enumerate(value)][:1])
    for key, part in items:
        yield (*path, key)
        yield from places(part, (*path, key))


def edited(document: Any, path: Path_, other: object) -> str:
    found = deepcopy(document)
    part = found
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = other
    return json.dumps(found)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_any_value_of_another_type_is_refused_or_can_be_shown(name: str, tmp_path: Path) -> None:
    printed, parse = DOCUMENTS[name]
    document = json.loads(json.dumps(printed()))
    original = read_document(json.dumps(document), parse)
    texts = [edited(document, path, other) for path in places(document) for other in OTHERS]
    shown: list[Any] = []
    refused = 0
    for text in texts:
        try:
            found = read_document(text, parse)
        except DocumentError:
            refused += 1
        else:
            shown += [found] if found != original and found not in shown else []
    assert refused > 10
    for found in shown:
        write(tmp_path / "report.html", [], subject=replace(full_subject(), **dict[str, Any]({name: found})))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace('"bytes": ', '"bytes": 1' + "0" * 400), id="a number without end"),
        pytest.param(lambda text: text.replace("2160.0", "1e300"), id="a length beyond all times"),
        pytest.param(lambda text: text.replace("2160.0", "Infinity"), id="infinity"),
        pytest.param(lambda text: text.replace("team-a/legacy", "\\ud800"), id="half of a surrogate pair"),
        pytest.param(lambda _: "[" * 100_000, id="deep nesting"),
        pytest.param(lambda _: "", id="nothing"),
    ],
)
def test_what_no_page_can_show_is_refused(change: Callable[[str], str]) -> None:
    text = json.dumps(usage_json())
    assert read_document(text, usage_from).notes
    assert change(text) != text
    with pytest.raises(DocumentError):
        read_document(change(text), usage_from)

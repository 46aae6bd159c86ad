"""The templates as they were last looked at by a person; `make golden` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from templates.body import readable
from tests.templates.reading import Templates

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("name", ["artifacts", "central", "access", "forwarding", "registry-scanning"])
def test_the_template_is_as_it_was_reviewed(name: str, templates: Templates, request: pytest.FixtureRequest) -> None:
    file = GOLDEN / f"{name}.json"
    text = readable(templates[name])
    if request.config.getoption("--update-golden", default=False):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), "`make golden` writes the files anew; then read the diff"

"""docs/configuration.md agrees with the schema and the merging of the handler; `make golden` updates it."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Generated
from tools import configuration
from tools.configuration import render


def test_the_page_is_up_to_date(generated: Generated) -> None:
    generated("docs/configuration.md", render())


def test_the_page_shows_every_file_of_its_example() -> None:
    folder = Path(configuration.__file__).parent / "pages" / "merging"
    texts = [file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.yaml"))]
    assert texts
    assert [text for text in texts if f"```yaml\n{text}```" not in render()] == []

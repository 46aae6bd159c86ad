"""Pages are complete: no placeholder stays empty, and no part of a page is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import page
from tools.page import render_page


@pytest.fixture(autouse=True)
def _pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "example.md").write_text("# {{ title }}\n\n`{principal}` and {{ title }}\n\n{{ table }}\n")
    monkeypatch.setattr(page, "__file__", str(tmp_path / "page.py"))


def test_every_placeholder_is_filled() -> None:
    assert (
        render_page("example", title="A", table="| {{ title }} |") == "# A\n\n`{principal}` and A\n\n| {{ title }} |\n"
    )


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"title": "A"}, id="a placeholder without a part"),
        pytest.param({"title": "A", "table": "B", "note": "C"}, id="a part without a placeholder"),
    ],
)
def test_a_page_that_does_not_fit_its_parts_is_an_error(parts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"tools/pages/example\.md: .*(table|note)"):
        render_page("example", **parts)

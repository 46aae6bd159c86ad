"""The documentation as a site: every link holds, pages are in the order of README's table, and nothing is loaded from
elsewhere when a page is viewed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
_LOADED = re.compile(r"<(?:script|img|iframe)[^>]+src=\"(?P<source>[^\"]+)|<link[^>]+href=\"(?P<link>[^\"]+)\"[^>]*>")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert built.stderr == ""
    return folder


def test_every_page_is_reached_in_the_order_of_the_readme(site: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Documentation")[2]
    pages = [f"{name}.html" for name in re.findall(r"\]\(docs/((?:contributing/)?[a-z-]+)\.md\)", readme)]
    start = (site / "index.html").read_text(encoding="utf-8")
    navigation = re.findall(r'<a href="((?:contributing/)?[a-z-]+\.html)" class="md-nav__link', start)
    assert [page for page in dict.fromkeys(navigation) if page != "index.html"] == list(dict.fromkeys(pages))
    built = {str(page.relative_to(site)) for page in [*site.glob("*.html"), *site.glob("contributing/*.html")]}
    assert built - {"404.html", "index.html"} == set(pages)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = [
        found["source"] or found["link"]
        for page in site.rglob("*.html")
        for found in _LOADED.finditer(page.read_text(encoding="utf-8"))
    ]
    assert loaded
    assert [address for address in loaded if address.startswith(("http:", "https:", "//"))] == []
    assert (site / "search" / "search_index.json").is_file()

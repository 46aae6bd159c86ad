"""What `mkdocs` does not do by itself: README.md as the first page, navigation in the order of README's list, links
to files that are not pages of the site, and a search that works without a web server.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
WORKERS = ROOT / "tests/node_modules/iframe-worker/shim/index.js"
"""Browsers start no workers for pages of the file system, and the search of the site needs one."""
_PAGE = re.compile(r"\[(?P<title>[^\]]+)\]\(docs/(?P<file>(?:contributing/)?(?:decisions/)?[A-Za-z-]+\.md)\)")
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)#:\s]+)(?P<anchor>#[^)\s]*)?(?=\))")
_CONTRIBUTING = "contributing/"
_FENCE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)


def on_config(config: Any) -> Any:
    """Navigation: the start page, then every page that README's list names, in its order."""
    listed = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Documentation")[2]
    pages = list(_PAGE.finditer(listed))
    entries = [{page["title"]: page["file"]} for page in pages]
    users = [entry for entry, page in zip(entries, pages, strict=True) if not page["file"].startswith(_CONTRIBUTING)]
    contributors = [entry for entry in entries if entry not in users]
    config.nav = [{"Start": "index.md"}, *users, {"Contributing": contributors}]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add README.md as the first page, and the script that the search needs for pages of the file system."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=_relinked(text, ROOT, config.extra["repository"])))
    if not WORKERS.is_file():
        raise PluginError(f"{WORKERS.relative_to(ROOT)} is missing: `make node` installs it")
    (script,) = config.extra["polyfills"]
    files.append(File.generated(config, script, abs_src_path=str(WORKERS)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Point links to files of the repository to a page that shows them."""
    if page.file.src_uri == "index.md":
        return markdown
    return _relinked(markdown, ROOT / "docs" / Path(page.file.src_uri).parent, config.extra["repository"])


def _relinked(text: str, folder: Path, repository: str) -> str:
    """Links between pages stay; those to other files of the repository lead to the repository."""
    site = ROOT / "docs"
    here = folder if folder.is_relative_to(site) else site

    def lead(link: re.Match[str]) -> str:
        target = (folder / link["target"]).resolve()
        anchor = link["anchor"] or ""
        if target == ROOT / "README.md":
            return f"{_relative(site / 'index.md', here)}{anchor}"
        if target.is_relative_to(site) and target.is_file():
            return f"{_relative(target, here)}{anchor}"
        return f"{repository}/blob/main/{target.relative_to(ROOT).as_posix()}{anchor}"

    parts = _FENCE.split(text)
    parts[::2] = [_LINK.sub(lead, part) for part in parts[::2]]
    return "".join(parts)


def _relative(file: Path, folder: Path) -> str:
    return Path(os.path.relpath(file, folder)).as_posix()

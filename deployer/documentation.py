"""The pages and schemas of docs/, which travel in the wheel: what is read belongs to the version that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

_SUFFIX = ".md"
_IN_WHEEL = "pages"
"""The folder of the package to which the wheel's build copies docs/."""


def topics() -> dict[str, str]:
    """Title of each page by the name that `page` takes: those for users first, then those of the folders."""
    return dict(sorted(_titles(_folder(), ""), key=lambda one: ("/" in one[0], one[0])))


def _titles(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _titles(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            title = entry.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
            yield prefix + entry.name.removesuffix(_SUFFIX), title


def page(topic: str) -> str:
    """A page as Markdown; `topic` is one of `topics`."""
    return (_folder() / f"{topic}{_SUFFIX}").read_text(encoding="utf-8")


def schemas() -> list[str]:
    """Names of the JSON Schemas of what commands print with --json, and of other documents."""
    return sorted(entry.name.removesuffix(".json") for entry in (_folder() / "schemas").iterdir())


def schema(name: str) -> str:
    """A schema as JSON; `name` is one of `schemas`."""
    return (_folder() / "schemas" / f"{name}.json").read_text(encoding="utf-8")


def _folder() -> Traversable:
    """The pages in the package, or those of the clone that it runs from."""
    packaged = resources.files("deployer") / _IN_WHEEL
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "docs"

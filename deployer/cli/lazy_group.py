"""Commands that are imported when they run: listing them imports none, which keeps `--help` and completion fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
import typer.main

from deployer.cli.help_texts import HelpedGroup, use_docstrings

if TYPE_CHECKING:  # typer has its own click, and publishes no names for these types
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter


@dataclass(frozen=True, slots=True)
class Entry:
    """A command of `deployer.cli.<name>`; its summary is the first paragraph of its own help."""

    name: str
    summary: str
    panel: str
    attribute: str | None = None
    """Where the module has the command, if not under its own name: `app` is a group, `make_app` makes one."""
    takes_client_options: bool = False
    """Whether options after the first argument belong to another program."""

    def load(self) -> Command:
        """Import the command and make it ready to run."""
        found = getattr(import_module(f"deployer.cli.{self.name}"), self.attribute or self.name)
        if self.attribute == "make_app":
            found = found()
        if isinstance(found, typer.Typer):
            found.rich_markup_mode = None
            found.info.cls = found.info.cls if isinstance(found.info.cls, type) else HelpedGroup
            use_docstrings(found, self.name)
            return typer.main.get_group(found)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        settings = {"allow_interspersed_args": False} if self.takes_client_options else None
        alone.command(self.name, context_settings=settings)(found)
        use_docstrings(alone)
        return typer.main.get_command(alone)


class LazyCommands(Mapping[str, "Command"]):
    """Commands by name, each loaded at its first use."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = {entry.name: entry for entry in entries}
        self._loaded: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self._loaded:
            self._loaded[name] = self.entries[name].load()
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


class LazyGroup(HelpedGroup):
    """A group that lists its commands by panel without importing them."""

    def __init__(self, *, entries: Sequence[Entry], **attributes: Any) -> None:
        super().__init__(**attributes)
        self.entries = entries
        self.commands: Any = LazyCommands(entries)

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - typer's signature
        return list(self.commands)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - typer's signature
        width = max(len(entry.name) for entry in self.entries)
        for panel in dict.fromkeys(entry.panel for entry in self.entries):
            with formatter.section(panel):
                formatter.write_dl(
                    [(entry.name.ljust(width), entry.summary) for entry in self.entries if entry.panel == panel]
                )

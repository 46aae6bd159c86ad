"""Prints lines and JSON: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypedDict

import typer

if TYPE_CHECKING:
    from deployer.rendering.text import Line, Tone


class _Style(TypedDict, total=False):
    """Options of typer's `secho`."""

    fg: str
    bold: bool
    dim: bool


_STYLES: Mapping[Tone, _Style] = {
    "": {},
    "heading": {"bold": True},
    "add": {"fg": "green"},
    "change": {"fg": "yellow"},
    "remove": {"fg": "red", "bold": True},
    "bad": {"fg": "red"},
    "quiet": {"dim": True},
}


def print_lines(lines: Iterable[Line], *, err: bool = False) -> None:
    """Print lines, in colour on a terminal (typer strips colours elsewhere)."""
    for line in lines:
        typer.secho(line.text, err=err, **_STYLES[line.tone])


def print_text(text: str, *, err: bool = False) -> None:
    """Print lines that name accounts, OUs or files: names that others chose must not control the terminal."""
    from deployer.words import printable

    typer.echo("\n".join(map(printable, text.split("\n"))), err=err)


def json_text(document: object, *, indent: int | None = None) -> str:
    """JSON for a program or a terminal: what is not printable is escaped, lone surrogates included."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(one if one == "\n" or one.isprintable() else json.dumps(one)[1:-1] for one in text)


def print_json(document: object) -> None:
    """Print a result for programs: keys in the order in which they were made."""
    typer.echo(json_text(document, indent=2))


def print_json_list(documents: Iterable[object]) -> None:
    """Print a JSON array whose items may be too many to hold: each is printed as it comes."""
    is_empty = True
    for document in documents:
        text = json_text(document, indent=2).replace("\n", "\n  ")
        typer.echo(f"{'[' if is_empty else ','}\n  {text}", nl=False)
        is_empty = False
    typer.echo("[]" if is_empty else "\n]")


def print_json_lines(documents: Iterable[object]) -> None:
    """Print one JSON object a line, each as it comes."""
    for document in documents:
        typer.echo(json_text(document))


def confirm(question: str, *, yes: bool) -> None:
    """Ask; raises DeclinedError on no, GuardError without a terminal."""
    if yes:
        return
    from deployer.errors import DeclinedError, GuardError

    if not sys.stdin.isatty():
        raise GuardError(
            "Nothing was changed: there is no terminal for the confirmation",
            next_step="Pass --yes to run the same command without a terminal.",
        )
    try:
        agreed = typer.confirm(question, err=True)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo(err=True)  # further output starts on its own line
        raise
    if not agreed:
        raise DeclinedError("Nothing was changed", next_step="Run the same command again to be asked again.")

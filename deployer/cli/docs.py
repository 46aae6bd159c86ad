"""`deployer docs`: the documentation of the installed version, in the terminal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from deployer.cli.printing import print_lines


def docs(
    topic: Annotated[str | None, typer.Argument(metavar="TOPIC", help="Name of a page; without it, lists all.")] = None,
) -> None:
    """Read the documentation of this version; without a topic, list all pages.

    Needs no network. Without a terminal, prints the page's Markdown.

    $ deployer docs
    $ deployer docs getting-started
    """
    from deployer.documentation import page, topics
    from deployer.rendering.text import Line, table, wrapped

    known = topics()
    if topic is None:
        for_users = [(name, title) for name, title in known.items() if "/" not in name]
        others = ", ".join(name for name in known if name.count("/") == 1)
        print_lines(
            [*table(["topic", "page"], for_users), Line(""), *wrapped(f"For contributors: {others}.", indent=0)]
        )
        print_lines([Line(""), Line("`deployer docs TOPIC` shows a page.")])
        return
    name = topic.removeprefix("docs/").removesuffix(".md")
    if name not in known:
        from deployer.settings.messages import nearest

        near = nearest(name, [*known])
        hint = f"did you mean {near}?" if near else "`deployer docs` lists all"
        raise typer.BadParameter(f"no page is named {topic!r}; {hint}", param_hint="TOPIC")
    if sys.stdout.isatty():
        _show(page(name))
    else:
        typer.echo(page(name), nl=False)


def _show(text: str) -> None:
    """Print Markdown with headings, tables and code as a terminal can show them, at its width."""
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=sys.stdout).print(Markdown(text, hyperlinks=False))

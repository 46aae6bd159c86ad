"""`deployer simulate`: what the handler would make of an event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile
from deployer.errors import NotFoundError

STANDARD_INPUT = Path("-")
_HINT = "An event is the whole envelope, with `detail` inside."


def simulate(
    event: Annotated[Path, typer.Argument(metavar="EVENT.json", help="Event as EventBridge delivers it; - for stdin.")],
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Decide about an event exactly as the handler would, and change nothing.

    The file holds one event, or a list of them: one from the failures queue, an archive, or `tests/events/`.
    """
    from deployer.cli.sources import compiled_from
    from deployer.rendering.explanations import event_lines, verdict_document
    from deployer.settings.verdicts import judge_event

    events, is_list = _events(event)
    compiled = compiled_from(config, organization, profile=profile)
    verdicts = [judge_event(one, compiled) for one in events]
    if as_json:
        documents = [verdict_document(verdict) for verdict in verdicts]
        typer.echo(json.dumps(documents if is_list else documents[0], indent=2, ensure_ascii=False))
        return
    for verdict in verdicts:
        typer.echo("\n".join(event_lines(verdict)))


def _events(file: Path) -> tuple[list[Any], bool]:
    """The events of a file, and whether it holds a list."""
    name = "standard input" if file == STANDARD_INPUT else file.as_posix()
    try:
        document = json.loads(_text(file))
    except OSError as error:
        raise NotFoundError(
            f"the event {name} cannot be read: {error.strerror}", next_step="Check the path; - is standard input."
        ) from error
    except (ValueError, RecursionError) as error:
        raise NotFoundError(f"{name} holds no JSON event: {error}", next_step=_HINT) from error
    if document == []:
        raise NotFoundError(f"{name} holds an empty list of events", next_step=_HINT)
    return (document, True) if isinstance(document, list) else ([document], False)


def _text(file: Path) -> str:
    if file == STANDARD_INPUT:
        return typer.get_text_stream("stdin").read()
    return file.read_text(encoding="utf-8")

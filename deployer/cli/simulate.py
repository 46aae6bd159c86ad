"""`deployer simulate`: what the handler would make of an event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile
from deployer.errors import NotFoundError

if TYPE_CHECKING:
    from deployer.settings.recorded_events import RecordedEvents

_NEXT_STEP = (
    "Pass an event as EventBridge delivers it, a record of CloudTrail, the output of `aws cloudtrail lookup-events` or "
    "`aws sqs receive-message`, or the body of a message of the failures queue."
)


def simulate(
    event: Annotated[Path, typer.Argument(metavar="EVENT.json", help="File with events; - for standard input.")],
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
) -> int:
    """Decide about events exactly as the handler would, and change nothing.

    Reads JSON and JSON lines: an event as EventBridge delivers it, a record or a file of CloudTrail, the output of
    lookup-events or receive-message, a message of the failures queue, a notification of SNS. Exits 11 for anything
    else, also if an event is malformed.
    """
    from deployer.cli.printing import print_json, print_text
    from deployer.cli.sources import compiled_from
    from deployer.rendering.explanations import event_lines, verdict_document
    from deployer.settings.verdicts import judge_event
    from handler.reasons import MALFORMED_EVENT

    recorded = _recorded(event)
    compiled = compiled_from(config, organization, profile=profile)
    verdicts = [judge_event(one, compiled) for one in recorded.events]
    if as_json:
        documents = [verdict_document(verdict) for verdict in verdicts]
        print_json(documents if recorded.is_list else documents[0])
    else:
        for verdict in verdicts:
            print_text("\n".join(event_lines(verdict)))
    return NotFoundError.exit_code if any(verdict.reason == MALFORMED_EVENT for verdict in verdicts) else 0


def _recorded(file: Path) -> RecordedEvents:
    from deployer.cli.input_files import name_of, read_text
    from deployer.settings.recorded_events import UnknownContentError, recorded_events

    try:
        return recorded_events(read_text(file, argument="EVENT.json"))
    except UnknownContentError as error:
        raise NotFoundError(f"{name_of(file)} holds no event: {error}.", next_step=_NEXT_STEP) from error

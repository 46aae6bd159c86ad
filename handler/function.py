"""The Lambda's entry point: `handle` for each event, and everything else while Lambda initialises the container.

Lambda gives a full processor while it initialises, whatever the memory, so botocore is imported and clients are built
then and not by the first event. All of that lives as long as the container: the garbage collector would look through
it a dozen times, a seventh of a cold start, so it waits until all is there and then never looks at it again.
"""

from __future__ import annotations

import gc
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from handler.handling import Handler


class Context(Protocol):
    """What is used of Lambda's context object."""

    aws_request_id: str


def handle(event: Any, context: Context) -> dict[str, Any]:
    """Handle one event as EventBridge delivers it, or as a redrive or replay brings it back."""
    return _handler().handle(event, request_id=context.aws_request_id)


@cache
def _handler() -> Handler:
    """The handler with the settings that lie beside the code."""
    gc.disable()
    try:
        from handler.composition import compose  # noqa: PLC0415 - with the garbage collector off
        from handler.settings_file import FILE_NAME, SettingsFile  # noqa: PLC0415

        return compose(os.environ, settings=SettingsFile.load(Path(__file__).parent.parent / FILE_NAME))
    finally:
        gc.freeze()
        gc.enable()


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    _handler()

"""The Lambda's entry point: `handle` runs for each event, everything else while Lambda initializes the container.

During initialization Lambda provides a full CPU, whatever the memory size, so botocore is imported and clients are
created then and not during the first event. These objects live as long as the container. The garbage collector would
scan them a dozen times, a seventh of a cold start, so it is disabled meanwhile and then excludes them (gc.freeze).
"""

from __future__ import annotations

import gc
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from handler.serving import Service


class Context(Protocol):
    """The attributes of Lambda's context object that the handler uses."""

    aws_request_id: str


def handle(event: object, context: Context) -> dict[str, object]:
    """Handle one event from EventBridge, a redrive or a replay, or answer a request to the function URL."""
    return _service().handle(event, request_id=context.aws_request_id)


@cache
def _service() -> Service:
    """The handler with the settings from its zip."""
    gc.disable()
    try:
        from handler.composition import compose  # noqa: PLC0415 - with the garbage collector disabled
        from handler.settings_file import FILE_NAME, SettingsFile  # noqa: PLC0415

        return compose(os.environ, settings=SettingsFile.load(Path(__file__).parent.parent / FILE_NAME))
    finally:
        gc.freeze()
        gc.enable()


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    _service()

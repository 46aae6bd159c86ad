"""Appends to the summary of a step in GitHub Actions; a failure to write it is a warning and no more."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

VARIABLE = "GITHUB_STEP_SUMMARY"


def append_summary(lines: Iterable[str], environment: Mapping[str, str]) -> str | None:
    """Append to the file that the variable names, if it is set; gives a warning if the system refuses."""
    from deployer.rendering.step_summary import LARGEST, bounded

    file = environment.get(VARIABLE)
    if not file:
        return None
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o666)
        with os.fdopen(descriptor, "ab") as stream:
            room = LARGEST - os.fstat(descriptor).st_size
            stream.write(bounded(lines, room=room).encode(errors="replace"))
    except OSError as error:
        return f"The summary of this step ({VARIABLE}={file}) cannot be written: {error.strerror or error}"
    return None

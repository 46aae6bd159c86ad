"""The config files of the example organization: part of the wheel, or the folder config/ of a clone."""

from __future__ import annotations

from pathlib import Path

_IN_WHEEL = Path(__file__).parent / "config"
"""The folder to which the wheel's build copies config/."""
_IN_CLONE = Path(__file__).parents[2] / "config"


def config_directory() -> Path:
    """The folder with the example's files, relative to the working directory if it is below it."""
    found = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_CLONE
    current = Path.cwd()
    return found.relative_to(current) if found.is_relative_to(current) else found

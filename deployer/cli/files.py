"""Files that commands write where users say: what is wrong with such a place is told, and is no defect of the tool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployer.errors import FileAccessError, NotFoundError


def check_folder(file: Path) -> None:
    """Raise NotFoundError where there is no folder for a file: before the work, not after it."""
    if not file.parent.is_dir():
        raise NotFoundError(
            f"There is no folder {file.parent} for {file.name}", next_step="Make it, or name a file in another folder."
        )


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Raise FileAccessError for what the system says against writing a file: no right to, a full disk."""
    try:
        yield
    except ConnectionError:
        raise
    except OSError as error:
        raise FileAccessError(
            f"{file} cannot be written: {error.strerror or error}",
            next_step="Mend that, or name another file.",
        ) from error

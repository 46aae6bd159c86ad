"""Files that commands write to paths of the user's choice; problems with a path are errors of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployer.errors import FileAccessError, NotFoundError


def check_folder(file: Path) -> None:
    """Raise NotFoundError before the work if the folder of a file does not exist."""
    if not file.parent.is_dir():
        raise NotFoundError(
            f"The folder {file.parent} for {file.name} does not exist", next_step="Create it, or name another folder."
        )


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Raise FileAccessError if the system refuses to write a file: no permission, a full disk."""
    try:
        yield
    except ConnectionError:
        raise
    except OSError as error:
        raise FileAccessError(
            f"{file} cannot be written: {error.strerror or error}",
            next_step="Fix that, or name another file.",
        ) from error

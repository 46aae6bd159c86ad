"""Files that commands write to paths of the user's choice: whole or not at all, and failures have one exit code."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from deployer.errors import FileAccessError, FilesExistError, NotFoundError


def check_folder(file: Path) -> None:
    """Raise an error before the work if a file's folder does not exist, or the file is a device, pipe or folder."""
    if not file.parent.is_dir():
        raise NotFoundError(
            f"The folder {file.parent} for {file.name} does not exist", next_step="Create it, or name another folder."
        )
    if file.exists() and not file.is_file():
        raise FilesExistError(f"{file} exists and is not a regular file", next_step="Name another file.")


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Raise FileAccessError if the system refuses to write a file: no permission, a full disk."""
    try:
        yield
    except ConnectionError:
        raise
    except OSError as error:
        raise FileAccessError(
            f"{file} cannot be written: {_reason(file, error)}",
            next_step="Fix that, or name another file.",
        ) from error


def _reason(file: Path, error: OSError) -> str:
    """Why; a file that is in the place of a folder is named."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        for folder in reversed(file.parents):
            if folder.exists() and not folder.is_dir():
                return f"{folder} is not a folder"
    return error.strerror or str(error)


def write_file(file: Path, parts: Iterable[bytes]) -> int:
    """Write a file so that it has its old or its new content, whatever happens; returns its size in bytes.

    Follows links. What is no regular file (a device, a pipe) is written directly. Raises FileAccessError.
    """
    with writing(file):
        if file.exists() and not file.is_file():
            return _write_directly(file, parts)
        target = file.resolve()
        partial = _stage(target, parts)
        try:
            size = partial.stat().st_size
            partial.replace(target)
        finally:
            _remove(partial)
        return size


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write several files and their folders: all of them, or none after an error."""
    staged: dict[Path, Path] = {}
    with ExitStack() as undo:
        for file, data in files.items():
            with writing(file):
                _make_folder(file.parent, undo)
                target = file.resolve()
                staged[target] = _stage(target, [data])
                undo.callback(_remove, staged[target])
        for target, partial in staged.items():
            with writing(target):
                undo.callback(_restore, target, target.read_bytes() if target.exists() else None)
                partial.replace(target)
        undo.pop_all()


def _make_folder(folder: Path, undo: ExitStack) -> None:
    """Make a folder and those that it is in; those that are new are removed again."""
    for one in reversed([folder, *folder.parents]):
        if not one.exists():
            one.mkdir(exist_ok=True)
            undo.callback(_remove_folder, one)


def _remove_folder(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _restore(target: Path, before: bytes | None) -> None:
    """Give a file its former content again; None for a file that did not exist."""
    if before is None:
        _remove(target)
    else:
        with suppress(OSError):
            _stage(target, [before]).replace(target)


def _stage(target: Path, parts: Iterable[bytes]) -> Path:
    """Write the content beside its place, down to the disk, with the permissions of the file that it replaces."""
    if target.is_dir():
        raise IsADirectoryError(None, "Is a directory")
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with partial.open("xb") as stream:
            stream.writelines(parts)
            stream.flush()
            os.fsync(stream.fileno())
            if target.exists():
                os.fchmod(stream.fileno(), stat.S_IMODE(target.stat().st_mode))
    except BaseException:
        _remove(partial)
        raise
    return partial


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink(missing_ok=True)


def _write_directly(file: Path, parts: Iterable[bytes]) -> int:
    """Write to a device or a pipe; a pipe that nobody reads is an error instead of a hang."""
    descriptor = os.open(file, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as stream:
        return sum(stream.write(part) for part in parts)

"""Reads the files of a config folder as text: limited in size, UTF-8, and never from outside the folder."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deployer.errors import ConfigurationError
from deployer.settings.problems import Problem, Severity

LARGEST_FILE = 1024 * 1024
ORGANIZATION_FILE = "organization.yaml"
SNAPSHOT_FILE = "snapshot.json"
"""The snapshot of the organization that commands read with --organization, or by themselves."""
FOLDERS = {"ous": ".yaml", "accounts": ".yaml", "policies": ".json"}
"""Folder -> ending of the files that are read in it, at any depth."""
_READ = ", ".join([f"only {ORGANIZATION_FILE}", *(f"{folder}/**/*{ending}" for folder, ending in FOLDERS.items())])


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """One file: `path` from the config folder (with `/`), `shown` as messages name it."""

    path: str
    shown: str
    text: str

    @property
    def folder(self) -> str:
        return self.path.partition("/")[0] if "/" in self.path else ""

    @property
    def stem(self) -> str:
        return self.path.rpartition("/")[2].rpartition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFiles:
    """The files of a config folder by kind, sorted by path."""

    directory: Path
    organization: TextFile | None
    ous: tuple[TextFile, ...]
    accounts: tuple[TextFile, ...]
    policies: tuple[TextFile, ...]
    problems: tuple[Problem, ...]
    unread: tuple[Problem, ...]
    """A warning for each file that is not read."""

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file's text by path, the same for the line ends of every system."""
        files = (*([self.organization] if self.organization else []), *self.ous, *self.accounts, *self.policies)
        texts = {file.path: file.text.replace("\r\n", "\n") for file in files}
        return {path: f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for path, text in texts.items()}

    def shown(self, path: str) -> str:
        """A path inside the folder as messages name it."""
        return (self.directory / path).as_posix()


def read_files(directory: Path) -> ConfigFiles:
    """Read every config file; raises ConfigurationError only if the folder does not exist."""
    if directory.is_file():
        raise ConfigurationError(
            f"{directory.as_posix()} is a file, not a config folder",
            next_step=f"Pass its folder: --config {shlex.quote(directory.parent.as_posix())}",
        )
    if not directory.is_dir():
        raise ConfigurationError(
            f"The config folder {directory.as_posix()}/ does not exist",
            next_step="Create one with `deployer init`, or pass another with --config DIR.",
        )
    problems: list[Problem] = []
    unread: list[Problem] = []
    found: dict[str, list[TextFile]] = {"": [], **{folder: [] for folder in FOLDERS}}
    for path in sorted(_walk(directory, problems)):
        if not _is_read(path):
            unread.append(_unread(directory, path))
            continue
        file = _read(directory, path, problems)
        if file is not None:
            found[file.folder].append(file)
    return ConfigFiles(
        directory=directory,
        organization=next(iter(found[""]), None),
        ous=tuple(found["ous"]),
        accounts=tuple(found["accounts"]),
        policies=tuple(found["policies"]),
        problems=tuple(problems),
        unread=tuple(unread),
    )


def _walk(directory: Path, problems: list[Problem]) -> Iterator[str]:
    """Paths of all files but hidden ones and a snapshot of the organization."""

    def refused(error: OSError) -> None:
        shown = Path(error.filename or directory).as_posix()
        problems.append(Problem(file=shown, message=f"cannot be read: {error.strerror}"))

    for base, folders, names in os.walk(directory, followlinks=False, onerror=refused):
        here = Path(base).relative_to(directory)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            if (Path(base) / name).is_symlink():
                shown = (directory / here / name).as_posix()
                problems.append(Problem(file=shown, message="a link to a folder is not followed: put the files here"))
        for name in names:
            path = (here / name).as_posix()
            if not name.startswith(".") and path != SNAPSHOT_FILE:
                yield path


def _is_read(path: str) -> bool:
    folder, slash, _ = path.partition("/")
    return path == ORGANIZATION_FILE or bool(slash and path.endswith(FOLDERS.get(folder, "\0")))


def _unread(directory: Path, path: str) -> Problem:
    folder, slash, name = path.rpartition("/")
    stem, _, ending = name.rpartition(".")
    ending = ending.lower()
    right = "yaml" if ending == "yml" else ending
    if stem and _is_read(renamed := f"{folder}{slash}{stem}.{right}"):
        message = f"not read: rename it to {renamed.rpartition('/')[2]}"
    else:
        message = f"not read: {_READ} are; move it out of the folder, or begin its name with a dot"
    return Problem(file=(directory / path).as_posix(), message=message, severity=Severity.WARNING)


def _read(directory: Path, path: str, problems: list[Problem]) -> TextFile | None:
    shown = (directory / path).as_posix()
    try:
        if not (directory / path).resolve().is_relative_to(directory.resolve()):
            problems.append(Problem(file=shown, message="a link that leaves the config folder is not followed"))
            return None
        with _open(directory / path) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                problems.append(Problem(file=shown, message="not a regular file: put its text in a file"))
                return None
            data = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        problems.append(Problem(file=shown, message=f"cannot be read: {error.strerror}"))
        return None
    if len(data) > LARGEST_FILE:
        problems.append(Problem(file=shown, message="larger than 1 MB, which no config file is"))
        return None
    try:
        return TextFile(path=path, shown=shown, text=data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", errors="replace")) + 1
        message = f"not UTF-8 (byte 0x{data[error.start]:02x}): save the file as UTF-8"
        problems.append(Problem(file=shown, line=before.count(b"\n") + 1, column=column, message=message))
        return None


def _open(path: Path) -> BinaryIO:
    """A file to read; a pipe that nobody writes to opens too instead of waiting for a writer."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")

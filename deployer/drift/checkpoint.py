"""The results of an audit so far, on disk, so that an interrupted one resumes instead of starting again.

One line of JSON for each account that is done, written when it is done. A truncated line is not read, so its account
is read again: no gap, no duplicate. A checkpoint older than an hour is not resumed, since its results are out of
date.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Generic, Protocol, TypeVar

from deployer.errors import BusyError
from handler.json_values import JsonValue

VERSION = 4
USABLE_FOR = timedelta(hours=1)


class AccountResult(Protocol):
    """What an audit finds in one account."""

    @property
    def account(self) -> str: ...

    def to_json(self) -> dict[str, object]: ...


R = TypeVar("R", bound=AccountResult)
Parse = Callable[[Mapping[str, JsonValue]], R]
"""Reads what `to_json` wrote; raises KeyError, TypeError or ValueError for anything else."""


class Checkpoint(Generic[R]):
    """An open checkpoint file, held exclusively; without one (`problem` has the reason), nothing is stored."""

    def __init__(self, *, path: Path, started: datetime, parse: Parse[R]) -> None:
        self._file: IO[str] | None = None
        self._path = path
        self._parse = parse
        self.started = started
        """The start of the audit that it resumes."""
        self.done: Mapping[str, R] = {}
        self.problem: str | None = None
        """Why an interruption from here on cannot be resumed: a read-only home, a full disk."""

    def begin(self, file: IO[str], *, restart: bool) -> None:
        """Read what an earlier audit stored, and store from now on."""
        kept = None if restart else _read(file, self._parse, now=self.started)
        if kept:
            self.started, self.done = kept
        self._file = file
        self._store(lambda file: _begin(file, started=self.started, done=self.done))

    def add(self, report: R) -> None:
        """Store the results of one account."""
        self._store(lambda file: file.write(_line(report)))

    def remove(self) -> None:
        """Delete its content: the audit is complete."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _store(self, write: Callable[[IO[str]], object]) -> None:
        if self._file is None:
            return
        try:
            write(self._file)
            self._file.flush()
        except OSError as error:
            self.problem, self._file = _reason(self._path, error), None


@contextmanager
def open_checkpoint(path: Path, parse: Parse[R], *, now: datetime, restart: bool = False) -> Iterator[Checkpoint[R]]:
    """Open or create the file; raises BusyError while another audit of the same has it open.

    If the system refuses the file, the audit runs without it.
    """
    checkpoint, file = Checkpoint(path=path, started=now, parse=parse), None
    try:
        file = _open(path)
        checkpoint.begin(file, restart=restart)
    except OSError as error:
        checkpoint.problem = _reason(path, error)
    try:
        yield checkpoint
    finally:
        if file is not None:
            with suppress(OSError):  # of what could not be written
                file.close()


def _open(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600)
    try:
        _require_regular_file(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if not isinstance(error, BlockingIOError):
            raise
        raise BusyError("The same audit is running in another process", next_step="Wait until it has ended.") from error
    return os.fdopen(descriptor, "r+", encoding="utf-8")


def _require_regular_file(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError("it is not a regular file")


def _reason(path: Path, error: OSError) -> str:
    return f"{path} cannot be used: {error.strerror or error}"


def state_directory(environment: Mapping[str, str]) -> Path:
    """The folder for a user's cache files (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    stated = environment.get("XDG_STATE_HOME", "")
    base = Path(stated) if stated.startswith("/") else _home() / ".local" / "state"
    return base / "deployer"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # no HOME, and a user whom the system does not know, as in many containers
        return Path("/")


def _read(file: IO[str], parse: Parse[R], *, now: datetime) -> tuple[datetime, dict[str, R]] | None:
    lines = file.read().split("\n")[:-1]
    try:
        header = json.loads(lines[0]) if lines else {}
        started = datetime.fromisoformat(header["started"])
        if header["version"] != VERSION or not timedelta() <= now - started <= USABLE_FOR:
            return None
        reports = [parse(json.loads(line)) for line in lines[1:]]
    except (ValueError, KeyError, TypeError):
        return None
    return started, {report.account: report for report in reports}


def _begin(file: IO[str], *, started: datetime, done: Mapping[str, AccountResult]) -> None:
    """Write the resumed results again, so that a truncated line does not corrupt the next."""
    file.seek(0)
    file.truncate()
    file.write(json.dumps({"version": VERSION, "started": started.isoformat()}) + "\n")
    file.writelines(map(_line, done.values()))


def _line(report: AccountResult) -> str:
    return json.dumps(report.to_json(), separators=(",", ":")) + "\n"

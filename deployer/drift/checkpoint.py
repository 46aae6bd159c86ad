"""The results of a verification so far, on disk, so that an interrupted one resumes instead of starting again.

One line of JSON for each account that is done, written when it is done. A truncated line is not read, so its account
is verified again: no gap, no duplicate. A checkpoint older than an hour is not resumed, since its results are out of
date.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from deployer.drift.findings import AccountReport
from deployer.errors import BusyError

VERSION = 2
USABLE_FOR = timedelta(hours=1)


class Checkpoint:
    """An open checkpoint file, held exclusively."""

    def __init__(self, file: IO[str], *, path: Path, started: datetime, done: Mapping[str, AccountReport]) -> None:
        self._file = file
        self._path = path
        self.started = started
        """The start of the verification that it resumes."""
        self.done = done

    def add(self, report: AccountReport) -> None:
        """Store the results of one account."""
        self._file.write(_line(report))
        self._file.flush()

    def remove(self) -> None:
        """Delete its content: the verification is complete."""
        self._path.unlink(missing_ok=True)


@contextmanager
def open_checkpoint(path: Path, *, now: datetime, restart: bool = False) -> Iterator[Checkpoint]:
    """Open or create the file; raises BusyError while another verification of the same has it open."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(
                "The same verification is running in another process", next_step="Wait until it has ended."
            ) from error
        kept = None if restart else _read(file, now=now)
        started, done = kept or (now, {})
        _begin(file, started=started, done=done)
        yield Checkpoint(file, path=path, started=started, done=done)


def state_directory(environment: Mapping[str, str]) -> Path:
    """The folder for a user's cache files (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    stated = environment.get("XDG_STATE_HOME", "")
    base = Path(stated) if stated.startswith("/") else Path.home() / ".local" / "state"
    return base / "deployer"


def _read(file: IO[str], *, now: datetime) -> tuple[datetime, dict[str, AccountReport]] | None:
    lines = file.read().split("\n")[:-1]
    try:
        header = json.loads(lines[0]) if lines else {}
        started = datetime.fromisoformat(header["started"])
        if header["version"] != VERSION or not timedelta() <= now - started <= USABLE_FOR:
            return None
        reports = [AccountReport.from_json(json.loads(line)) for line in lines[1:]]
    except (ValueError, KeyError, TypeError):
        return None
    return started, {report.account: report for report in reports}


def _begin(file: IO[str], *, started: datetime, done: Mapping[str, AccountReport]) -> None:
    """Write the resumed results again, so that a truncated line does not corrupt the next."""
    file.seek(0)
    file.truncate()
    file.write(json.dumps({"version": VERSION, "started": started.isoformat()}) + "\n")
    file.writelines(map(_line, done.values()))
    file.flush()


def _line(report: AccountReport) -> str:
    return json.dumps(report.to_json(), separators=(",", ":")) + "\n"

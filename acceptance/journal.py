"""What a run creates, written down before it is created, so that any end of the run leaves a list to clean up by.

One file of JSON lines for each run. A line says that a resource is about to be created, or that it is gone. It is on
the disk before the call to AWS is made; a last line that was cut off is one whose call was never made.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

PREFIX = "accept-"
"""Begins the name of every run, and so of everything that a run creates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something in AWS, by what finds it again. `kind` is one of `acceptance.removal`; `side` says whose it is."""

    kind: str
    side: str
    region: str
    name: str
    details: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.side} account, {self.region})"

    @property
    def key(self) -> str:
        return "|".join((self.kind, self.side, self.region, self.name))


class Journal:
    """The file of one run."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._held: BinaryIO | None = None
        file.parent.mkdir(parents=True, exist_ok=True)

    @property
    def run(self) -> str:
        """Id of the run, which begins the name of everything that it creates."""
        return self.file.stem

    def header(self, values: Mapping[str, Any]) -> None:
        """Say with what the run was started: accounts and regions, for whoever cleans up."""
        self._write({"started": dict(values)})

    def creating(self, resource: Resource) -> None:
        """About to create it."""
        self._write({"creating": asdict(resource)})

    def gone(self, resource: Resource) -> None:
        """It is gone, or was never made."""
        self._write({"gone": resource.key})

    @property
    def started_with(self) -> Mapping[str, Any]:
        """What `header` was given."""
        return next((line["started"] for line in self._lines() if "started" in line), {})

    def hold(self) -> None:
        """Show other processes that the run is in progress, until it closes the journal or its process ends."""
        self._held = self.file.open("a+b")
        fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @property
    def is_in_progress(self) -> bool:
        """Whether a process holds it. A number of a process would not do: after a restart it is another one's."""
        with self.file.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def left(self) -> tuple[Resource, ...]:
        """What may exist, the newest first: the order to remove it in."""
        resources: dict[str, Resource] = {}
        for line in self._lines():
            if "creating" in line:
                resource = Resource(**line["creating"])
                resources.setdefault(resource.key, resource)
            elif "gone" in line:
                resources.pop(line["gone"], None)
        return tuple(reversed(resources.values()))

    def close(self) -> None:
        """Release it, and remove the file of a run that left nothing behind."""
        if self._held:
            self._held.close()
            self._held = None
        if not self.left():
            self.file.unlink(missing_ok=True)

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self.file.exists():
            return
        for text in self.file.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(text)
            except ValueError:
                continue  # cut off while it was written: the call after it was not made

    def _write(self, line: Mapping[str, Any]) -> None:
        with self.file.open("a+b") as file:
            if file.seek(0, os.SEEK_END) and _is_cut_off(file):
                file.write(b"\n")
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _is_cut_off(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) != b"\n")


def folder() -> Path:
    """Where journals are: the user's state folder (XDG_STATE_HOME)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "deployer" / "acceptance"


def unfinished(where: Path) -> tuple[Journal, ...]:
    """Journals of earlier runs that left something behind."""
    journals = (Journal(file) for file in sorted(where.glob("*.jsonl")))
    return tuple(journal for journal in journals if journal.left())

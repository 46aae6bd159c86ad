"""The resources of a run, recorded before they are created, so that they can be removed however the run ends.

One file of JSON lines for each run. A line states that a resource is about to be created, or that it is removed. It is
on disk before the call to AWS; if the last line is incomplete, its call was never made.
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
"""Prefix of the name of every run, and so of all resources that a run creates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """The identity of a resource in AWS. `kind` is a key of `acceptance.removal.REMOVERS`; `side` is its account."""

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
        """Id of the run, and prefix of the names of its resources."""
        return self.file.stem

    def header(self, values: Mapping[str, Any]) -> None:
        """Record the options of the run, for a later cleanup."""
        self._write({"started": dict(values)})

    def creating(self, resource: Resource) -> None:
        """Record that a resource is about to be created."""
        self._write({"creating": asdict(resource)})

    def gone(self, resource: Resource) -> None:
        """Record that a resource is removed, or was never created."""
        self._write({"gone": resource.key})

    @property
    def started_with(self) -> Mapping[str, Any]:
        """The values passed to `header`."""
        return next((line["started"] for line in self._lines() if "started" in line), {})

    def hold(self) -> None:
        """Lock the file until the journal is closed or the process ends, to show that the run is in progress."""
        self._held = self.file.open("a+b")
        fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @property
    def is_in_progress(self) -> bool:
        """Whether a process holds the lock. A process id would be reused after a restart."""
        with self.file.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def left(self) -> tuple[Resource, ...]:
        """Resources that may exist, newest first, which is the order of removal."""
        resources: dict[str, Resource] = {}
        for line in self._lines():
            if "creating" in line:
                resource = Resource(**line["creating"])
                resources.setdefault(resource.key, resource)
            elif "gone" in line:
                resources.pop(line["gone"], None)
        return tuple(reversed(resources.values()))

    def close(self) -> None:
        """Release the lock, and delete the file if no resources are left."""
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
                continue  # an incomplete line: its call was not made

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
    """The folder of journals, in the user's state folder (XDG_STATE_HOME)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "deployer" / "acceptance"


def unfinished(parent: Path) -> tuple[Journal, ...]:
    """Journals of earlier runs with resources that may exist."""
    journals = (Journal(file) for file in sorted(parent.glob("*.jsonl")))
    return tuple(journal for journal in journals if journal.left())

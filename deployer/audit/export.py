"""Exports of any size to a file: streaming, and resumed after any interruption, without a gap or a duplicate.

The state is a file beside the unfinished one: the request and the last confirmed position. Records come in the order
of their events, the oldest first, so everything up to one position is confirmed, and the next run begins there.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from deployer.audit.query import Query
from deployer.audit.reading import Ledger, Usage, read
from deployer.audit.sinks import Sink
from deployer.errors import BusyError, FilesExistError, GuardError
from handler.json_values import JsonValue
from handler.records import Record

BATCH = 10_000
"""Records between two confirmations: a few seconds of work, about 20 MB. A killed process reads them again."""

_VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """After the last confirmed record: its sort key, and which records with this same key are confirmed."""

    at: str = ""
    accounts: tuple[str, ...] = ()

    def covers(self, record: Record) -> bool:
        """Whether a record is already confirmed."""
        return record.at < self.at or (record.at == self.at and record.account in self.accounts)

    def after(self, record: Record) -> Position:
        """The position after one more record."""
        known = self.accounts if record.at == self.at else ()
        return Position(at=record.at, accounts=(*known, record.account))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Progress of an export."""

    options: Mapping[str, object]
    """The options as they were typed: an export is resumed only by the same."""
    query: Query
    written: int = 0
    mark: int = 0
    position: Position = field(default_factory=Position)

    def to_json(self) -> str:
        """The text that is stored next to the unfinished file."""
        values = asdict(self) | {"version": _VERSION}
        return json.dumps(values, indent=2, default=lambda value: value.isoformat())

    @classmethod
    def from_json(cls, text: str) -> State:
        """The stored state; ValueError for one of another version."""
        values = json.loads(text)
        if values.pop("version") != _VERSION:
            raise ValueError("another version")
        values_of_query: dict[str, JsonValue] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values["query"].items()
        }
        values_of_query |= {key: datetime.fromisoformat(values_of_query[key]) for key in ("since", "until")}
        position = Position(at=values["position"]["at"], accounts=tuple(values["position"]["accounts"]))
        return cls(**values | {"query": Query(**values_of_query), "position": position})


@dataclass(frozen=True, slots=True)
class Target:
    """The final file, and the files next to it until it is finished."""

    file: Path

    @property
    def partial(self) -> Path:
        return self.file.with_name(f"{self.file.name}.partial")

    @property
    def state(self) -> Path:
        return self.file.with_name(f"{self.file.name}.partial.json")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock it exclusively; raises BusyError if another process has: two would overwrite each other."""
        with self.partial.open("ab") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyError(
                    f"{self.file} is being written by another export", next_step="Wait until it has ended."
                ) from error
            try:
                yield
            finally:
                self._remove_if_empty()

    def _remove_if_empty(self) -> None:
        """Files that were created only for the lock."""
        if not self.state.exists() and self.partial.exists() and not self.partial.stat().st_size:
            self.partial.unlink()

    def begin(self, options: Mapping[str, object], query: Query, *, restart: bool, overwrite: bool) -> State:
        """The state to resume from: of an unfinished export of the same request, or a new one."""
        if self.file.exists() and not overwrite:
            raise FilesExistError(f"{self.file} already exists", next_step="--force overwrites it.")
        fresh = State(options=options, query=replace(query, oldest_first=True))
        if restart or not self.state.exists():
            return fresh
        try:
            found = State.from_json(self.state.read_text(encoding="utf-8"))
        except (ValueError, KeyError, TypeError) as error:
            raise GuardError(
                f"{self.state} is not the state of an export that can be resumed", next_step="--restart starts again."
            ) from error
        if found.options != options:
            raise GuardError(
                f"{self.file} is an unfinished export with other options",
                next_step="Repeat the same options to finish it, or pass --restart to start again.",
            )
        return found

    def save(self, state: State) -> None:
        """Write the state atomically."""
        new = self.state.with_name(f"{self.state.name}.new")
        with new.open("w", encoding="utf-8") as stream:
            stream.write(state.to_json())
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self.state)


def export(
    target: Target, state: State, records: Iterable[Record], sink: Sink, *, report: Callable[[State], None]
) -> State:
    """Write the remaining records, and finish the file; `report` receives the state at each confirmation.

    If reading fails or is interrupted, every record that was read is confirmed before the error is raised.
    """
    try:
        for batch in _batches(records):
            sink.write(batch)
            state = _confirmed(state, batch, mark=sink.confirm())
            target.save(state)
            report(state)
        sink.finish(target.file)
    finally:
        sink.close()
    target.state.unlink(missing_ok=True)
    return state


def in_order(query: Query, ledger: Ledger, *, usage: Usage) -> Iterator[Record]:
    """The content of an export, for a stream that cannot be resumed."""
    return read(replace(query, oldest_first=True), ledger, usage=usage)


def remaining(state: State, ledger: Ledger, *, usage: Usage) -> Iterator[Record]:
    """Records to write: from the second of the last confirmed record on, without confirmed ones."""
    query = state.query
    if state.position.at:
        second = datetime.fromisoformat(state.position.at.partition("#")[0])
        query = replace(query, since=max(query.since, second))
    return (record for record in read(query, ledger, usage=usage) if not state.position.covers(record))


def _confirmed(state: State, batch: list[Record], *, mark: int) -> State:
    position = state.position
    for record in batch:
        position = position.after(record)
    return replace(state, written=state.written + len(batch), mark=mark, position=position)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Batches of records; if reading fails or is interrupted, what was read until then comes first."""
    batch: list[Record] = []
    problem: BaseException | None = None
    try:
        for record in records:
            batch.append(record)
            if len(batch) == BATCH:
                full, batch = batch, []
                yield full
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - it is raised below
        problem = error
    if batch:
        yield batch
    if problem is not None:
        raise problem

"""One roll-out at a time: a record in the artifacts bucket, replaced only by a process that has read the previous one.

The record is read before the plan is made and replaced when the first change is made: a record of another roll-out in
between makes that fail, so that no outdated plan is applied. It stays when a roll-out ends, with its
scope, which `--resume` reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from deployer.errors import BusyError, DeployerError, NotFoundError, ServiceError
from handler.json_values import JsonValue

LEASE = timedelta(minutes=10)
"""How long a lock lasts unless it is renewed: longer than any poll interval, including differences between clocks."""
RENEWAL = timedelta(minutes=1)
VERSION = 1


class RecordChangedError(DeployerError):
    """Another process wrote the record first."""


class Versioned(NamedTuple):
    """The stored text, and the version to name when replacing it."""

    data: bytes
    version: str


class Store(Protocol):
    """The storage of the record."""

    def read(self) -> Versioned | None: ...

    def write(self, data: bytes, *, replaces: str | None) -> str:
        """Write unless another process did (RecordChangedError); NotFoundError if the bucket does not exist yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The principal that rolls out, and its machine."""

    owner: str
    machine: str
    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRecord:
    """A roll-out or removal that is in progress, or the last one. Times are UTC."""

    command: str
    holder: Holder
    started: datetime
    expires: datetime
    ous: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    exit_code: int | None = None
    """None while it is in progress, and permanently if it was killed."""

    def to_json(self) -> bytes:
        """As it is stored."""
        times = {"started": self.started.isoformat(), "expires": self.expires.isoformat()}
        return json.dumps({"version": VERSION, **asdict(self), **times}, indent=2).encode()

    @classmethod
    def from_json(cls, data: bytes) -> LockRecord:
        """Raises ValueError for a record that another version of deployer, or a person, wrote."""
        try:
            return cls._from_document(json.loads(data))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a record of a roll-out: {error}") from error

    @classmethod
    def _from_document(cls, document: dict[str, JsonValue]) -> LockRecord:
        if document.pop("version") != VERSION:
            raise ValueError("the record of another version")
        for key in ("started", "expires"):
            document[key] = datetime.fromisoformat(document[key])
        for key in ("ous", "accounts", "regions"):
            document[key] = tuple(document[key])
        return cls(**{**document, "holder": Holder(**document["holder"])})


class Lock:
    """The record as one command uses it. `is_running` reports whether a process of this machine exists."""

    def __init__(
        self,
        store: Store,
        holder: Holder,
        *,
        is_running: Callable[[int], bool],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._holder = holder
        self._is_running = is_running
        self._clock = clock
        self._version: str | None = None
        self._held: LockRecord | None = None
        self.last: LockRecord | None = None
        self._is_unreadable = False
        """Whether there is a record that cannot be read, so that it is not known who is rolling out."""
        self.was_taken = False
        """Whether the record is, or was, one of this command, which `--resume` then reads."""

    def read(self) -> LockRecord | None:
        """Read the record; what happens between this and `take` keeps the lock from being taken."""
        found = self._store.read()
        self._version = found.version if found else None
        try:
            self.last = LockRecord.from_json(found.data) if found else None
            self._is_unreadable = False
        except ValueError:
            self.last, self._is_unreadable = None, True
        return self.last

    @property
    def unfinished(self) -> LockRecord | None:
        """The last roll-out, when the record was read, if `--resume` would continue it."""
        is_unfinished = self.last is not None and self.last.command == "rollout" and self.last.exit_code != 0
        return self.last if is_unfinished else None

    @property
    def is_free(self) -> bool:
        """Whether no roll-out was in progress when the record was last read."""
        last = self.last
        if last is None or last.exit_code is not None or last.expires <= self._clock():
            return True
        same_machine = last.holder.machine == self._holder.machine
        return same_machine and not self._is_running(last.holder.process)

    def check(self) -> None:
        """Raise BusyError if a roll-out is, or may be, in progress."""
        if self._is_unreadable:
            raise BusyError(
                "The artifacts bucket has a record of a roll-out that this version of deployer cannot read",
                next_step="Use the version that wrote it. If no roll-out is in progress, add --break-lock.",
            )
        if self.last is not None and not self.is_free:
            holder, expires = self.last.holder, _utc(self.last.expires)
            raise BusyError(
                f"`deployer {self.last.command}` is in progress. {holder.owner} started it at {_utc(self.last.started)}"
                f" on {holder.machine.partition('/')[0]}, process {holder.process}",
                next_step=f"Wait until it ends. If it was killed, retry after {expires}, or add --break-lock.",
            )

    def take(self, record: LockRecord) -> bool:
        """Take the lock, even from another process; False if the bucket does not exist yet. See `check`."""
        if self._held is not None:
            return True
        try:
            now = self._clock()
            self._write(replace(record, holder=self._holder, started=now, expires=now + LEASE))
        except NotFoundError:
            return False
        except RecordChangedError as error:
            raise BusyError(
                "Another roll-out started or ended after this plan was made. Nothing was changed",
                next_step="Run the same command again to plan from the current state.",
            ) from error
        return True

    def renew(self) -> None:
        """Renew the lock when it is time; raises BusyError if another process took it."""
        held, now = self._held, self._clock()
        if held is None or now < held.expires - LEASE + RENEWAL:
            return
        try:
            self._write(replace(held, expires=now + LEASE))
        except RecordChangedError as error:
            raise BusyError(
                "Another roll-out took the lock over, so this one was stopped",
                next_step="Run the same command again when the other one has ended.",
            ) from error
        except NotFoundError:  # `destroy` has removed the bucket, and the lock with it
            self._held = None
        except ServiceError:
            if now >= held.expires:
                raise

    def release(self, exit_code: int) -> None:
        """Record how it ended. If that cannot be written, the lock lasts until it expires."""
        if self._held is None:
            return
        try:
            self._write(replace(self._held, exit_code=exit_code))
        except DeployerError:
            pass
        finally:
            self._held = None

    def _write(self, record: LockRecord) -> None:
        data = record.to_json()
        try:
            self._version = self._store.write(data, replaces=self._version)
        except RecordChangedError:  # our own write, if the answer was lost and the call repeated
            found = self._store.read()
            if found is None or found.data != data:
                raise
            self._version = found.version
        self._held = record
        self.was_taken = True


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

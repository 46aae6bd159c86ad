"""One roll-out at a time: a record in the artifacts bucket, replaced only by who has seen what was there before.

The record is read before the plan is made and replaced when the first change is made: whatever another roll-out did in
between makes that fail, so that nobody carries out a plan that is not true any more. It stays when a roll-out ends, to
say what it was for: `--resume` takes that up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from deployer.errors import BusyError, DeployerError, NotFoundError, ServiceError

LASTS = timedelta(minutes=10)
"""How long a lock holds that nobody renews: longer than any wait between two looks, clocks that differ included."""
RENEWED_AFTER = timedelta(minutes=1)
VERSION = 1


class LostRaceError(DeployerError):
    """Somebody else wrote the record first."""


class Versioned(NamedTuple):
    """What is stored, and what to name when replacing it."""

    data: bytes
    version: str


class Store(Protocol):
    """Where the record is."""

    def read(self) -> Versioned | None: ...

    def write(self, data: bytes, *, replaces: str | None) -> str:
        """Write unless somebody else did (LostRaceError); NotFoundError where there is no place to write to yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who rolls out, and where."""

    owner: str
    machine: str
    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A roll-out or removal that is under way, or the last one. Times are UTC."""

    command: str
    holder: Holder
    started: datetime
    expires: datetime
    ous: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    exit_code: int | None = None
    """None while it is under way, and for ever if it was killed."""

    def to_json(self) -> bytes:
        """As it is stored."""
        times = {"started": self.started.isoformat(), "expires": self.expires.isoformat()}
        return json.dumps({"version": VERSION, **asdict(self), **times}, indent=2).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Record:
        """Raises ValueError for what another version of deployer wrote, or a person."""
        try:
            return cls._from_document(json.loads(data))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no record of a roll-out: {error}") from error

    @classmethod
    def _from_document(cls, said: dict[str, Any]) -> Record:
        if said.pop("version") != VERSION:
            raise ValueError("the record of another version")
        for key in ("started", "expires"):
            said[key] = datetime.fromisoformat(said[key])
        for key in ("ous", "accounts", "regions"):
            said[key] = tuple(said[key])
        return cls(**{**said, "holder": Holder(**said["holder"])})


class Lock:
    """The record as one command uses it. `is_at_work` says whether a process of this machine is there."""

    def __init__(
        self,
        store: Store,
        holder: Holder,
        *,
        is_at_work: Callable[[int], bool],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._holder = holder
        self._is_at_work = is_at_work
        self._clock = clock
        self._version: str | None = None
        self._held: Record | None = None
        self.last: Record | None = None
        self._is_strange = False
        """Whether there is a record that cannot be read, so that nobody knows who is at work."""

    def look(self) -> Record | None:
        """Read the record; what happens between this and `take` keeps the lock from being taken."""
        found = self._store.read()
        self._version = found.version if found else None
        try:
            self.last = Record.from_json(found.data) if found else None
            self._is_strange = False
        except ValueError:
            self.last, self._is_strange = None, True
        return self.last

    @property
    def is_free(self) -> bool:
        """Whether nobody is at work, as far as the last look told."""
        last = self.last
        if last is None or last.exit_code is not None or last.expires <= self._clock():
            return True
        same_machine = last.holder.machine == self._holder.machine
        return same_machine and not self._is_at_work(last.holder.process)

    def check(self) -> None:
        """Raise BusyError where somebody is at work, or may be."""
        if self._is_strange:
            raise BusyError(
                "The artifacts bucket has a record of a roll-out that this version of deployer cannot read",
                next_step="Use the version that wrote it; if none is at work, add --break-lock.",
            )
        if self.last is not None and not self.is_free:
            raise BusyError(
                f"{self.last.holder.owner} is at it: `deployer {self.last.command}`, begun {_told(self.last.started)}"
                f" on {self.last.holder.machine.partition('/')[0]}, process {self.last.holder.process}",
                next_step=f"Wait for it. If it is dead, go on after {_told(self.last.expires)}, or add --break-lock.",
            )

    def take(self, wanted: Record) -> bool:
        """Take the lock, whoever has it; False while there is no place for it. See `check`."""
        if self._held is not None:
            return True
        try:
            self._write(replace(wanted, holder=self._holder, **self._times()))
        except NotFoundError:
            return False
        except LostRaceError as error:
            raise BusyError(
                "Another roll-out began or ended since this plan was made. Nothing was changed",
                next_step="Run the same command again: it plans anew.",
            ) from error
        return True

    def keep(self) -> None:
        """Renew the lock when it is time; raises BusyError when somebody broke it."""
        held, now = self._held, self._clock()
        if held is None or now < held.expires - LASTS + RENEWED_AFTER:
            return
        try:
            self._write(replace(held, expires=now + LASTS))
        except LostRaceError as error:
            raise BusyError(
                "The lock was broken by another roll-out, so this one stops here",
                next_step="Run the same command again when the other one is over.",
            ) from error
        except NotFoundError:  # `destroy` has removed the bucket, and the lock with it
            self._held = None
        except ServiceError:
            if now >= held.expires:
                raise

    def release(self, exit_code: int) -> None:
        """Say how it ended. What keeps that from being written only makes the lock last until it expires."""
        if self._held is None:
            return
        try:
            self._write(replace(self._held, exit_code=exit_code))
        except DeployerError:
            pass
        finally:
            self._held = None

    def _write(self, record: Record) -> None:
        data = record.to_json()
        try:
            self._version = self._store.write(data, replaces=self._version)
        except LostRaceError:  # against ourselves, where the answer was lost and the call repeated
            found = self._store.read()
            if found is None or found.data != data:
                raise
            self._version = found.version
        self._held = record

    def _times(self) -> dict[str, Any]:
        now = self._clock()
        return {"started": now, "expires": now + LASTS}


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

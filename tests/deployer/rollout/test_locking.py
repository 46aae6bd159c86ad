"""One roll-out at a time: with concurrent runs, killed processes, and lost responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deployer.errors import BusyError, NotFoundError, ServiceError
from deployer.rollout.locking import LEASE, Holder, Lock, LockRecord, RecordChangedError, Versioned

BEGIN = datetime(2026, 11, 23, 9, tzinfo=UTC)
RECORD = LockRecord(command="rollout", holder=Holder(owner="", machine="", process=0), started=BEGIN, expires=BEGIN)


class Bucket:
    """An object with conditional writes as in S3; `troubles` are raised by the next writes."""

    def __init__(self) -> None:
        self.object: Versioned | None = None
        self.is_there = True
        self.answers_lost = 0
        self.is_down = False
        self.writes = 0

    def read(self) -> Versioned | None:
        return self.object

    def write(self, data: bytes, *, replaces: str | None) -> str:
        if not self.is_there:
            raise NotFoundError("no bucket")
        if self.is_down:
            raise ServiceError("S3 is down")
        if (self.object.version if self.object else None) != replaces:
            raise RecordChangedError("412")
        self.writes += 1
        self.object = Versioned(data, str(self.writes))
        if self.answers_lost:
            self.answers_lost -= 1
            return self.write(data, replaces=replaces)  # as botocore repeats a call whose answer was lost
        return self.object.version


class World:
    """A bucket, a clock and processes."""

    def __init__(self) -> None:
        self.bucket = Bucket()
        self.now = BEGIN
        self.alive = {1, 2, 3}

    def lock(self, process: int = 1, machine: str = "m") -> Lock:
        lock = Lock(
            self.bucket,
            Holder(owner=f"arn:aws:iam::2:user/u{process}", machine=machine, process=process),
            is_running=lambda other: other in self.alive and other != process,
            clock=lambda: self.now,
        )
        lock.read()
        return lock


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_gets_the_lock_and_the_second_an_error_with_its_owner_and_start(world: World) -> None:
    assert world.lock(1).take(RECORD)
    with pytest.raises(
        BusyError, match=r"`deployer rollout` is in progress\. \S*user/u1 started it at 2026-11-23 09:00:00 UTC"
    ):
        world.lock(2).check()


def test_only_one_of_two_that_saw_the_lock_free_gets_it(world: World) -> None:
    one, other = world.lock(1), world.lock(2)
    assert one.take(RECORD)
    with pytest.raises(BusyError, match="after this plan was made"):
        other.take(RECORD)


def test_a_plan_made_before_another_roll_out_is_not_carried_out(world: World) -> None:
    stale = world.lock(2)
    quick = world.lock(1)
    quick.take(RECORD)
    quick.release(0)
    stale.check()
    with pytest.raises(BusyError, match="after this plan was made"):
        stale.take(RECORD)


@pytest.mark.parametrize(
    ("change", "is_free"),
    [
        pytest.param(lambda world: world.alive.discard(1), True, id="its process is dead"),
        pytest.param(lambda world: None, False, id="its process is alive"),
        pytest.param(lambda world: setattr(world, "now", BEGIN + LEASE), True, id="it was not renewed"),
    ],
)
def test_whether_the_lock_of_a_killed_roll_out_is_free(
    world: World, change: Callable[[World], None], is_free: bool
) -> None:
    world.lock(1).take(RECORD)
    change(world)
    assert world.lock(2).is_free is is_free


def test_a_dead_process_on_another_machine_is_detected_only_by_expiry(world: World) -> None:
    world.lock(1, "there").take(RECORD)
    world.alive.clear()
    assert not world.lock(2, "here").is_free
    world.now += LEASE
    assert world.lock(2, "here").is_free


def test_the_lock_is_renewed_periodically_and_does_not_expire(world: World) -> None:
    lock = world.lock(1)
    lock.take(RECORD)
    for _ in range(120):
        world.now += timedelta(seconds=10)
        lock.renew()
        assert not world.lock(2).is_free
    assert 15 < world.bucket.writes < 25


def test_a_broken_lock_stops_its_former_holder(world: World) -> None:
    lock = world.lock(1)
    lock.take(RECORD)
    world.lock(2).take(RECORD)
    world.now += timedelta(minutes=2)
    with pytest.raises(BusyError, match="took the lock over"):
        lock.renew()


def test_s3_may_be_unavailable_until_the_lock_expires(world: World) -> None:
    lock = world.lock(1)
    lock.take(RECORD)
    world.bucket.is_down = True
    world.now += LEASE - timedelta(seconds=1)
    lock.renew()
    world.now += timedelta(seconds=1)
    with pytest.raises(ServiceError):
        lock.renew()


def test_a_lost_response_is_not_mistaken_for_another_holder(world: World) -> None:
    world.bucket.answers_lost = 1
    lock = world.lock(1)
    assert lock.take(RECORD)
    lock.release(0)
    assert (last := world.lock(2).last) is not None
    assert last.exit_code == 0


def test_without_a_bucket_there_is_no_lock_to_acquire_or_release(world: World) -> None:
    lock = world.lock(1)
    world.bucket.is_there = False
    assert not lock.take(RECORD)
    world.bucket.is_there = True
    assert lock.take(RECORD)
    world.bucket.is_there = False
    world.now += timedelta(minutes=5)
    lock.renew()
    lock.release(0)


@pytest.mark.parametrize("data", [b"{}", b"[]", b"\xff", b'{"version": 2}', b'{"version": 1, "started": 1}'])
def test_an_unreadable_record_counts_as_locked_until_it_is_broken(world: World, data: bytes) -> None:
    world.bucket.object = Versioned(data, "of a later version")
    lock = world.lock(1)
    with pytest.raises(BusyError, match="this version of deployer cannot read") as caught:
        lock.check()
    assert "--break-lock" in (caught.value.next_step or "")
    assert lock.take(RECORD)
    world.lock(1).check()


def test_the_record_has_the_command_and_its_scope() -> None:
    record = replace(RECORD, ous=("Workloads",), accounts=("1",), regions=("eu-west-1",), exit_code=4)
    assert LockRecord.from_json(record.to_json()) == record

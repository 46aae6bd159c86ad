from __future__ import annotations

import threading
import time

import pytest

from aws_org_sandbox.background import Scheduler

LONG = 30.0
"""Seconds that nothing takes, not even on a busy machine."""


@pytest.fixture
def scheduler() -> Scheduler:
    scheduler = Scheduler()
    scheduler.time_scale = 0.01
    return scheduler


def test_settling_waits_for_tasks_that_other_tasks_start(scheduler: Scheduler) -> None:
    done: list[str] = []

    def first() -> None:
        done.append("first")
        scheduler.submit(second, delay=5.0)

    def second() -> None:
        done.append("second")

    scheduler.submit(first)
    scheduler.settle(LONG)
    assert done == ["first", "second"]
    assert scheduler.pending == 0


def test_tasks_run_concurrently(scheduler: Scheduler) -> None:
    barrier = threading.Barrier(8, timeout=LONG)
    for _ in range(8):
        scheduler.submit(barrier.wait)
    scheduler.settle(LONG)
    assert not scheduler.failures


def test_delays_are_scaled_and_nothing_runs_before_its_time(scheduler: Scheduler) -> None:
    late: list[bool] = []

    def run(due: float) -> None:
        late.append(time.monotonic() >= due)

    for seconds in (6, 2, 4):
        scheduler.submit(run, time.monotonic() + seconds * scheduler.time_scale, delay=seconds)
    scheduler.settle(LONG)
    scheduler.submit(run, 0.0, delay=2 * LONG)  # which would take too long if it were not scaled
    scheduler.settle(LONG)
    assert late == [True] * 4


def test_held_tasks_wait_and_running_tasks_continue(scheduler: Scheduler) -> None:
    begun, released, done = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        begun.set()
        released.wait(LONG)
        done.append("first")

    scheduler.submit(first)
    assert begun.wait(LONG)
    with scheduler.held():
        scheduler.submit(done.append, "second")
        released.set()
        while scheduler.pending > 1:
            time.sleep(0.01)
        assert done == ["first"]
    scheduler.settle(LONG)
    assert done == ["first", "second"]


def test_held_work_stays_held_after_a_nested_pause(scheduler: Scheduler) -> None:
    begun = threading.Event()
    with scheduler.held():
        with scheduler.paused():
            scheduler.submit(begun.set)
        assert not begun.wait(0.2)
    assert begun.wait(LONG)


def test_a_failed_task_is_recorded_and_others_continue(scheduler: Scheduler) -> None:
    done: list[str] = []
    scheduler.submit(int, "no number")
    scheduler.submit(done.append, "fine")
    scheduler.settle(LONG)
    assert done == ["fine"]
    assert [type(failure) for failure in scheduler.failures] == [ValueError]


def test_settling_reports_unfinished_tasks(scheduler: Scheduler) -> None:
    scheduler.submit(print, delay=1000.0)
    with pytest.raises(TimeoutError, match="print"):
        scheduler.settle(0.05)


def test_a_reset_drops_waiting_tasks_and_refuses_new_tasks_of_running_ones(scheduler: Scheduler) -> None:
    begun, done = threading.Event(), list[str]()

    def long() -> None:
        begun.set()
        while scheduler.pending > 1:  # until the reset has dropped the waiting tasks
            time.sleep(0.01)
        scheduler.submit(done.append, "after the reset")

    scheduler.submit(done.append, "too late", delay=100_000.0)
    scheduler.submit(long)
    assert begun.wait(LONG)
    scheduler.reset(LONG)
    scheduler.settle(LONG)
    assert done == []

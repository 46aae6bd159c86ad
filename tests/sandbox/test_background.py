from __future__ import annotations

import threading
import time

import pytest

from deployer.sandbox.background import Scheduler


@pytest.fixture
def scheduler() -> Scheduler:
    scheduler = Scheduler()
    scheduler.time_scale = 0.01
    return scheduler


def test_settling_waits_for_what_tasks_set_off(scheduler: Scheduler) -> None:
    done: list[str] = []

    def first() -> None:
        time.sleep(0.02)
        scheduler.submit(second, delay=5.0)
        done.append("first")

    def second() -> None:
        done.append("second")

    scheduler.submit(first)
    scheduler.settle(2.0)
    assert done == ["first", "second"]
    assert scheduler.pending == 0


def test_tasks_run_side_by_side(scheduler: Scheduler) -> None:
    barrier = threading.Barrier(8, timeout=2.0)
    for _ in range(8):
        scheduler.submit(barrier.wait)
    scheduler.settle(2.0)
    assert not scheduler.failures


def test_delays_are_scaled_and_keep_their_order(scheduler: Scheduler) -> None:
    order: list[int] = []
    begun = time.monotonic()
    for seconds in (6, 2, 4):
        scheduler.submit(order.append, seconds, delay=seconds)
    scheduler.settle(2.0)
    assert order == [2, 4, 6]
    assert 0.06 <= time.monotonic() - begun < 1.0


def test_a_task_that_fails_is_kept_and_others_go_on(scheduler: Scheduler) -> None:
    done: list[str] = []
    scheduler.submit(int, "no number")
    scheduler.submit(done.append, "fine")
    scheduler.settle(2.0)
    assert done == ["fine"]
    assert [type(failure) for failure in scheduler.failures] == [ValueError]


def test_settling_says_what_is_left(scheduler: Scheduler) -> None:
    scheduler.submit(print, delay=1000.0)
    with pytest.raises(TimeoutError, match="print"):
        scheduler.settle(0.05)


def test_a_reset_forgets_what_waits_and_refuses_what_comes_of_what_runs(scheduler: Scheduler) -> None:
    done: list[str] = []

    def long() -> None:
        time.sleep(0.1)
        scheduler.submit(done.append, "after the reset")

    scheduler.submit(long)
    scheduler.submit(done.append, "too late", delay=1000.0)
    time.sleep(0.02)
    scheduler.reset()
    scheduler.settle(2.0)
    assert done == []

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest

from handler.concurrency import CachedValue, SingleFlight, run_in_parallel

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_concurrent_readers_cause_one_load() -> None:
    loads: list[int] = []
    may_end = Event()

    def load() -> CachedValue[str]:
        loads.append(1)
        may_end.wait(timeout=60)
        return CachedValue("value", NOW + timedelta(minutes=5))

    cache = SingleFlight[str, str](clock=Clock())
    values: list[str] = []
    threads = [Thread(target=lambda: values.append(cache.get("key", load))) for _ in range(20)]
    for thread in threads:
        thread.start()
    waiting = cache.start("key", load)
    may_end.set()
    for thread in threads:
        thread.join()
    assert [*values, waiting()] == ["value"] * 21
    assert len(loads) == 1


def test_a_value_is_loaded_again_when_it_is_no_longer_fresh() -> None:
    clock = Clock()
    cache = SingleFlight[str, datetime](clock=clock)

    def load() -> CachedValue[datetime]:
        return CachedValue(clock.now, clock.now + timedelta(minutes=5))

    assert cache.get("key", load) == NOW
    clock.now += timedelta(minutes=4)
    assert cache.get("key", load) == NOW
    clock.now += timedelta(minutes=1)
    assert cache.get("key", load) == NOW + timedelta(minutes=5)
    cache.forget("key")
    clock.now += timedelta(minutes=1)
    assert cache.get("key", load) == NOW + timedelta(minutes=6)


def test_an_error_is_raised_and_not_cached() -> None:
    cache = SingleFlight[str, int](clock=Clock())

    def fail() -> CachedValue[int]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.get("key", fail)
    with pytest.raises(ValueError, match="no"):
        cache.start("key", fail)()
    assert cache.get("key", lambda: CachedValue(1, NOW + timedelta(minutes=1))) == 1


def test_the_oldest_values_are_evicted() -> None:
    cache = SingleFlight[int, int](clock=Clock(), max_size=2)
    later = NOW + timedelta(minutes=1)
    for key in range(3):
        assert cache.get(key, lambda key=key: CachedValue(key, later)) == key  # type: ignore[misc]
    assert cache.get(0, lambda: CachedValue(100, later)) == 100
    assert cache.get(2, lambda: CachedValue(100, later)) == 2


def test_parallel_calls_all_run_and_return_all_errors_in_order() -> None:
    done: list[str] = []

    def fail(text: str) -> None:
        raise ValueError(text)

    errors = run_in_parallel([lambda: fail("first"), lambda: done.append("second"), lambda: fail("third")])
    assert [str(error) for error in errors] == ["first", "third"]
    assert done == ["second"]
    assert run_in_parallel([]) == []


def test_parallel_calls_do_not_wait_for_each_other() -> None:
    one, two = Event(), Event()

    def first() -> None:
        one.set()
        assert two.wait(timeout=60)

    def second() -> None:
        two.set()
        assert one.wait(timeout=60)

    assert run_in_parallel([first, second]) == []

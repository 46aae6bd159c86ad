"""Tests with the same initial state: it is prepared once, and each test changes its own copy."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from aws_org_sandbox import background
from aws_org_sandbox.copies import in_copy
from aws_org_sandbox.sandbox import Sandbox

PREPARED: list[str] = []


def create_a_repository(sandbox: Sandbox) -> None:
    sandbox.client("ecr").create_repository(repositoryName="team-a/api")
    PREPARED.append("once")


pytestmark = pytest.mark.begins_with(prepare=create_a_repository)


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_has_its_own_copy_of_the_state(sandbox: Sandbox, number: int) -> None:
    assert PREPARED == ["once"]
    ecr = sandbox.client("ecr")
    assert [found["repositoryName"] for found in ecr.describe_repositories()["repositories"]] == ["team-a/api"]
    ecr.delete_repository(repositoryName="team-a/api")
    assert ecr.describe_repositories()["repositories"] == []


@pytest.mark.xfail(strict=True, raises=AssertionError)
def test_a_failure_in_a_copy_fails_the_test(sandbox: Sandbox) -> None:
    assert sandbox.client("ecr").describe_repositories()["repositories"] == []


def test_a_copy_does_not_wait_for_a_lock_that_another_thread_held_when_it_was_created(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork, forked = os.fork, threading.Event()

    def fork_while_locked() -> int:
        locked = threading.Event()

        def lock() -> None:
            with background.scheduler._changed:
                locked.set()
                forked.wait()

        threading.Thread(target=lock).start()
        locked.wait()
        child = fork()
        if child == 0:
            signal.alarm(30)  # a copy that waits for the lock ends
        forked.set()
        return child

    monkeypatch.setattr(os, "fork", fork_while_locked)
    assert in_copy(sandbox, lambda: "done") == "done"

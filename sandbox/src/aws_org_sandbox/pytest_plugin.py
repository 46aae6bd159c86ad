"""Fixtures for pytest: `-p aws_org_sandbox.pytest_plugin` gives tests a `sandbox`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aws_org_sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """The one sandbox of this process; tests that share state among themselves build on it."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A sandbox as after its start; a test that leaves a defect of the sandbox behind fails."""
    running_sandbox.reset()
    yield running_sandbox
    check(running_sandbox)


def check(sandbox: Sandbox) -> None:
    """Fail if anything went wrong inside the sandbox itself."""
    sandbox.faults.clear()
    defects = sandbox.defects
    assert not defects, f"the sandbox failed on the inside: {defects}"

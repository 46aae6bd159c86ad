"""Fixtures that every test may use: a local AWS with the example organization, as after its start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def _running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A sandbox as after its start; a test that makes it fail on the inside fails itself."""
    _running_sandbox.reset()
    yield _running_sandbox
    _running_sandbox.faults.clear()
    defects = _running_sandbox.defects
    assert not defects, f"the sandbox failed on the inside: {defects}"

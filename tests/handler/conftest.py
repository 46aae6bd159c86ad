"""Fixtures for the handler in the sandbox."""

from __future__ import annotations

import pytest

from aws_org_sandbox.functions import pool
from aws_org_sandbox.sandbox import Sandbox
from tests.handler.installation import Installed, install, shared_installation
from tests.handler.paths import PathRecorder


@pytest.fixture
def installed(request: pytest.FixtureRequest, sandbox: Sandbox) -> Installed:
    """A sandbox with the handler's zip deployed in the central account."""
    if request.node.get_closest_marker("begins_with"):
        return shared_installation()
    return install(sandbox)


@pytest.fixture
def path_recorder(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> PathRecorder:
    """The handler, for events on all paths."""
    return PathRecorder.prepare(installed, monkeypatch)


@pytest.fixture
def many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """More processes of the handler than usual: each mostly waits before it calls again."""
    monkeypatch.setattr(pool, "MAX_ENVIRONMENTS", 16)

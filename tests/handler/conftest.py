"""The handler in the sandbox, for tests that run it there."""

from __future__ import annotations

import pytest

from aws_org_sandbox.sandbox import Sandbox
from tests.handler.installation import Installed, install, shared_installation
from tests.handler.paths import Scouting


@pytest.fixture
def installed(request: pytest.FixtureRequest, sandbox: Sandbox) -> Installed:
    """A sandbox in whose central account the handler's zip runs."""
    if request.node.get_closest_marker("begins_with"):
        return shared_installation()
    return install(sandbox)


@pytest.fixture
def scouting(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> Scouting:
    """The handler, to be sent on all ways that there are."""
    return Scouting.prepare(installed, monkeypatch)

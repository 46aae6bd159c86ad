"""Fixtures for the handler in the sandbox."""

from __future__ import annotations

import pytest

from aws_org_sandbox.sandbox import Sandbox
from tests.handler.installation import Installed, install, shared_installation


@pytest.fixture
def installed(request: pytest.FixtureRequest, sandbox: Sandbox) -> Installed:
    """A sandbox with the handler's zip deployed in the central account."""
    if request.node.get_closest_marker("begins_with"):
        return shared_installation()
    return install(sandbox)

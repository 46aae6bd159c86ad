"""The handler in the sandbox, for tests that run it there."""

from __future__ import annotations

import pytest

from deployer.sandbox.sandbox import Sandbox
from tests.handler.installation import Installed, install


@pytest.fixture
def installed(sandbox: Sandbox) -> Installed:
    """A sandbox in whose central account the handler's zip runs."""
    return install(sandbox)

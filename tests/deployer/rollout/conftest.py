"""Fixtures of what happens to roll-outs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.mortal import Mortals, mortals


@pytest.fixture(scope="session")
def mortal(running_sandbox: Sandbox) -> Iterator[Mortals]:
    """Runs the command line in processes that really die, as the administrator of the central account."""
    with mortals(running_sandbox.environment()) as run:
        yield run

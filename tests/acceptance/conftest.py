"""One sandbox with the organization of acceptance for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.lab import Lab
from acceptance.sandbox import ORGANIZATION, lab_in
from aws_org_sandbox.sandbox import Sandbox
from tests.example_organization import EXAMPLE


@pytest.fixture(scope="module")
def acceptance_sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """It is shared by the tests of a file: each checks that it leaves nothing behind."""
    running_sandbox.reset(ORGANIZATION)
    yield running_sandbox
    defects = running_sandbox.defects
    running_sandbox.reset(EXAMPLE)
    assert not defects, f"the sandbox failed on the inside: {defects}"


@pytest.fixture
def lab(acceptance_sandbox: Sandbox, tmp_path: Path) -> Iterator[Lab]:
    with lab_in(acceptance_sandbox, tmp_path) as lab:
        yield lab

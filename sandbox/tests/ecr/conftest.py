"""Fixtures for tests of ECR's API."""

from __future__ import annotations

from typing import Any

import pytest

from aws_org_sandbox.sandbox import Sandbox


@pytest.fixture
def ecr(sandbox: Sandbox) -> Any:
    """The API of one account's registry."""
    return sandbox.client("ecr", account="300000000001")

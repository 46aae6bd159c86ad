"""Fixtures for templates: names, and the four templates."""

from __future__ import annotations

import pytest

from templates.names import Names
from tests.templates.reading import Templates, synthesize


@pytest.fixture(scope="session")
def names() -> Names:
    return Names(
        prefix="deployer",
        organization_id="o-exampleorg1",
        central_account="200000000001",
        central_region="eu-west-1",
    )


@pytest.fixture(scope="session")
def templates(names: Names) -> Templates:
    return synthesize(names)

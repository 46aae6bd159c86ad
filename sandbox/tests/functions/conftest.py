"""A function, and its URL."""

from __future__ import annotations

import pytest

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.functions.urls import OBEDIENT, admit, with_url
from sandbox.tests.tiny_functions import create_function


@pytest.fixture
def arn(sandbox: Sandbox) -> str:
    return create_function(sandbox, source=OBEDIENT)


@pytest.fixture
def url(sandbox: Sandbox, arn: str) -> str:
    """The URL of a function that admits the organization, through it alone."""
    address = with_url(sandbox, arn)
    admit(sandbox)
    return address

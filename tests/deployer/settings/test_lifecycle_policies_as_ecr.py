"""`validate` accepts and refuses the lifecycle policies that ECR accepts and refuses."""

from __future__ import annotations

import json

import pytest

from deployer.settings import policies
from sandbox.tests.ecr.test_lifecycle_policies import ACCEPTED, REFUSED


@pytest.mark.parametrize("text", ACCEPTED)
def test_policies_that_ecr_accepts(text: str) -> None:
    assert list(policies.check_lifecycle_policy(json.loads(text))) == []


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_policies_that_ecr_refuses(text: str, message: str) -> None:
    assert message
    assert list(policies.check_lifecycle_policy(json.loads(text))) != []

"""Tests with the same initial state: it is prepared once, and each test changes its own copy."""

from __future__ import annotations

import pytest

from aws_org_sandbox.sandbox import Sandbox

PREPARED: list[str] = []


def make_a_repository(sandbox: Sandbox) -> None:
    sandbox.client("ecr").create_repository(repositoryName="team-a/api")
    PREPARED.append("once")


pytestmark = pytest.mark.begins_with(prepare=make_a_repository)


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_has_the_state_for_itself(sandbox: Sandbox, number: int) -> None:
    assert PREPARED == ["once"]
    ecr = sandbox.client("ecr")
    assert [found["repositoryName"] for found in ecr.describe_repositories()["repositories"]] == ["team-a/api"]
    ecr.delete_repository(repositoryName="team-a/api")
    assert ecr.describe_repositories()["repositories"] == []


@pytest.mark.xfail(strict=True, raises=AssertionError)
def test_a_failure_in_a_copy_is_a_failure(sandbox: Sandbox) -> None:
    assert sandbox.client("ecr").describe_repositories()["repositories"] == []

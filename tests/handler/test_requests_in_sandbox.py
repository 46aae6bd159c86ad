"""Requests in the sandbox: the real zip with the roles of the templates, IAM enforced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.sandbox import Sandbox
from tests.handler.http_requests import answered, body, http, outcomes
from tests.handler.installation import ACCOUNT, CONFIG, Installed, install

CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci-build/build-4711"


@pytest.fixture
def answering(sandbox: Sandbox, tmp_path: Path) -> Installed:
    """A handler with a function URL; Prod has a rule on principals that names a path."""
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    organization, prod = config / "organization.yaml", config / "ous" / "workloads" / "prod.yaml"
    if "ensure:" not in organization.read_text():
        organization.write_text(organization.read_text() + "\nensure: {url: true}\n")
    rules = '  principals:\n    allow: ["arn:aws:iam::*:role/ci/*"]\n  limit:'
    assert prod.read_text().count("  limit:") == 1
    prod.write_text(prod.read_text().replace("  limit:", rules))
    installed = install(sandbox, config=config)
    iam = sandbox.client("iam", account=ACCOUNT)
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    iam.create_role(RoleName="ci-build", Path="/ci/", AssumeRolePolicyDocument=trust)
    iam.create_role(RoleName="developer", AssumeRolePolicyDocument=trust)
    sandbox.calls.clear()
    return installed


def ask(installed: Installed, *repositories: str, role: str = "ci-build", **changes: Any) -> dict[str, Any]:
    """Have the function answer a request, as its URL would."""
    iam = {"userArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session"}
    event = http(body(*repositories, **changes), iam=iam)
    answer = installed.sandbox.client("lambda").invoke(
        FunctionName=installed.synthesis.names.function, Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    response: dict[str, Any] = json.loads(answer["Payload"].read())
    return response


def found(installed: Installed) -> Sequence[tuple[str, str, str | None]]:
    return sorted((record.repository or "", record.outcome, record.via) for record in installed.records())


def test_requests_create_find_and_refuse_and_each_is_recorded_once(answering: Installed) -> None:
    assert outcomes(ask(answering, "team-a/api", "team-a/web")) == [("created", "created")] * 2
    answering.sandbox.settle(60)
    for name in ("team-a/api", "team-a/web"):
        repository = answering.repository(name)
        assert repository is not None
        assert repository["lifecycle"]
        assert repository["policy"]
    assert outcomes(ask(answering, "team-a/api")) == [("exists", "already-exists")]
    assert outcomes(ask(answering, "team-a/tmp-1")) == [("refused", "name-denied")]
    assert outcomes(ask(answering, "team-a/lib", role="developer")) == [("refused", "principal-not-allowed")]
    assert answered(ask(answering, "team-a/lib", account="400000000001"))[0] == 403
    assert found(answering) == [
        ("team-a/api", "created", "request"),
        ("team-a/api", "exists", "request"),
        ("team-a/lib", "refused", "request"),
        ("team-a/tmp-1", "refused", "request"),
        ("team-a/web", "created", "request"),
    ]
    assert not answering.failures()

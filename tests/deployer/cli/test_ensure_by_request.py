"""`deployer ensure` with the handler's function URL, in an organization that is rolled out.

The sandbox holds all background work back, so no event can have been delivered when a request has its answer.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from tests.conftest import CONFIG
from tests.deployer.command_line import Deployer
from tests.deployer.ensuring import CENTRAL, HOST, SHOP, Ensure, new, repositories
from tests.deployer.examples import changed
from tests.function_urls import handler_url
from tests.principals import environment, role

FALLBACK = "The function URL is not used: "
UNKNOWN = f"https://{'a' * 32}.lambda-url.eu-west-1.on.aws/"
"""The URL of no function."""


@pytest.fixture(scope="module")
def url(rolled_out: Sandbox) -> str:
    return handler_url(rolled_out)


@pytest.fixture
def ensure(ensure: Ensure, url: str) -> Ensure:
    """The command with DEPLOYER_URL, unless a test passes another."""

    def call(*arguments: str, variables: Mapping[str, str] | None = None, **options: str) -> tuple[int, str, str]:
        return ensure(*arguments, variables={"DEPLOYER_URL": url, **(variables or {})}, **options)

    return call


def records(sandbox: Sandbox, name: str) -> list[tuple[str, str]]:
    """Outcome and way of each record of a repository."""
    answer = sandbox.client("dynamodb").query(
        TableName="deployer-ledger",
        IndexName="by-repository",
        KeyConditionExpression="repository = :name",
        ExpressionAttributeValues={":name": {"S": name}},
    )
    return [(item["outcome"]["S"], item.get("via", {"S": ""})["S"]) for item in answer["Items"]]


def push_calls(sandbox: Sandbox) -> list[str]:
    """The first calls of a push, which cause events."""
    calls = (call.operation for call in sandbox.calls)
    return [operation for operation in calls if operation in {"InitiateLayerUpload", "BatchCheckLayerAvailability"}]


def test_the_response_arrives_without_any_event(ensure: Ensure, rolled_out: Sandbox) -> None:
    (created, first), (elsewhere, second) = new(), new(host_of(SHOP, "us-east-1"))
    refused, third = new(team="not-a-team")
    rolled_out.calls.clear()
    with rolled_out.held():
        code, out, err = ensure(first, second)
        assert (code, err) == (0, "")
        assert [line.partition(": exists after ")[0] for line in out.splitlines()] == [
            f"{created} ({SHOP}, eu-west-1)",
            f"{elsewhere} ({SHOP}, us-east-1)",
        ]
        assert created in repositories(rolled_out)
        assert elsewhere in repositories(rolled_out, region="us-east-1")
        code, out, err = ensure(first, third)
        assert code == 19
        assert out == f"{created} ({SHOP}, eu-west-1): exists already\n"
        assert f"{refused} ({SHOP}, eu-west-1): refused\n" in err
        said = " ".join(err.split())
        assert "[name-not-allowed]" in said
        assert "Rule: create.names.allow" in said
        command = err[err.index("    deployer explain ") :].replace("\\\n", "")
        assert shlex.split(command)[:7] == [
            "deployer",
            "explain",
            SHOP,
            refused,
            "--region",
            "eu-west-1",
            "--principal",
        ]
        assert records(rolled_out, refused) == [("refused", "request")]
        code, out, _ = ensure(third, "--json")
        [document] = json.loads(out)
        assert code == 19
        assert (document["outcome"], document["reason"]) == ("refused", "name-not-allowed")
        assert document["rule"]
        assert document["next_step"]
    rolled_out.settle()
    assert push_calls(rolled_out) == []
    assert ("created", "request") in records(rolled_out, created)


def test_rollout_and_status_print_the_url(rolled_out: Sandbox, url: str, tmp_path: Path) -> None:
    deployer = Deployer(rolled_out, config=CONFIG)

    def printed(*arguments: str) -> str:
        ran = deployer(*arguments)
        assert ran.exit_code == 0, ran
        return ran.out

    assert json.loads(printed("status", "--json"))["url"] == url
    assert f"function URL of the handler:\n    {url}\n" in printed("status")
    shown = printed("rollout", "--org", "--yes")
    assert f"Function URL:\n{url}\nSet DEPLOYER_URL to it" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "It can also be ensure.url in organization.yaml" in " ".join(shown.split())
    assert json.loads(printed("rollout", "--org", "--yes", "--json"))["url"] == url

    deployer.config = changed(tmp_path, "organization.yaml", "url: true", f"url: {UNKNOWN}", of=CONFIG)
    assert f"is {UNKNOWN}, but the handler's function URL is {url}:" in " ".join(printed("plan").split())
    assert json.loads(printed("plan", "--json"))["urls"] == {"configured": UNKNOWN, "current": url}
    changed(tmp_path, "organization.yaml", f"url: {UNKNOWN}", f"url: {url}")
    assert "wrong address" not in printed("plan")


def test_the_url_comes_from_the_option_or_the_environment_or_the_config_files(
    ensure: Ensure, rolled_out: Sandbox, url: str, tmp_path: Path
) -> None:
    by_url = str(changed(tmp_path / "named", "organization.yaml", "url: true", f"url: {url}"))
    by_unknown = str(changed(tmp_path / "unknown", "organization.yaml", "url: true", f"url: {UNKNOWN}"))

    def fallbacks(*arguments: str, variable: str = "") -> int:
        code, _, err = ensure(new()[1], *arguments, variables={"DEPLOYER_URL": variable})
        assert code == 0, err
        return err.count(f"{FALLBACK}it answered 403")

    with rolled_out.held():
        assert fallbacks("--config", by_url) == 0
        assert fallbacks("--config", by_unknown, variable=url) == 0
        assert fallbacks("--config", by_unknown, "--url", url, variable=UNKNOWN) == 0
        changed(tmp_path, "organization.yaml", "url: true", f"url: {url}")
        assert fallbacks() == 0
    assert fallbacks("--config", by_unknown) == 1
    assert fallbacks("--config", by_url, variable=UNKNOWN) == 1
    assert fallbacks("--config", by_url, "--url", UNKNOWN, variable=url) == 1
    (tmp_path / "config" / "organization.yaml").write_text("name: our company\n", encoding="utf-8")
    assert ensure(new()[1], variables={"DEPLOYER_URL": ""})[0] == 0


def test_another_account_s_registry_uses_the_event_lane(ensure: Ensure, rolled_out: Sandbox) -> None:
    (foreign, first), (own, second) = new(), new(host_of(CENTRAL, "eu-west-1"))
    code, out, err = ensure(first, second, account=CENTRAL)
    assert code == 0, err
    assert f"{foreign} ({SHOP}, eu-west-1): exists after" in out
    [line] = [line for line in err.splitlines() if line.startswith(FALLBACK)]
    assert "requests are for the caller's own account" in line
    rolled_out.settle()
    assert ("created", "") in records(rolled_out, foreign)
    assert ("created", "request") in records(rolled_out, own)


def test_a_caller_without_the_permission_uses_the_event_lane(ensure: Ensure, rolled_out: Sandbox) -> None:
    allowed = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
    pusher = role(rolled_out, SHOP, {"Version": "2012-10-17", "Statement": [allowed]})
    name, image = new()
    code, _, err = ensure(image, variables=environment(rolled_out, pusher))
    assert code == 0, err
    [line] = [line for line in err.splitlines() if line.startswith(FALLBACK)]
    assert "it answered 403" in line
    assert "`deployer ensure --policy` prints the permissions" in line
    rolled_out.settle()
    assert ("created", "") in records(rolled_out, name)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        pytest.param({"DEPLOYER_URL": UNKNOWN}, "it answered 403", id="of a missing function"),
        pytest.param(
            {"HTTPS_PROXY": "http://127.0.0.1:9"}, "it is not reachable within 3 s: ", id="behind a proxy that is down"
        ),
    ],
)
def test_a_url_that_does_not_respond(
    ensure: Ensure, rolled_out: Sandbox, variables: Mapping[str, str], reason: str
) -> None:
    name, image = new()
    code, _, err = ensure(image, variables=variables)
    assert code == 0, err
    assert err.startswith(f"{FALLBACK}{reason}"), err
    assert name in repositories(rolled_out)


def test_a_network_without_access_to_the_url(
    ensure: Ensure, monkeypatch: pytest.MonkeyPatch, rolled_out: Sandbox
) -> None:
    """Without a proxy, the URL's host is unreachable; the sandbox itself is on loopback."""
    requested: list[Any] = []

    def refuse(address: Any, *arguments: Any, **options: Any) -> Any:
        requested.append(address)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", refuse)
    name, image = new()
    code, _, err = ensure(image, variables={"NO_PROXY": ".on.aws"})
    assert code == 0, err
    assert err.startswith(f"{FALLBACK}it is not reachable within 3 s. ")
    assert [host for host, port in requested if port == 443 and host.endswith(".lambda-url.eu-west-1.on.aws")]
    assert name in repositories(rolled_out)


def test_nothing_is_sent_to_a_host_that_is_not_a_function_url(ensure: Ensure, rolled_out: Sandbox) -> None:
    rolled_out.calls.clear()
    code, out, err = ensure(new()[1], "--url", "https://lambda-url.example.com/")
    assert code == 3
    assert out == ""
    assert "https://lambda-url.example.com/ is not a function URL" in err
    assert list(rolled_out.calls) == []


def test_a_push_runs_only_if_the_handler_confirms_its_repositories(
    rolled_out: Sandbox, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The client is a stand-in that only records that it ran."""
    (tmp_path / "crane").write_text(f"#!/bin/sh\necho ran >> {tmp_path}/runs\n")
    (tmp_path / "crane").chmod(0o755)
    login = {"auths": {HOST: {"auth": "QVdTOnBhc3N3b3Jk"}}}
    (tmp_path / "config.json").write_text(json.dumps(login))
    variables = {"DEPLOYER_URL": url, "DOCKER_CONFIG": str(tmp_path), **rolled_out.environment(SHOP)}
    for name, value in {**variables, "PATH": f"{tmp_path}:{os.environ['PATH']}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with rolled_out.held():
        assert run(["push", "--retries", "0", "crane", "push", "image.tar", new(team="not-a-team")[1]]) == 19
        assert "[name-not-allowed]" in " ".join(capfd.readouterr().err.split())
        assert not (tmp_path / "runs").exists()
        name, image = new()
        monkeypatch.delenv("DEPLOYER_URL")
        config = str(changed(tmp_path / "files", "organization.yaml", "url: true", f"url: {url}"))
        assert run(["push", "--retries", "0", "--config", config, "crane", "push", "image.tar", image]) == 0
    assert (tmp_path / "runs").read_text() == "ran\n"
    assert name in repositories(rolled_out)
    rolled_out.settle()

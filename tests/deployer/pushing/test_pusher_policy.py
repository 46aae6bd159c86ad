"""The printed policy with IAM enforced: a role with exactly this policy can ensure and push, with one action less not.

In an account whose OU gives repositories no policy: one that lets the organization pull allows some of the actions too.
With the example's config files, `ensure` would leave the repositories of this OU to ECR.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from deployer.pushing.images import ImageReference, parse_image
from deployer.pushing.pusher_policy import PUSH_ACTIONS, PUSHERS, pusher_permissions, pusher_policy
from templates.permissions import policy_of
from tests.clocks import skipping
from tests.deployer.recorded_calls import disagreements, recording, unneeded
from tests.example_config import HANDLER_CONFIG
from tests.function_urls import handler_url
from tests.iam_simulate.url_calls import FUNCTION, function_policy
from tests.principals import environment, role

DEV = "400000000001"
HOST = host_of(DEV, "eu-west-1")
IMAGE = oci_images.build()


NEEDED = {
    "ecr:GetAuthorizationToken": "login",
    "ecr:InitiateLayerUpload": "ensure: exit code 6",
    "ecr:BatchCheckLayerAvailability": "ensure: exit code 6",
    "ecr:UploadLayerPart": "push",
    "ecr:CompleteLayerUpload": "push",
    "ecr:PutImage": "push",
}
"""Each action, and the step that is refused without it."""
REQUEST_ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")


class Denied(Exception):  # noqa: N818 - it reads as what happened
    """AWS or the registry refused; the message begins with the step."""


@pytest.fixture
def name() -> str:
    """The name of a new repository."""
    return f"team-shop/{uuid.uuid4().hex[:12]}"


def policy_for(name: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """The policy that the command prints for one image."""
    capsys.readouterr()
    assert run(["ensure", "--policy", f"{HOST}/{name}:1"]) == 0
    return json.loads(capsys.readouterr().out)


def ensure_and_push(sandbox: Sandbox, policy: Any, name: str) -> None:
    """All steps of a pipeline for a new repository, as a new role; raises Denied at the first refused step."""
    credentials = role(sandbox, DEV, policy)
    ensure(sandbox, credentials, name)
    push(sandbox, credentials, name)


def ensure(sandbox: Sandbox, credentials: Credentials, name: str) -> None:
    with patch.dict("os.environ", environment(sandbox, credentials)), _step("ensure"):
        command = ["ensure", "--timeout", "20", "--config", str(HANDLER_CONFIG), f"{HOST}/{name}:1"]
        code = run(command, clock=skipping(sandbox.settle))
        if code != 0:
            raise Denied(f"exit code {code}")


def push(sandbox: Sandbox, credentials: Credentials, name: str) -> None:
    with _step("login"):
        ecr = sandbox.client_with(credentials, "ecr", region="eu-west-1")
        client = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=HOST)
    with _step("push"):
        client.push(IMAGE, name, "1")


@contextmanager
def _step(step: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, Rejected, Denied) as refusal:
        raise Denied(f"{step}: {refusal}") from refusal


def without(policy: Any, action: str) -> Any:
    """The policy without one action."""
    statements = []
    for statement in policy["Statement"]:
        kept = [each for each in statement["Action"] if each != action]
        statements += [{**statement, "Action": kept}] if kept else []
    assert statements != policy["Statement"]
    return {**policy, "Statement": statements}


def test_the_policy_is_sufficient(rolled_out: Sandbox, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    ensure_and_push(rolled_out, policy_for(name, capsys), name)
    [image] = rolled_out.client("ecr", account=DEV).describe_images(repositoryName=name)["imageDetails"]
    assert image["imageTags"] == ["1"]


@pytest.mark.parametrize(("action", "step"), NEEDED.items(), ids=NEEDED)
def test_every_action_of_the_policy_is_necessary(
    rolled_out: Sandbox, name: str, capsys: pytest.CaptureFixture[str], action: str, step: str
) -> None:
    policy = without(policy_for(name, capsys), action)
    with pytest.raises(Denied, match=f"^{step}"):
        ensure_and_push(rolled_out, policy, name)


def test_the_policy_has_no_other_actions(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert NEEDED.keys() == {"ecr:GetAuthorizationToken", *PUSH_ACTIONS}
    statements = policy_for(name, capsys)["Statement"]
    actions = [action for one in statements for action in one["Action"]]
    assert sorted(actions) == sorted([*NEEDED, *REQUEST_ACTIONS])


@pytest.mark.parametrize("missing", [None, *REQUEST_ACTIONS])
def test_the_function_url_needs_both_of_its_actions(
    rolled_out: Sandbox,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: str | None,
) -> None:
    policy = policy_for(name, capsys)
    monkeypatch.setenv("DEPLOYER_URL", handler_url(rolled_out))
    ensure_and_push(rolled_out, without(policy, missing) if missing else policy, name)
    assert ("The function URL is not used: it answered 403" in capsys.readouterr().err) == (missing is not None)


def test_the_policy_of_ensure_is_sufficient_for_ensure_and_not_for_a_push(rolled_out: Sandbox, name: str) -> None:
    policy = policy_of(pusher_permissions("ensure", [_image(name)], function=None))
    with pytest.raises(Denied, match=r"^login"):
        ensure_and_push(rolled_out, policy, name)
    assert rolled_out.client("ecr", account=DEV).describe_repositories(repositoryNames=[name])["repositories"]


def test_an_independent_simulator_finds_both_policies_necessary_and_sufficient(
    rolled_out: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {command: [f"team-shop/{uuid.uuid4().hex[:12]}" for _ in "12"] for command in PUSHERS}
    policies = {
        command: pusher_permissions(command, [_image(name) for name in names[command]], function=FUNCTION)
        for command in PUSHERS
    }
    with recording("pusher-") as recorded:
        recorded.resource_policies["lambda", FUNCTION] = function_policy()
        for command, statements in policies.items():
            credentials = role(rolled_out, DEV, policy_of(statements), name=f"pusher-{command}")
            by_event, by_url = names[command]
            ensure(rolled_out, credentials, by_event)
            with monkeypatch.context() as patched:
                patched.setenv("DEPLOYER_URL", handler_url(rolled_out))
                ensure(rolled_out, credentials, by_url)
            if command == "push":
                push(rolled_out, credentials, by_event)
    assert {recorded.policy_name(request) for request in recorded.requests} == {*PUSHERS}
    assert [one for command in PUSHERS for one in unneeded(recorded, command, policies[command])] == []
    assert disagreements(recorded, policies) == []


def _image(name: str) -> ImageReference:
    image = parse_image(f"{HOST}/{name}:1")
    assert image is not None
    return image


def test_the_policy_allows_no_other_repository(
    rolled_out: Sandbox, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Denied, match=r"^ensure: exit code 6"):
        ensure_and_push(rolled_out, policy_for(name, capsys), f"{name}-2")


def test_the_policy_in_each_partition() -> None:
    hosts = ["300000000001.dkr.ecr.cn-north-1.amazonaws.com.cn", "300000000001.dkr-ecr-fips.us-gov-east-1.on.aws"]
    images = [image for host in hosts if (image := parse_image(f"{host}/api"))]
    assert pusher_policy(images, function=None)["Statement"][1]["Resource"] == [
        "arn:aws-cn:ecr:cn-north-1:300000000001:repository/api",
        "arn:aws-us-gov:ecr:us-gov-east-1:300000000001:repository/api",
    ]

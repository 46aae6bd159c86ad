"""Requests to the function URL in the sandbox: signed, over TLS, the real zip with the roles of the templates."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.signed_requests import Reply, post
from sandbox.tests.stacks import assume
from tests.handler.http_requests import body, http
from tests.handler.installation import ACCOUNT, CONFIG, Installed, install, push

OTHER_MEMBER = "400000000001"
CALLS = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]


@dataclass(frozen=True, slots=True)
class Answering:
    """A handler that has a URL, and roles of two members."""

    installed: Installed
    url: str
    pusher: Credentials
    developer: Credentials
    elsewhere: Credentials

    def ask(self, *repositories: str, keys: Credentials | None = None, **changes: Any) -> Reply:
        return post(self.installed.sandbox, self.url, keys or self.pusher, **body(*repositories, **changes))

    def outcomes(self, *repositories: str, keys: Credentials | None = None) -> list[tuple[str, str]]:
        reply = self.ask(*repositories, keys=keys)
        assert reply.status == 200, reply
        return [(result["outcome"], result["reason"]) for result in reply.json()["results"]]

    def records(self) -> list[tuple[str, str, str | None]]:
        return sorted((one.repository or "", one.outcome, one.via) for one in self.installed.records())


def session(sandbox: Sandbox, name: str, *, account: str = ACCOUNT) -> Credentials:
    """A session of a role whose own policy allows calling every function of every account."""
    allowed = {"Effect": "Allow", "Action": CALLS, "Resource": "*"}
    iam = sandbox.client("iam", account=account)
    if name not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
        root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [root]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="call", PolicyDocument=document)
    return assume(sandbox, iam.get_role(RoleName=name)["Role"]["Arn"], account=account)


@pytest.fixture
def answering(sandbox: Sandbox, tmp_path: Path) -> Answering:
    """A handler with a function URL; Prod has a rule on principals that names a path."""
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    prod = config / "ous" / "workloads" / "prod.yaml"
    rules = '  principals:\n    allow: ["arn:aws:iam::*:role/ci/*"]\n  limit:'
    assert prod.read_text().count("  limit:") == 1
    prod.write_text(prod.read_text().replace("  limit:", rules))
    installed = install(sandbox, config=config)
    names = installed.synthesis.names
    stack = sandbox.client("cloudformation").describe_stacks(StackName=names.central_stack)["Stacks"][0]
    (output,) = stack["Outputs"]
    return Answering(
        installed,
        output["OutputValue"],
        pusher=session(sandbox, "ci-build"),
        developer=session(sandbox, "developer"),
        elsewhere=session(sandbox, "ci-build", account=OTHER_MEMBER),
    )


def test_requests_create_find_and_refuse_and_each_is_recorded_once(answering: Answering) -> None:
    installed = answering.installed
    assert answering.outcomes("team-a/api", "team-a/web") == [("created", "created")] * 2
    installed.sandbox.settle(60)
    for name in ("team-a/api", "team-a/web"):
        repository = installed.repository(name)
        assert repository is not None
        assert repository["lifecycle"]
        assert repository["policy"]
    assert answering.outcomes("team-a/api") == [("exists", "already-exists")]
    assert answering.outcomes("team-a/tmp-1") == [("refused", "name-denied")]
    assert answering.outcomes("team-a/lib", keys=answering.developer) == [("refused", "principal-not-allowed")]
    for reply in (answering.ask("team-a/lib", keys=answering.elsewhere), answering.ask("a/b", account=OTHER_MEMBER)):
        assert (reply.status, reply.json()["error"]["code"]) == (403, "other-account")
    installed.sandbox.settle(60)
    assert answering.records() == [
        ("team-a/api", "created", "request"),
        ("team-a/api", "exists", "request"),
        ("team-a/lib", "refused", "request"),
        ("team-a/tmp-1", "refused", "request"),
        ("team-a/web", "created", "request"),
    ]
    (created, *_) = [record for record in installed.records() if record.repository == "team-a/web"]
    assert (created.principal or "").startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/ci-build/")
    assert not installed.failures()


def test_invariant_1_concurrent_events_and_requests_of_one_push_give_one_repository_and_one_created(
    answering: Answering,
) -> None:
    installed = answering.installed
    layers = [push("team-a/api", event_id=f"layer-{number}") for number in range(3)]
    refused = [push("team-a/tmp-1", event_id=f"refused-{number}") for number in range(5)]
    with ThreadPoolExecutor(3) as pool:
        requests = [pool.submit(answering.outcomes, "team-a/api", "team-a/tmp-1") for _ in range(2)]
        events = pool.submit(installed.send, *layers, *refused)
        answers = [request.result() for request in requests]
        events.result()
    installed.sandbox.settle(60)
    assert {first for first, _ in answers} <= {("created", "created"), ("exists", "already-exists")}
    assert {second for _, second in answers} == {("refused", "name-denied")}
    found = Counter((record.repository, record.outcome) for record in installed.records())
    assert found["team-a/api", "created"] == 1
    repository = installed.repository("team-a/api")
    assert repository is not None
    assert repository["lifecycle"]
    sessions = {one.principal for one in installed.records() if one.outcome == "refused"}
    assert found["team-a/tmp-1", "refused"] == len(sessions) == 2, "one for the session of each lane"
    assert not installed.failures()


def test_members_of_the_organization_cannot_invoke_the_function_directly(
    answering: Answering,
) -> None:
    sandbox, names = answering.installed.sandbox, answering.installed.synthesis.names
    client = sandbox.client_with(answering.pusher, "lambda")
    made_up = (http(), push("team-a/api", event_id="made-up", account=OTHER_MEMBER))
    for event in made_up:
        for kind in ("RequestResponse", "Event"):
            with pytest.raises(ClientError) as refused:
                client.invoke(FunctionName=names.function_arn, InvocationType=kind, Payload=json.dumps(event))
            assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    sandbox.settle(60)
    assert not answering.installed.records()

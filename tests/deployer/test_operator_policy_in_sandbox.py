"""Every command works with exactly the policy that is documented for it, and IAM's independent judge agrees."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deployer.sandbox.credentials import Credentials
from deployer.sandbox.iam import authorization, services, trust
from deployer.sandbox.iam.evaluation import Decision, PolicySet, evaluate
from deployer.sandbox.iam.requests import AccessRequest
from deployer.sandbox.sandbox import Sandbox, environment
from templates.names import Names
from templates.operator_policy import operator_policy
from tests.deployer.command_line import CONFIG, Deployer
from tests.iam_simulate import installation
from tests.iam_simulate.judge import Call, is_installed, is_required, judge

ROLE = "operates"
NAMES = Names(
    prefix="deployer",
    organization_id="o-exampleorg1",
    central_account="200000000001",
    central_region="eu-west-1",
)
SINGLE_VALUED = frozenset({"aws:calledvia", "dynamodb:leadingkeys"})


def acting(sandbox: Sandbox, command: str) -> Deployer:
    """The command line under a role that has the policy of one command, and nothing else."""
    iam, account = sandbox.client("iam"), sandbox.central_account
    trusted = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    name = f"{ROLE}-{command}"
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    )
    policy = json.dumps(operator_policy(NAMES, command))
    iam.put_role_policy(RoleName=name, PolicyName=command, PolicyDocument=policy)
    role_arn = f"arn:aws:iam::{account}:role/{name}"
    given = sandbox.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="someone")["Credentials"]
    credentials = Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )
    deployer = Deployer(sandbox)
    deployer.environment = environment(sandbox.endpoint_url, credentials, region=sandbox.home_region) | {
        "AWS_SESSION_TOKEN": given["SessionToken"]
    }
    return deployer


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[AccessRequest]:
    """What the roles of these tests asked for."""
    requests: list[AccessRequest] = []

    def recording(request: AccessRequest, policies: PolicySet) -> Decision:
        if command_of(request):
            requests.append(request)
        return evaluate(request, policies)

    for module in (authorization, services, trust):
        monkeypatch.setattr(module, "evaluate", recording)
    return requests


def command_of(request: AccessRequest) -> str:
    """The command whose role asks; nothing for anybody else."""
    session = request.subject.arns[0] if request.subject.arns else ""
    _, found, rest = session.partition(f":assumed-role/{ROLE}-")
    return rest.split("/")[0] if found else ""


def test_each_command_works_with_its_documented_policy(
    sandbox: Sandbox, recorded: list[AccessRequest], tmp_path: Path
) -> None:
    changed = tmp_path / "config"
    shutil.copytree(CONFIG, changed)
    prod = changed / "ous" / "workloads" / "prod.yaml"
    text = prod.read_text(encoding="utf-8").replace("per_hour: 50", "per_hour: 60")
    prod.write_text(f"{text}registry: {{scanning: {{type: BASIC}}}}\n", encoding="utf-8")
    runs: list[tuple[str, Path, list[str], int]] = [
        ("look", CONFIG, ["plan"], 2),
        ("roll-out", changed, ["rollout", "--org", "--yes"], 0),
        ("look", changed, ["status"], 0),
        ("audit", changed, ["audit", "list"], 0),
        ("roll-out", CONFIG, ["rollout", "--org", "--yes", "--allow-delete", "8"], 0),
        ("destroy", changed, ["destroy", "--yes"], 0),
        ("delete-ledger", changed, ["destroy", "--yes", "--delete-ledger"], 0),
    ]
    deployers = {command: acting(sandbox, command) for command in dict.fromkeys(command for command, *_ in runs)}
    for command, config, arguments, exit_code in runs:
        deployers[command].config = config
        ran = deployers[command](*arguments)
        assert ran.exit_code == exit_code, (command, arguments, ran.out, ran.err, refusals(sandbox))
        sandbox.settle()
    assert refusals(sandbox) == []
    assert {command_of(request) for request in recorded} == set(deployers)
    assert {"lambda:UpdateFunctionCode", "dynamodb:DeleteTable"} <= {request.action for request in recorded}
    check(recorded)


def refusals(sandbox: Sandbox) -> list[str]:
    return [
        f"{call.name}: {call.error_message}"
        for call in sandbox.calls
        if ROLE in call.principal.arn and "AccessDenied" in (call.error_code or "")
    ]


def check(recorded: list[AccessRequest]) -> None:
    """Ask the judge about every call that was made, with the policy of the command that made it."""
    if not is_installed() and not is_required():
        return
    calls = list({(call.principal, call.action, call.resource): call for call in map(call_of, recorded)}.values())
    refused = [
        f"{call.principal}: {call.action} on {call.resource} ({verdict.error or verdict.result})"
        for call, verdict in zip(calls, judge(calls), strict=True)
        if verdict.error or not verdict.is_allowed
    ]
    assert refused == []


def call_of(request: AccessRequest) -> Call:
    assert request.resource is not None, request.action
    resource = request.resource if request.resource == "*" else request.resource.replace("*", "0")  # an id of AWS's
    return Call(
        principal=request.subject.arns[0],
        action=request.action,
        resource=resource,
        account=request.resource_account or installation.CENTRAL,
        context={
            key: list(found) if key in SINGLE_VALUED else found[0]
            for key in request.context
            if (found := request.context.get(key))
        },
        identity_policies=[operator_policy(NAMES, command_of(request))],
    )


def test_looking_and_auditing_change_nothing(sandbox: Sandbox) -> None:
    ran = acting(sandbox, "look")("rollout", "--org", "--yes")
    assert ran.exit_code != 0
    assert "not authorized" in ran.err
    assert acting(sandbox, "audit")("plan").exit_code != 0
    assert not sandbox.client("cloudformation").list_stacks()["StackSummaries"]

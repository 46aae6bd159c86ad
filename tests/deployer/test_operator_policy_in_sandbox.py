"""Every command works with exactly its documented policy, and an independent IAM simulator agrees."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.cloudformation import deploy_stack
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.iam import authorization, services, trust
from aws_org_sandbox.iam.evaluation import Decision, PolicySet, evaluate
from aws_org_sandbox.iam.identities import find_role
from aws_org_sandbox.iam.requests import AccessRequest
from aws_org_sandbox.sandbox import Sandbox, environment
from deployer.errors import OrganizationAccessError
from sandbox.tests.stacks import role, template
from templates.names import MANAGED_BY_TAG, Names
from templates.operator_policy import COMMANDS, operator_policy
from templates.policies import ASSUME
from tests.deployer.command_line import CONFIG, Deployer
from tests.deployer.examples import SHOP_DEV
from tests.iam_simulate import installation
from tests.iam_simulate.judge import Call, is_installed, is_required, judge

ROLE = "operates"
NAMES = Names(
    prefix="deployer",
    organization_id="o-exampleorg1",
    central_account="200000000001",
    central_region="eu-west-1",
)
LACKING = ("look", "cloudformation:CreateChangeSet")
"""What `plan` tries, and does without when only looking is allowed."""
AWS_POLICIES = "arn:aws:organizations::aws:policy/"
CARRIED: dict[str, Any] = {
    "SourceIdentity": "someone@example.org",
    "Tags": [{"Key": "team", "Value": "platform"}],
    "TransitiveTagKeys": ["team"],
}
"""What sessions of an identity provider have, and take along to each role that they assume."""
SINGLE_VALUED = frozenset({"aws:calledvia", "dynamodb:leadingkeys", "aws:tagkeys", "sts:transitivetagkeys"})


def acting(sandbox: Sandbox, command: str, *, without: str | None = None) -> Deployer:
    """The command line under a role that has the policy of one command, less an action, and nothing else."""
    policy = operator_policy(NAMES, command)
    for one in policy["Statement"]:
        one["Action"] = [action for action in one["Action"] if action != without]
    deployer = Deployer(sandbox)
    deployer.environment = session_with(sandbox, f"{ROLE}-{command}", policy)
    return deployer


def session_with(sandbox: Sandbox, name: str, policy: Mapping[str, Any]) -> Mapping[str, str]:
    """The environment of a session of a new role of the central account that may do what a policy allows, no more."""
    iam, account = sandbox.client("iam"), sandbox.central_account
    trusted = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": list(ASSUME)}
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    )
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
    role_arn = f"arn:aws:iam::{account}:role/{name}"
    given = sandbox.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="someone", **CARRIED)["Credentials"]
    credentials = Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )
    variables = environment(sandbox.endpoint_url, credentials, region=sandbox.home_region)
    return variables | {"AWS_SESSION_TOKEN": given["SessionToken"]}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the roles of these tests asked for, and the trust policies of the roles that they assumed."""

    requests: list[AccessRequest]
    trusts: dict[str, Any]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    found = Recorded([], {})

    def recording(request: AccessRequest, policies: PolicySet) -> Decision:
        if command_of(request):
            found.requests.append(request)
        if request.action in ASSUME and (assumed := find_role(request.resource or "")):
            found.trusts[assumed.arn] = json.loads(assumed.assume_role_policy_document)
        return evaluate(request, policies)

    for module in (authorization, services, trust):
        monkeypatch.setattr(module, "evaluate", recording)
    return found


def command_of(request: AccessRequest) -> str:
    """The command whose role asks; nothing for anybody else."""
    session = request.subject.arns[0] if request.subject.arns else ""
    _, found, rest = session.partition(f":assumed-role/{ROLE}-")
    return rest.split("/")[0] if found else ""


def test_each_command_works_with_its_documented_policy(sandbox: Sandbox, recorded: Recorded, tmp_path: Path) -> None:
    changed = changed_config(tmp_path)
    deployers = {command: acting(sandbox, command) for command in COMMANDS}

    def run(command: str, config: Path, *arguments: str, exit_code: int = 0) -> str:
        deployers[command].config = config
        ran = deployers[command](*arguments)
        assert ran.exit_code == exit_code, (command, arguments, ran.out, ran.err, refusals(sandbox))
        sandbox.settle()
        return " ".join(ran.out.split())

    def reading(config: Path, *, findings: int) -> str:
        """Every command that changes nothing; gives the plan."""
        run("look", config, "validate", "--live")
        run("look", config, "organization", "show")
        run("look", config, "organization", "snapshot")
        run("look", tmp_path / str(len(list(tmp_path.iterdir()))), "init", "--yes")
        run("look", config, "status", exit_code=findings)
        run("audit", config, "audit", "list")
        run("audit", config, "audit", "export", "--out", str(tmp_path / "ledger.csv"), "--force")
        run("verify", config, "audit", "show", "team-a/api")
        run("verify", config, "audit", "verify", "--ou", "Workloads/Dev", exit_code=findings)
        return run("look", config, "plan", exit_code=findings)

    sandbox.client("s3").create_bucket(  # as an earlier installation left it
        Bucket=NAMES.artifacts_bucket, CreateBucketConfiguration={"LocationConstraint": NAMES.central_region}
    )
    ours = {"TagSet": [{"Key": MANAGED_BY_TAG, "Value": NAMES.prefix}]}
    sandbox.client("s3").put_bucket_tagging(Bucket=NAMES.artifacts_bucket, Tagging=ours)
    run("look", CONFIG, "plan", exit_code=2)
    assert "18 ok" in run("doctor", CONFIG, "doctor")
    run("rollout", CONFIG, "rollout", "--org", "--yes")
    assert "18 ok" in run("doctor", CONFIG, "doctor")
    run("probe", CONFIG, "doctor", "--probe", "shop-dev/eu-west-1")
    push(sandbox, "team-a/api")
    assert "Nothing to change" in reading(CONFIG, findings=0)
    assert "cloudformation:CreateChangeSet was denied" in reading(changed, findings=2)
    run("rollout", changed, "rollout", "--org", "--yes")
    run("repair", changed, "audit", "repair", "--ou", "Workloads/Dev", "--yes")
    assert "Nothing to change" in reading(changed, findings=0)
    run("rollout", CONFIG, "rollout", "--org", "--yes", "--allow-delete", "8")
    run("destroy", changed, "destroy", "--yes")
    run("delete-ledger", changed, "destroy", "--yes", "--delete-ledger")
    assert {refusal.partition(": ")[0] for refusal in refusals(sandbox)} == {LACKING[1]}
    assert {command_of(request) for request in recorded.requests} == set(deployers)
    asked = {request.action for request in recorded.requests}
    assert {"lambda:UpdateFunctionCode", "dynamodb:DeleteTable", "s3:GetBucketVersioning", *ASSUME} <= asked
    check(recorded)


def changed_config(folder: Path) -> Path:
    """The example with a change of each kind: another zip, another StackSet, notices, repositories that drift."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    prod, dev = (config / "ous" / "workloads" / name for name in ("prod.yaml", "dev.yaml"))
    text = prod.read_text(encoding="utf-8").replace("per_hour: 50", "per_hour: 60")
    prod.write_text(f"{text}registry: {{scanning: {{type: BASIC}}}}\n", encoding="utf-8")
    organization = config / "organization.yaml"
    text = organization.read_text(encoding="utf-8")
    organization.write_text(f"{text}\nnotifications: {{topic: create}}\n", encoding="utf-8")
    dev.write_text(dev.read_text(encoding="utf-8").replace("MUTABLE", "IMMUTABLE"), encoding="utf-8")
    return config


def push(sandbox: Sandbox, name: str) -> None:
    """The first push to a repository, which ECR refuses and the handler then creates."""
    ecr = sandbox.client("ecr", account=SHOP_DEV)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.initiate_layer_upload(repositoryName=name)
    sandbox.settle()
    assert ecr.describe_repositories(repositoryNames=[name])["repositories"]


def refusals(sandbox: Sandbox) -> list[str]:
    return [
        f"{call.name}: {call.error_message}"
        for call in sandbox.calls
        if ROLE in call.principal.arn and "AccessDenied" in (call.error_code or "")
    ]


def check(recorded: Recorded) -> None:
    """Ask the judge about every call that was made, with the policy of the command that made it."""
    if not is_installed() and not is_required():
        return
    made = [call_of(one, recorded.trusts) for one in recorded.requests if (command_of(one), one.action) != LACKING]
    calls = list({(call.principal, call.action, call.resource): call for call in made}.values())
    refused = [
        f"{call.principal}: {call.action} on {call.resource} ({verdict.error or verdict.result})"
        for call, verdict in zip(calls, judge(calls), strict=True)
        if verdict.error or not verdict.is_allowed
    ]
    assert refused == []


def call_of(request: AccessRequest, trusts: Mapping[str, Any]) -> Call:
    assert request.resource is not None, request.action
    resource = request.resource if request.resource == "*" else request.resource.replace("*", "0")  # an id of AWS's
    if resource.startswith(AWS_POLICIES):  # the judge knows policies of organizations alone
        resource = (
            f"arn:aws:organizations::100000000000:policy/{NAMES.organization_id}/service_control_policy/p-00000000"
        )
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
        resource_policy=trusts.get(resource) if request.action in ASSUME else None,
    )


def test_looking_and_auditing_change_nothing(sandbox: Sandbox) -> None:
    ran = acting(sandbox, "look")("rollout", "--org", "--yes")
    assert ran.exit_code != 0
    assert "not authorized" in ran.err
    assert acting(sandbox, "audit")("plan").exit_code != 0
    assert not sandbox.client("cloudformation").list_stacks()["StackSummaries"]


def test_a_caller_that_may_not_list_delegated_administrators_reads_which_permission_it_lacks(sandbox: Sandbox) -> None:
    ran = acting(sandbox, "look", without="organizations:ListDelegatedAdministrators")("plan")
    assert ran.exit_code == OrganizationAccessError.exit_code
    assert "organizations:ListDelegatedAdministrators" in ran.err


def test_a_refused_change_set_names_the_resource_under_the_documented_policy(sandbox: Sandbox) -> None:
    body = template({"Role": role(NAMES.function_role)})
    deploy_stack(account=sandbox.central_account, region=sandbox.home_region, name="others", template_body=body)
    deployer = acting(sandbox, "rollout")
    ran = deployer("rollout", "--org", "--yes")
    assert ran.exit_code == 1
    taken = f"HandlerRole (AWS::IAM::Role): Resource of type 'AWS::IAM::Role' with identifier '{NAMES.function_role}'"
    assert taken in " ".join(ran.out.split())
    assert refusals(sandbox) == []

    policy = operator_policy(NAMES, "rollout")
    policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] != "ExplainChangeSets"]
    document, role_name = json.dumps(policy), f"{ROLE}-rollout"
    sandbox.client("iam").put_role_policy(RoleName=role_name, PolicyName=role_name, PolicyDocument=document)
    ran = deployer("rollout", "--org", "--yes")
    assert ran.exit_code == 1
    assert "AWS::EarlyValidation::ResourceExistenceCheck" in ran.out
    assert "Allow cloudformation:DescribeEvents" in " ".join(ran.out.split())
    assert not sandbox.client("cloudformation").list_change_sets(StackName=NAMES.central_stack)["Summaries"]

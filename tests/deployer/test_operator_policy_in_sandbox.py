"""Every command works with exactly its documented policy, and an independent IAM simulator agrees."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws_org_sandbox.cloudformation import deploy_stack
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox, environment
from deployer.errors import OrganizationAccessError
from sandbox.tests.stacks import role, template
from templates.names import MANAGED_BY_TAG, Names
from templates.operator_policy import COMMANDS, permissions
from templates.permissions import Permission
from templates.policies import ASSUME
from tests.deployer.command_line import CONFIG, Deployer
from tests.deployer.examples import MANAGEMENT, SHOP_DEV, SHOP_PROD
from tests.deployer.recorded_calls import Recorded, disagreements, recording, unneeded
from tests.deployer.rollout.few_accounts import KEPT
from tests.handler.paths import hide_ou_paths
from tests.operator_policies import operator_policy

ROLE = "operates"
NAMES = Names(
    prefix="deployer",
    organization_id="o-exampleorg1",
    central_account="200000000001",
    central_region="eu-west-1",
)
SANDBOX_OU = "ou-exam-sand0001"
"""It has no installation. There remain more accounts than OUs, which decides how their OUs are read."""
LACKING = ("look", "cloudformation:CreateChangeSet")
"""What `plan` tries, and does without when only looking is allowed."""
CARRIED: dict[str, Any] = {
    "SourceIdentity": "someone@example.org",
    "Tags": [{"Key": "team", "Value": "platform"}],
    "TransitiveTagKeys": ["team"],
}
"""What sessions of an identity provider have, and take along to each role that they assume."""
DOCUMENTED = "s3:DeleteObject"
SOMETIMES = {
    "account:ListRegions": "a region is one that accounts opt into",
    "cloudformation:ListStackSetOperationResults": "an operation fails, or is in progress",
    "dynamodb:GetItem": "a record has to be read again, or counts refusals that were left out",
    "organizations:ListAccountsForParent": "Organizations leaves out the paths of most accounts",
    "organizations:ListParents": "Organizations leaves out the path of an account",
    "s3:ListBucket": "an object is missing, which S3 reports as denied without it; the sandbox does not",
    DOCUMENTED: "S3 documents it for each deletion, and the sandbox asks for it only if there is no version",
}
"""What not every command that may need it calls below, and when it is needed. Another command calls it there."""


def deployer_with_policy(sandbox: Sandbox, command: str, *, without: str | None = None) -> Deployer:
    """The command line with a role that has only the policy of one command, possibly without one action."""
    policy = operator_policy(NAMES, command)
    for one in policy["Statement"]:
        one["Action"] = [action for action in one["Action"] if action != without]
    deployer = Deployer(sandbox)
    deployer.environment = session_with(sandbox, f"{ROLE}-{command}", policy)
    return deployer


def session_with(sandbox: Sandbox, name: str, policy: Mapping[str, Any]) -> Mapping[str, str]:
    """The environment of a session of a new role of the central account with exactly the permissions of a policy."""
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


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording(f"{ROLE}-") as found:
        yield found


def test_each_command_works_with_its_documented_policy_and_needs_all_of_it(
    sandbox: Sandbox, recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_few_accounts(sandbox)
    changed, abroad = changed_config(tmp_path), config_abroad(sandbox, tmp_path / "abroad")
    without_paths = hide_ou_paths(monkeypatch)
    deployers = {command: deployer_with_policy(sandbox, command) for command in COMMANDS}

    def run(command: str, config: Path, *arguments: str, exit_code: int = 0) -> str:
        deployers[command].config = config
        ran = deployers[command](*arguments)
        assert ran.exit_code == exit_code, (command, arguments, ran.out, ran.err, refusals(sandbox))
        sandbox.settle()
        return " ".join(ran.out.split())

    def read_everything() -> None:
        """Every command that changes nothing, with the config files that were rolled out last."""
        run("look", changed, "validate", "--live")
        without_paths.add(SHOP_DEV)
        run("look", changed, "organization", "show")
        without_paths.update(sandbox.organization.accounts)
        run("look", changed, "organization", "snapshot")
        without_paths.clear()
        run("look", tmp_path / "new", "init", "--yes")
        run("look", changed, "status")
        run("look", changed, "status", "--deep", exit_code=2)  # it may not assume the auditor roles
        [event, *_] = json.loads(run("audit", changed, "audit", "list", "--account", "shop-dev", "--json"))
        run("audit", changed, "audit", "export", "--out", str(tmp_path / "ledger.csv"), "--force")
        run("verify", changed, "audit", "show", "team-a/api")
        run("verify", changed, "audit", "show", event["event_id"])
        run("failures", changed, "failures", "list")
        run("verify", changed, "audit", "verify", "--ou", "Workloads/Dev")
        run("verify", changed, "audit", "usage", "--ou", "Workloads/Dev")

    sandbox.client("s3").create_bucket(  # as an earlier installation left it
        Bucket=NAMES.artifacts_bucket, CreateBucketConfiguration={"LocationConstraint": NAMES.central_region}
    )
    ours = {"TagSet": [{"Key": MANAGED_BY_TAG, "Value": NAMES.prefix}]}
    sandbox.client("s3").put_bucket_tagging(Bucket=NAMES.artifacts_bucket, Tagging=ours)
    run("look", abroad, "plan", exit_code=2)
    assert "18 ok" in run("doctor", CONFIG, "doctor")
    for failure in failures_of_rollout():
        with failure(sandbox):
            run("rollout", CONFIG, "rollout", "--org", "--yes", exit_code=1)
    run("rollout", CONFIG, "rollout", "--org", "--yes")
    run("probe", CONFIG, "doctor", "--probe", "shop-dev/eu-west-1")
    push(sandbox, "team-a/api")
    assert "Nothing to change" in run("look", CONFIG, "plan")
    run("verify", CONFIG, "audit", "verify", "--ou", "Workloads/Dev")
    assert "cloudformation:CreateChangeSet was denied" in run("look", changed, "plan", exit_code=2)
    run("look", changed, "status", exit_code=2)
    run("verify", changed, "audit", "verify", "--ou", "Workloads/Dev", exit_code=2)
    run("rollout", changed, "rollout", "--org", "--yes")
    assert "18 ok" in run("doctor", changed, "doctor")
    sandbox.client("ecr", account=SHOP_DEV).create_repository(repositoryName="old/api")
    run("repair", changed, "audit", "adopt", "--account", SHOP_DEV, "old/api", "--yes")
    run("repair", changed, "audit", "repair", "--ou", "Workloads/Dev", "--yes")
    assert "Nothing to change" in run("look", changed, "plan")
    read_everything()
    run("rollout", CONFIG, "rollout", "--org", "--yes", "--allow-delete", "8")
    run("destroy", CONFIG, "destroy", "--yes")
    run("delete-ledger", changed, "destroy", "--yes", "--delete-ledger")
    assert {refusal.partition(": ")[0] for refusal in refusals(sandbox)} == {LACKING[1]}
    assert {recorded.policy_name(request) for request in recorded.requests} == set(deployers)
    asked = {request.action for request in recorded.requests}
    assert {"lambda:UpdateFunctionCode", "dynamodb:DeleteTable", "s3:GetBucketVersioning", *ASSUME} <= asked
    check(recorded)


def leave_few_accounts(sandbox: Sandbox) -> None:
    """Those of the roll-outs, one of Prod included, whose registries `changed_config` scans."""
    for account in sandbox.organization.accounts.keys() - KEPT - {SHOP_PROD}:
        sandbox.move_account(account, SANDBOX_OU)


def changed_config(folder: Path) -> Path:
    """The example with a change of each kind: another zip, another StackSet, notices, repositories with drift."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    prod, dev = (config / "ous" / "workloads" / name for name in ("prod.yaml", "dev.yaml"))
    text = prod.read_text(encoding="utf-8").replace("per_hour: 50", "per_hour: 60")
    prod.write_text(f"{text}registry: {{scanning: {{type: BASIC}}}}\n", encoding="utf-8")
    organization = config / "organization.yaml"
    text = organization.read_text(encoding="utf-8")
    organization.write_text(f"{text}\nnotifications: {{topic: create}}\nledger: {{observe: false}}\n", encoding="utf-8")
    dev.write_text(dev.read_text(encoding="utf-8").replace("MUTABLE", "IMMUTABLE"), encoding="utf-8")
    return config


def config_abroad(sandbox: Sandbox, folder: Path) -> Path:
    """The example with an opt-in region and a topic, next to the bucket of another installation."""
    shutil.copytree(CONFIG, folder)
    dev, organization = folder / "ous" / "workloads" / "dev.yaml", folder / "organization.yaml"
    text = dev.read_text(encoding="utf-8")
    dev.write_text(text.replace("regions: [eu-west-1]", "regions: [eu-west-1, me-central-1]"), encoding="utf-8")
    sandbox.client("s3").create_bucket(
        Bucket=NAMES.artifacts_bucket.replace(NAMES.prefix, "other"),
        CreateBucketConfiguration={"LocationConstraint": NAMES.central_region},
    )
    topic = sandbox.client("sns").create_topic(Name="alarms")["TopicArn"]
    text = organization.read_text(encoding="utf-8")
    organization.write_text(f"{text}\nalarms: {{topic: '{topic}'}}\n", encoding="utf-8")
    for account in (sandbox.central_account, MANAGEMENT):
        sandbox.enable_region(account, "me-central-1")
    return folder


def test_a_creation_that_cannot_be_rolled_back_names_the_policy_that_deletes_it(sandbox: Sandbox) -> None:
    """CloudFormation rolls back with the permissions of its caller, and those of `rollout` delete no log group."""
    leave_few_accounts(sandbox)
    deployer = deployer_with_policy(sandbox, "rollout")
    broken = Fault(effect=Error(code="ServiceFailure", message="out of order"), operation="PutDashboard")
    sandbox.faults.add(broken)
    for end in ("ROLLBACK_FAILED", "DELETE_FAILED"):  # the second run deletes what is left before it creates
        ran = deployer("rollout", "--org", "--yes")
        shown = " ".join((ran.out + ran.err).split())
        assert ran.exit_code == 1, shown
        assert f"deployer-central ended as {end}: " in shown
        assert "logs:DeleteLogGroup" in shown
        assert "`deployer policy destroy`" in shown
        assert "aws cloudformation delete-stack --stack-name deployer-central --region eu-west-1" in shown
    sandbox.faults.clear()
    variables = deployer_with_policy(sandbox, "destroy").environment
    client = boto3.client("cloudformation", endpoint_url=sandbox.endpoint_url, region_name="eu-west-1",
                          aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
                          aws_session_token=variables["AWS_SESSION_TOKEN"])  # fmt: skip
    client.delete_stack(StackName="deployer-central")
    ran = deployer("rollout", "--org", "--yes")
    assert ran.exit_code == 0, ran.out + ran.err


def failures_of_rollout() -> Iterator[Callable[[Sandbox], AbstractContextManager[object]]]:
    """A stack that is not created, one with a name that is in use, and an account in which a StackSet fails."""

    @contextmanager
    def taken(sandbox: Sandbox) -> Iterator[None]:
        body = template({"Role": role(NAMES.function_role)})
        deploy_stack(account=sandbox.central_account, region=sandbox.home_region, name="others", template_body=body)
        yield
        sandbox.client("cloudformation").delete_stack(StackName="others")
        sandbox.settle()

    @contextmanager
    def failing(fault: Fault, sandbox: Sandbox) -> Iterator[None]:
        sandbox.faults.add(fault)
        yield
        sandbox.faults.clear()

    error = Error(code="ServiceFailure", message="out of order")
    yield partial(failing, Fault(effect=error, operation="PutBucketPolicy"))
    yield taken
    yield partial(failing, Fault(effect=error, operation="CreateRole", account=SHOP_DEV))


def push(sandbox: Sandbox, name: str) -> None:
    """The first push to a repository, which ECR refuses and the handler then creates."""
    ecr = sandbox.client("ecr", account=SHOP_DEV)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.initiate_layer_upload(repositoryName=name)
    sandbox.settle()
    assert ecr.describe_repositories(repositoryNames=[name])["repositories"]


def refusals(sandbox: Sandbox) -> list[str]:
    """Calls that the roles' policies did not allow. Other refusals (of Account Management) have other reasons."""
    return [
        f"{call.name}: {call.error_message}"
        for call in sandbox.calls
        if ROLE in call.principal.arn
        and "AccessDenied" in (call.error_code or "")
        and "no identity-based policy" in (call.error_message or "")
    ]


def check(recorded: Recorded) -> None:
    """Each policy allows exactly the requests of the command; `delete-ledger` includes all of `destroy`."""
    policies = {command: permissions(NAMES, command) for command in COMMANDS}
    own = {**policies, "delete-ledger": [one for one in policies["delete-ledger"] if one not in policies["destroy"]]}
    lacking = {one for command in COMMANDS for one in unneeded(recorded, command, own[command])}
    assert {one for one in lacking if one[2] not in SOMETIMES} == set()
    used = {(one.sid, action) for command in COMMANDS for one, action in _used(recorded, command, own[command])}
    never = {(sid, action) for _, sid, action in lacking} - used
    assert {action for _, action in never} == {DOCUMENTED}
    assert {action for _, _, action in lacking} == SOMETIMES.keys(), "what is always needed is no exception"
    assert (
        disagreements(
            recorded,
            policies,
            is_expected=lambda *asked: asked[0] == LACKING[0] and asked[1].action in {LACKING[1], *ASSUME},
        )
        == []
    )


def _used(recorded: Recorded, command: str, statements: Sequence[Permission]) -> Iterator[tuple[Permission, str]]:
    found = unneeded(recorded, command, statements)
    return ((one, action) for one in statements for action in one.actions if (command, one.sid, action) not in found)


def test_the_look_and_audit_policies_change_nothing(sandbox: Sandbox) -> None:
    ran = deployer_with_policy(sandbox, "look")("rollout", "--org", "--yes")
    assert ran.exit_code != 0
    assert "not authorized" in ran.err
    assert deployer_with_policy(sandbox, "audit")("plan").exit_code != 0
    assert not sandbox.client("cloudformation").list_stacks()["StackSummaries"]


def test_a_caller_that_may_not_list_delegated_administrators_reads_which_permission_it_lacks(sandbox: Sandbox) -> None:
    ran = deployer_with_policy(sandbox, "look", without="organizations:ListDelegatedAdministrators")("plan")
    assert ran.exit_code == OrganizationAccessError.exit_code
    assert "organizations:ListDelegatedAdministrators" in ran.err


def test_a_refused_change_set_names_the_resource_under_the_documented_policy(sandbox: Sandbox) -> None:
    body = template({"Role": role(NAMES.function_role)})
    deploy_stack(account=sandbox.central_account, region=sandbox.home_region, name="others", template_body=body)
    deployer = deployer_with_policy(sandbox, "rollout")
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

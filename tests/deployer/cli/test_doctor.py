"""`deployer doctor` in the sandbox: every check finds its problem, and a probe tests the whole path."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.iam.models import iam_backends

from aws_org_sandbox import quotas, regions
from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.organizations.accounts import STACK_SETS_PRINCIPAL, backend_of
from aws_org_sandbox.pytest_plugin import check
from aws_org_sandbox.sandbox import Sandbox
from deployer.composition import doctor
from deployer.doctor.checks.catalogue import CHECKS
from sandbox.tests.tiny_functions import create_function
from tests.deployer.command_line import CONFIG, Deployer, Ran, after_notice, writes
from tests.deployer.unwatched import unwatched

MANAGEMENT, CENTRAL, SHOP = "100000000000", "200000000001", "300000000001"
PROD = "ou-exam-prod0001"
PROBE = "deployer-probe"


def results(ran: Ran) -> dict[str, dict[str, Any]]:
    """By check, from `--json`."""
    return {one["check"]: one for one in ran.document["checks"]}


def states(ran: Ran) -> dict[str, str]:
    return {check: one["result"] for check, one in results(ran).items()}


def wrong(ran: Ran) -> set[str]:
    return {check for check, state in states(ran).items() if state in {"problem", "warning"}}


def text_of(ran: Ran, check: str) -> str:
    return json.dumps(results(ran)[check]["findings"])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the example's config files, to be changed."""
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def replace_in(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_an_organization_without_problems_has_no_findings_and_is_not_changed(sandbox: Sandbox) -> None:
    ran = Deployer(sandbox)("doctor")
    assert (ran.exit_code, after_notice(ran.err)) == (0, "")
    assert f"{len(CHECKS)} ok" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert writes(sandbox) == []
    assert states(Deployer(sandbox)("doctor", "--json")) == {check.id: "ok" for check in CHECKS}


def test_problems_of_the_organization_are_found(sandbox: Sandbox) -> None:
    management = sandbox.client("organizations", account=MANAGEMENT)
    sandbox.client("cloudformation", account=MANAGEMENT).deactivate_organizations_access()
    sandbox.client("cloudtrail", account=MANAGEMENT).stop_logging(Name="organization-trail")
    statement = {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
                 "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}}  # fmt: skip
    made = management.create_policy(
        Name="only-europe", Description="d", Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )  # fmt: skip
    management.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=PROD)
    organization = backend_of(MANAGEMENT).org
    assert organization is not None
    organization.feature_set = "CONSOLIDATED_BILLING"
    quotas.APPLIED[CENTRAL, "L-EC62D81A"] = 1
    quotas.APPLIED[CENTRAL, "L-C8225BA5"] = 10
    ran = Deployer(sandbox)("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"features", "trusted-access", "trail", "policies", "quotas"}
    assert "start-logging" in text_of(ran, "trail")
    policies = text_of(ran, "policies")
    assert "only-europe" in policies
    assert "Workloads/Prod" in policies
    assert "ecr:CreateRepository" in policies
    assert "shop-prod (300000000001)" in policies
    assert "shop-dev" not in policies
    assert "2 needed (0 exist), and the quota is 1" in text_of(ran, "quotas")
    assert "14 needed (0 exist), and the quota is 10" in text_of(ran, "quotas")


def test_names_that_somebody_else_uses_and_a_runtime_and_services_that_the_sdk_does_not_know_are_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "RUNTIME", "python9.9")
    monkeypatch.setattr(doctor, "MEMBER_SERVICES", ("ecr", "braket"))
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{CENTRAL}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "payroll"}}}}
    for role in ("deployer-operator", "deployer-creator"):
        sandbox.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=document)
    sandbox.client("cloudformation").create_stack(StackName="deployer-central", TemplateBody=json.dumps(topic))
    sandbox.client("dynamodb").create_table(
        TableName="deployer-ledger", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    sandbox.client("sqs").create_queue(QueueName="deployer-failures")
    sandbox.client("events").create_event_bus(Name="deployer-events")
    pattern = json.dumps({"source": ["aws.ecr"]})
    sandbox.client("events").put_rule(Name="deployer-forwarding", EventPattern=pattern)
    sandbox.client("logs").create_log_group(logGroupName="/aws/lambda/deployer-watch")
    sandbox.client("s3", account=SHOP).create_bucket(
        Bucket=f"deployer-artifacts-{CENTRAL}-eu-west-1",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    sandbox.client("cloudformation").create_stack_set(
        StackSetName="deployer-forwarding",
        Description="payroll",
        TemplateBody=json.dumps(topic),
        CallAs="DELEGATED_ADMIN",
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
    )
    sandbox.settle()
    ran = Deployer(sandbox)("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"names", "runtime", "endpoints"}
    assert "python9.9" in text_of(ran, "runtime")
    assert "eu-central-1 of: braket" in text_of(ran, "endpoints")
    assert "describe-stack-set --stack-set-name deployer-forwarding --call-as DELEGATED_ADMIN" in text_of(ran, "names")
    found = {one["message"].partition(" exists")[0] for one in results(ran)["names"]["findings"]}
    assert found == {
        "AWS::CloudFormation::Stack deployer-central",
        "AWS::CloudFormation::StackSet deployer-forwarding",
        "AWS::DynamoDB::Table deployer-ledger",
        "AWS::Events::EventBus deployer-events",
        "AWS::Events::Rule deployer-forwarding",
        "AWS::IAM::Role deployer-creator",
        "AWS::IAM::Role deployer-operator",
        "AWS::Logs::LogGroup /aws/lambda/deployer-watch",
        f"AWS::S3::Bucket deployer-artifacts-{CENTRAL}-eu-west-1",
        "AWS::SQS::Queue deployer-failures",
    }


def attach(sandbox: Sandbox, name: str, statement: dict[str, Any]) -> None:
    """A service control policy on the OU Workloads/Prod."""
    management = sandbox.client("organizations", account=MANAGEMENT)
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = management.create_policy(Name=name, Description="d", Type="SERVICE_CONTROL_POLICY", Content=content)
    management.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=PROD)


def test_functions_and_topics_of_somebody_else_are_found_and_a_policy_that_may_deny_is_a_warning(
    sandbox: Sandbox, config: Path
) -> None:
    condition = {"StringNotEquals": {"aws:PrincipalTag/team": "platform"}}
    attach(sandbox, "teams", {"Effect": "Deny", "Action": "ecr:*", "Resource": "*", "Condition": condition})
    file = config / "organization.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\nnotifications: {topic: create}\n", encoding="utf-8")
    create_function(sandbox, "deployer-handler")
    sandbox.client("sns").create_topic(Name="deployer-notices")
    ran = Deployer(sandbox, config=config)("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"names", "policies"}
    assert states(ran)["policies"] == "warning"
    assert "teams" in text_of(ran, "policies")
    found = {one["message"].partition(" exists")[0] for one in results(ran)["names"]["findings"]}
    assert found == {"AWS::Lambda::Function deployer-handler", "AWS::SNS::Topic deployer-notices"}


def test_a_level_without_a_policy_that_allows_a_trail_without_write_events_and_a_small_role_quota_are_found(
    sandbox: Sandbox,
) -> None:
    attach(sandbox, "only-iam", {"Effect": "Allow", "Action": "iam:*", "Resource": "*"})
    sandbox.client("organizations", account=MANAGEMENT).detach_policy(PolicyId="p-FullAWSAccess", TargetId=PROD)
    selector = {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True, "DataResources": []}
    sandbox.client("cloudtrail", account=MANAGEMENT).put_event_selectors(
        TrailName="organization-trail", EventSelectors=[selector]
    )
    create_all_roles_but_two()
    ran = Deployer(sandbox)("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"policies", "trail", "quotas"}
    assert "Workloads/Prod" in text_of(ran, "policies")
    assert "IAM roles" in text_of(ran, "quotas")


def create_all_roles_but_two() -> None:
    """The quota of the central account's roles is used up, except for two."""
    iam = iam_backends[CENTRAL]["aws"]
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    for number in range(iam.account_summary._roles_quota - len(iam.roles) - 2):
        iam.create_role(
            role_name=f"role-{number}",
            assume_role_policy_document=document,
            path="/",
            permissions_boundary=None,
            description="",
            tags=[],
            max_session_duration="3600",
        )


def test_a_policy_that_allows_only_the_handler_to_create_is_found_in_native_ous(sandbox: Sandbox, config: Path) -> None:
    condition = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deployer-creator"}}
    denial = {"Effect": "Deny", "Action": "ecr:CreateRepository", "Resource": "*", "Condition": condition}
    attach(sandbox, "only-the-handler", denial)
    assert Deployer(sandbox, config=config)("doctor").exit_code == 0
    file = config / "ous" / "workloads" / "prod.yaml"
    replace_in(file, 'allow: ["team-*/**"]', 'allow: ["team-a/**"]')
    replace_in(
        file,
        "enabled: true\n",
        "enabled: true\nengine: native\nnative: {unenforced: [create.principals, create.limit, namespaces]}\n",
    )
    ran = Deployer(sandbox, config=config)("doctor", "--json")
    assert wrong(ran) == {"policies"}
    assert "only-the-handler" in text_of(ran, "policies")


def test_an_account_without_delegation_is_found(sandbox: Sandbox) -> None:
    management = sandbox.client("organizations", account=MANAGEMENT)
    management.register_delegated_administrator(AccountId=CENTRAL, ServicePrincipal="config.amazonaws.com")
    management.deregister_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=STACK_SETS_PRINCIPAL)
    ran = Deployer(sandbox)("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"delegation"}
    assert f"register-delegated-administrator --account-id {CENTRAL}" in text_of(ran, "delegation")


def test_credentials_that_do_not_work_are_a_finding(sandbox: Sandbox) -> None:
    deployer = Deployer(sandbox)
    deployer.environment = {**deployer.environment, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}
    ran = deployer("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"credentials"}
    assert states(ran)["trail"] == states(ran)["names"] == "unchecked"


def test_credentials_of_another_account_are_a_finding(sandbox: Sandbox) -> None:
    ran = Deployer(sandbox, account=SHOP)("doctor", "--json")
    assert ran.exit_code == 2
    assert {"account"} <= wrong(ran)
    assert SHOP in text_of(ran, "account")


def test_a_caller_that_may_read_nothing_gets_commands_for_others(sandbox: Sandbox) -> None:
    """Denials are not errors, except for the one permission that StackSets need."""
    for service in ("account", "cloudformation", "cloudtrail", "dynamodb", "ec2", "events", "iam", "lambda", "logs",
                    "organizations", "s3", "service-quotas", "sns", "sqs"):  # fmt: skip
        sandbox.faults.add(Fault(effect=Error(code="AccessDeniedException", message="You may not."), service=service))
    ran = Deployer(sandbox)("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"delegation-permission"}
    unchecked = {check for check, state in states(ran).items() if state == "unchecked"}
    assert unchecked >= {"organization", "features", "trusted-access", "delegation", "config", "trail", "policies"}
    assert "organizations:ListDelegatedAdministrators" in text_of(ran, "delegation-permission")
    shown = Deployer(sandbox)("doctor")
    assert "could not check" in shown.out
    assert "Traceback" not in shown.err


def test_config_files_that_do_not_fit_are_found(sandbox: Sandbox, config: Path) -> None:
    replace_in(config / "ous" / "workloads" / "dev.yaml", "Workloads/Dev", "Workloads/Devel")
    ran = Deployer(sandbox, config=config)("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"config"}
    assert "dev.yaml" in text_of(ran, "config")


def test_another_organization_is_found(sandbox: Sandbox, config: Path) -> None:
    replace_in(config / "organization.yaml", "o-exampleorg1", "o-otherorg99")
    ran = Deployer(sandbox, config=config)("doctor", "--json")
    assert ran.exit_code == 2
    assert "organization" in wrong(ran)
    assert "o-otherorg99" in text_of(ran, "organization")


def test_a_trail_without_read_events_is_found_if_pulls_create(sandbox: Sandbox, config: Path) -> None:
    dev = config / "ous" / "workloads" / "dev.yaml"
    dev.write_text(dev.read_text(encoding="utf-8") + "create: {on: [push, pull]}\n", encoding="utf-8")
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []}
    sandbox.client("cloudtrail", account=MANAGEMENT).put_event_selectors(
        TrailName="organization-trail", EventSelectors=[selector]
    )
    ran = Deployer(sandbox, config=config)("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"trail"}
    assert "create.on" in text_of(ran, "trail")


OPT_IN = "eu-south-1"


@pytest.fixture
def opted_in(sandbox: Sandbox, config: Path) -> Deployer:
    """An opt-in region in the config files that is enabled nowhere; the caller may read the regions of members."""
    replace_in(config / "ous" / "workloads" / "dev.yaml", "regions: [eu-west-1]", f"regions: [eu-west-1, {OPT_IN}]")
    management = sandbox.client("organizations", account=MANAGEMENT)
    management.enable_aws_service_access(ServicePrincipal=regions.ACCOUNT_MANAGEMENT)
    management.register_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=regions.ACCOUNT_MANAGEMENT)
    return Deployer(sandbox, config=config)


def test_opt_in_regions_that_are_not_enabled_are_found(opted_in: Deployer) -> None:
    ran = opted_in("doctor", "--json")
    assert ran.exit_code == 2
    assert wrong(ran) == {"central-regions", "member-regions"}
    assert f"{OPT_IN} is not enabled in the central account" in text_of(ran, "central-regions")
    assert "shop-dev (400000000001)" in text_of(ran, "member-regions")
    assert "search-dev (400000000002)" in text_of(ran, "member-regions")
    assert states(ran)["management-regions"] == "unchecked"
    assert "aws account list-regions" in text_of(ran, "management-regions")


def test_credentials_of_the_management_account_show_its_own_opt_in_regions(opted_in: Deployer) -> None:
    """AWS allows nobody else to read them."""
    ran = Deployer(opted_in.sandbox, config=opted_in.config, account=MANAGEMENT)("doctor", "--json")
    assert {"account", "management-regions"} <= wrong(ran)
    assert f"aws account enable-region --region-name {OPT_IN}" in text_of(ran, "management-regions")


def test_opt_in_regions_that_are_enabled_are_not_a_finding(opted_in: Deployer) -> None:
    for account in (CENTRAL, "400000000001", "400000000002"):
        regions.enable(account, OPT_IN)
    ran = opted_in("doctor", "--json")
    assert (ran.exit_code, wrong(ran)) == (0, set())
    assert states(ran)["member-regions"] == "ok"


def test_a_caller_without_access_to_members_gets_the_commands(sandbox: Sandbox, opted_in: Deployer) -> None:
    sandbox.client("organizations", account=MANAGEMENT).disable_aws_service_access(
        ServicePrincipal=regions.ACCOUNT_MANAGEMENT
    )
    regions.enable(CENTRAL, OPT_IN)
    ran = opted_in("doctor", "--json")
    assert ran.exit_code == 0
    assert states(ran)["member-regions"] == "unchecked"
    assert "--account-id 400000000001" in text_of(ran, "member-regions")
    assert len(sandbox.calls.of("account", "ListRegions")) == 2  # the management account, a member


@pytest.fixture(scope="module")
def rolled_out(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The example organization, once for all probes."""
    running_sandbox.reset()
    with unwatched():
        assert Deployer(running_sandbox)("rollout", "--org", "--yes").exit_code == 0
    running_sandbox.settle()
    yield running_sandbox
    check(running_sandbox)


@pytest.fixture
def prober(rolled_out: Sandbox) -> Iterator[Deployer]:
    yield Deployer(rolled_out)
    rolled_out.faults.clear()
    rolled_out.settle()


def repositories(sandbox: Sandbox, account: str, region: str = "eu-west-1") -> list[str]:
    listed = sandbox.client("ecr", account=account, region=region).describe_repositories()["repositories"]
    return [one["repositoryName"] for one in listed]


def test_a_probe_succeeds_is_recorded_and_leaves_nothing(rolled_out: Sandbox, prober: Deployer) -> None:
    for _ in range(2):  # the second ignores the record of the first
        rolled_out.calls.clear()
        ran = prober("doctor", "--probe", "shop-dev/eu-west-1", "--json")
        assert ran.exit_code == 0, (ran.out, ran.err)
        (probe,) = ran.document["probes"]
        assert (probe["account_name"], probe["outcome"], probe["is_proven"]) == ("shop-dev", "created", True)
        assert probe["seconds"].keys() == {
            "call to handler", "handler to repository", "call to ledger, as read here",
        }  # fmt: skip
        assert len(rolled_out.calls.of("ecr", "CreateRepository")) == 1
        assert repositories(rolled_out, "400000000001") == []
    listed = prober("audit", "list", "--repository", PROBE, "--json").document
    assert {record["outcome"] for record in listed} - {"observed"} == {"created"}
    assert {record["how"] for record in listed} <= {None, "deployer"}
    assert prober("audit", "verify", "--account", "shop-dev").exit_code == 0


def test_a_refused_probe_proves_the_path_to_the_decision(rolled_out: Sandbox, prober: Deployer) -> None:
    ran = prober("doctor", "--probe", "300000000001/us-east-1")
    assert ran.exit_code == 0, (ran.out, ran.err)
    assert "refused and recorded" in ran.out
    assert "name-not-allowed" in ran.out
    assert "1 probe, 1 succeeded" in ran.out


def test_all_covered_accounts_and_regions_are_probed(rolled_out: Sandbox, prober: Deployer) -> None:
    ran = prober("doctor", "--probe", "all", "--json")
    assert ran.exit_code == 0, (ran.out, ran.err)
    assert len(ran.document["probes"]) == 14
    places = {(one["account"], one["region"]) for one in ran.document["probes"]}
    assert len(places) == 14
    assert not any(PROBE in repositories(rolled_out, account, region) for account, region in places)


def test_an_interrupted_probe_is_reported(rolled_out: Sandbox, prober: Deployer) -> None:
    rolled_out.client("events", account="400000000001").disable_rule(Name="deployer-forwarding")
    try:
        ran = prober("doctor", "--probe", "shop-dev/eu-west-1", "--timeout", "1")
    finally:
        rolled_out.client("events", account="400000000001").enable_rule(Name="deployer-forwarding")
    assert ran.exit_code == 2
    assert "no event arrived" in ran.out
    assert "deployer failures list" in ran.out


def test_a_probe_does_not_touch_repositories_of_others(rolled_out: Sandbox, prober: Deployer) -> None:
    ecr = rolled_out.client("ecr", account="400000000002")
    ecr.create_repository(repositoryName=PROBE)
    try:
        ran = prober("doctor", "--probe", "search-dev/eu-west-1")
        assert ran.exit_code == 2
        assert "could not be requested" in ran.out
        assert repositories(rolled_out, "400000000002") == [PROBE]
    finally:
        ecr.delete_repository(repositoryName=PROBE)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("shop-prod/eu-central-1", "Covered there: shop-prod/eu-west-1, shop-prod/us-east-1."),
        ("alice-sandbox/eu-west-1", "deployer status"),
        ("nobody/eu-west-1", "no account of the organization"),
        ("shop-prod", "names no region"),
    ],
    ids=["another region", "an account that is not enabled", "an unknown account", "no region"],
)
def test_a_target_that_is_not_covered_is_refused(prober: Deployer, target: str, message: str) -> None:
    ran = prober("doctor", "--probe", target)
    assert ran.exit_code == 11
    assert message in ran.err

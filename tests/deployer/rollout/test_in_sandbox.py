"""Roll-outs of the example organization in the sandbox: what is in each account and region afterwards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.sqs.models import sqs_backends

from aws_org_sandbox import deleted_names
from aws_org_sandbox.faults import Error, Fault, Moment
from aws_org_sandbox.sandbox import Sandbox
from deployer.aws.preconditions import check_regions
from deployer.composition import assembly
from sandbox.tests.stacks import trust
from tests.deployer.command_line import CONFIG, Deployer, Ran, writes
from tests.deployer.json_documents import check_lines
from tests.deployer.unwatched import unwatched

CREATOR, FORWARDER = "deployer-creator", "deployer-forwarding"
RULE, QUEUE = "deployer-forwarding", "deployer-forwarding-dead-letters"
REGIONS = ("eu-west-1", "us-east-1", "eu-central-1")
MANAGEMENT, CENTRAL, NETWORK = "100000000000", "200000000001", "200000000002"
SEARCH_PROD, PROD_OU, DEV_OU = "300000000002", "ou-exam-prod0001", "ou-exam-dev00001"

EXPECTED = {
    CENTRAL: {"eu-west-1"},
    NETWORK: {"eu-west-1", "eu-central-1"},
    "200000000003": {"eu-west-1"},
    "300000000001": {"eu-west-1", "us-east-1"},
    SEARCH_PROD: {"eu-west-1", "us-east-1"},
    "300000000003": {"eu-west-1", "us-east-1"},
    "300000000004": {"eu-west-1", "us-east-1"},
    "400000000001": {"eu-west-1"},
    "400000000002": {"eu-west-1"},
}


DEV = ("--ou", "Workloads/Dev")
"""The scope with the fewest instances, for what does not depend on their number."""
IN_DEV = {account: EXPECTED[account] for account in ("400000000001", "400000000002")}


def installed(sandbox: Sandbox) -> dict[str, set[str]]:
    """Accounts with both roles, and the regions in which they have rule and queue; only one of two fails.

    Read in the sandbox's memory: by calls, it would take as long as a plan.
    """
    found: dict[str, set[str]] = {}
    for account in sandbox.organization.accounts:
        roles = {role.name for role in iam_backends[account]["aws"].roles.values()}
        assert (CREATOR in roles) == (FORWARDER in roles)
        regions = {region for region in REGIONS if _is_forwarding(account, region)}
        assert CREATOR in roles or not regions
        if CREATOR in roles:
            found[account] = regions
    return found


def _is_forwarding(account: str, region: str) -> bool:
    has_rule = RULE in events_backends[account][region].event_buses["default"].rules
    assert has_rule == (QUEUE in sqs_backends[account][region].queues)
    return has_rule


@pytest.fixture
def deployer(sandbox: Sandbox) -> Deployer:
    return Deployer(sandbox)


def roll_out(sandbox: Sandbox) -> None:
    ran = Deployer(sandbox)("rollout", "--org", "--yes")
    assert ran.exit_code == 0, ran
    assert max(len(line) for line in (*ran.out.splitlines(), *ran.err.splitlines())) <= 80
    sandbox.settle()
    sandbox.calls.clear()


begins_rolled_out = pytest.mark.begins_with(prepare=roll_out)
"""With the whole central stack, for tests of it; those of roll-outs begin with a small one."""


def roll_out_with_a_small_central_stack(sandbox: Sandbox) -> None:
    with unwatched():
        roll_out(sandbox)


begins_small = pytest.mark.begins_with(prepare=roll_out_with_a_small_central_stack)
pytestmark = pytest.mark.usefixtures("small_central_stack")


def _edited(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """A copy of the config folder with one change."""
    config = tmp_path / "config"
    if not config.exists():
        shutil.copytree(CONFIG, config)
    text = (config / file).read_text()
    assert old in text
    (config / file).write_text(text.replace(old, new))
    return config


@begins_small
def test_the_desired_state_is_in_every_account_and_region_and_in_no_other(deployer: Deployer) -> None:
    sandbox = deployer.sandbox
    assert installed(sandbox) == EXPECTED
    function = sandbox.client("lambda").get_function(FunctionName="deployer-handler")["Configuration"]
    assert function["Role"] == f"arn:aws:iam::{CENTRAL}:role/deployer-handler"
    assert sandbox.client("dynamodb").describe_table(TableName="deployer-ledger")["Table"]["TableStatus"] == "ACTIVE"
    target = sandbox.client("events", account=SEARCH_PROD, region="us-east-1").list_targets_by_rule(Rule=RULE)
    assert target["Targets"][0]["Arn"] == f"arn:aws:events:eu-west-1:{CENTRAL}:event-bus/deployer-events"


@begins_small
def test_a_second_roll_out_reports_no_changes_and_writes_nothing(deployer: Deployer) -> None:
    ran = deployer("rollout", "--org")
    assert ran.exit_code == 0
    assert "Nothing to change in the whole organization." in ran.out
    assert writes(deployer.sandbox) == []
    assert deployer("plan").exit_code == 0
    assert deployer("status").exit_code == 0


def test_a_plan_reports_changes_and_changes_nothing(deployer: Deployer) -> None:
    ran = deployer("plan")
    assert ran.exit_code == 2
    assert "+ StackSet deployer-forwarding" in ran.out
    assert "Workloads/Prod/Payments: 2 accounts, 6 stack instances in" in ran.out
    assert "suspended: 1 account in 1 OU" in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80
    assert writes(deployer.sandbox) == []
    document = deployer("plan", "--json").document
    created = {
        (one["account"], one["region"])
        for stack_set in document["stack_sets"]
        if stack_set["name"] == "deployer-forwarding"
        for operation in stack_set["instances"]["create"]
        for one in operation["instances"]
    }
    assert created == {(account, region) for account, regions in EXPECTED.items() for region in regions}


def test_nothing_is_written_without_a_confirmation(deployer: Deployer) -> None:
    ran = deployer("rollout", "--org")
    assert ran.exit_code == 10
    assert "--yes" in ran.err
    assert writes(deployer.sandbox) == []


def test_a_failed_account_is_reported_with_region_and_reason_and_the_rest_is_completed(deployer: Deployer) -> None:
    sandbox = deployer.sandbox
    iam = sandbox.client("iam", account=SEARCH_PROD)
    iam.create_role(RoleName=CREATOR, AssumeRolePolicyDocument=json.dumps(trust({"AWS": SEARCH_PROD})))
    scope = ("--account", SEARCH_PROD, "--account", "400000000001")
    ran = deployer("rollout", *scope, "--yes", "--json")
    assert ran.exit_code == 1, ran
    (failure,) = ran.document["outcome"]["failures"]
    assert (failure["account"], failure["name"], failure["ou"]) == (SEARCH_PROD, "search-prod", "Workloads/Prod")
    assert failure["region"] == "eu-west-1"
    assert CREATOR in failure["reason"]
    assert "delete or rename it" in failure["next_step"]
    iam.delete_role(RoleName=CREATOR)
    status = deployer("status", *scope)
    shown = " ".join(status.out.split())
    assert status.exit_code == 2
    assert "1 failed in 1 account: CreatorRole (AWS::IAM::Role)" in shown
    assert "delete or rename it. Then `deployer rollout --only-failed`" in shown
    assert "Workloads/Prod: search-prod (300000000002) in eu-west-1 (deployer-access)" in shown
    again = deployer("rollout", *scope, "--yes")
    assert again.exit_code == 0, again
    assert installed(sandbox) == {account: EXPECTED[account] for account in (SEARCH_PROD, "400000000001")}


def test_dependent_steps_do_not_run_if_all_accounts_fail(deployer: Deployer) -> None:
    deployer.sandbox.faults.add(
        Fault(
            effect=Error(code="ServiceFailure", message="IAM is down"),
            service="iam",
            operation="CreateRole",
            principal="*stacksets-exec*",
        )
    )
    ran = deployer("rollout", *DEV, "--yes")
    assert ran.exit_code == 1, ran
    assert "StackSet deployer-forwarding" in ran.out.split("not run")[1]
    deployer.sandbox.faults.clear()
    assert deployer("rollout", *DEV, "--yes").exit_code == 0
    assert installed(deployer.sandbox) == IN_DEV


def test_the_next_run_continues_after_credentials_expired_midway(deployer: Deployer) -> None:
    """Each call took effect, but its response is lost: the worst moment for an interruption."""
    expired = Error(code="ExpiredToken", message="The security token included in the request is expired")
    for operation in ("ExecuteChangeSet", "CreateStackSet", "CreateStackInstances", "DescribeStackSetOperation"):
        deployer.sandbox.faults.add(
            Fault(
                effect=expired,
                service="cloudformation",
                operation=operation,
                principal="*administrator",
                moment=Moment.AFTER,
            )
        )
        cut_off = deployer("rollout", *DEV, "--yes")
        deployer.sandbox.faults.clear()
        assert cut_off.exit_code == 4, cut_off
        assert "ExpiredToken" in cut_off.out
    again = deployer("rollout", *DEV, "--yes")
    assert again.exit_code == 0, again
    assert installed(deployer.sandbox) == IN_DEV


def test_a_central_stack_whose_creation_failed_is_deleted_and_created_again(deployer: Deployer) -> None:
    deployer.sandbox.faults.add(
        Fault(effect=Error(code="ServiceException", message="Lambda is down", status=500), operation="CreateFunction")
    )
    failed = deployer("rollout", *DEV, "--yes")
    assert failed.exit_code == 1, failed
    assert "Lambda is down" in failed.out
    assert installed(deployer.sandbox) == {}
    deployer.sandbox.faults.clear()
    again = deployer("rollout", *DEV, "--yes")
    assert again.exit_code == 0, again
    assert "± stack deployer-central" in again.out
    assert installed(deployer.sandbox) == IN_DEV


@begins_small
def test_a_new_account_is_covered_without_another_roll_out(deployer: Deployer) -> None:
    sandbox = deployer.sandbox
    account = sandbox.create_account("new-prod", PROD_OU)
    sandbox.settle()
    assert installed(sandbox) == EXPECTED | {account.id: {"eu-west-1", "us-east-1"}}
    plan = deployer("plan", "--json").document
    assert all(not stack_set["instances"]["create"] for stack_set in plan["stack_sets"])


@begins_small
def test_a_moved_account_gets_the_regions_of_its_new_ou(deployer: Deployer) -> None:
    sandbox = deployer.sandbox
    sandbox.move_account(SEARCH_PROD, DEV_OU)
    sandbox.settle()
    ran = deployer("rollout", "--org", "--yes")
    assert ran.exit_code == 0, ran
    assert installed(sandbox) == EXPECTED | {SEARCH_PROD: {"eu-west-1"}}
    assert deployer("plan").exit_code == 0


@begins_small
def test_an_ou_that_is_no_longer_enabled_is_cleaned_up_once_the_deletion_is_allowed(
    deployer: Deployer, tmp_path: Path
) -> None:
    sandbox = deployer.sandbox
    config = _edited(tmp_path, "ous/workloads/payments.yaml", "create:", "enabled: false\ncreate:")
    without_payments = Deployer(sandbox, config=config)
    refused = without_payments("rollout", "--org", "--yes")
    assert refused.exit_code == 10
    assert "--allow-delete 6" in refused.err
    assert "DELETES" in refused.out
    assert writes(sandbox) == ["cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"]
    allowed = without_payments("rollout", "--org", "--yes", "--allow-delete", "6")
    assert allowed.exit_code == 0, allowed
    assert installed(sandbox) == {
        account: regions for account, regions in EXPECTED.items() if account not in {"300000000003", "300000000004"}
    }
    assert without_payments("plan").exit_code == 0


def test_instances_that_aws_adds_to_a_disabled_ou_are_predicted_and_removed(sandbox: Sandbox, tmp_path: Path) -> None:
    config = _edited(tmp_path, "ous/workloads/payments.yaml", "create:", "enabled: false\ncreate:")
    deployer, prod = Deployer(sandbox, config=config), ("--ou", "Workloads/Prod")
    shown = deployer("rollout", *prod, "--yes")
    assert shown.exit_code == 0
    assert "AWS then adds new accounts of Workloads/Prod/Payments" in " ".join(shown.out.split())
    before = installed(sandbox)
    account = sandbox.create_account("payments-new", "ou-exam-paym0001")
    sandbox.settle()
    assert account.id in installed(sandbox), "AWS does not heed account filters when it deploys automatically"
    assert deployer("rollout", *prod, "--yes", "--allow-delete", "3").exit_code == 0
    assert installed(sandbox) == before


def test_a_scoped_roll_out_touches_only_its_scope_and_one_of_a_region_adds_the_roles_that_it_needs_and_deletes_none(
    deployer: Deployer, tmp_path: Path
) -> None:
    sandbox, one_region = deployer.sandbox, ("rollout", "--ou", "Workloads", "--region", "us-east-1", "--yes")
    ran = deployer("rollout", "--account", "400000000001", "--account", NETWORK, "--yes")
    assert ran.exit_code == 0, ran
    first = {account: EXPECTED[account] for account in ("400000000001", NETWORK)}
    assert installed(sandbox) == first
    assert deployer(*one_region).exit_code == 0
    prod = (account for account, regions in EXPECTED.items() if "us-east-1" in regions)
    assert installed(sandbox) == first | {account: {"us-east-1"} for account in prod}
    assert deployer("status", "--ou", "Workloads", "--region", "us-east-1").exit_code == 0
    assert deployer("rollout", "--org", "--yes").exit_code == 0
    assert installed(sandbox) == EXPECTED
    assert deployer("plan").exit_code == 0
    off = Deployer(
        sandbox, config=_edited(tmp_path, "ous/workloads/payments.yaml", "create:", "enabled: false\ncreate:")
    )
    assert off(*one_region, "--allow-delete", "2").exit_code == 0
    assert installed(sandbox) == EXPECTED | {account: {"eu-west-1"} for account in ("300000000003", "300000000004")}
    assert off("rollout", "--org", "--yes", "--allow-delete", "4").exit_code == 0
    assert not installed(sandbox).keys() & {"300000000003", "300000000004"}


@begins_small
def test_destroy_keeps_the_ledger_and_a_roll_out_adopts_it_again(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deleted_names, "SECONDS", 0.0)  # as if a minute lay between two runs
    sandbox = deployer.sandbox
    ran = deployer("destroy", "--yes", "--json", "--log-format", "json")
    assert ran.exit_code == 0, ran
    events = check_lines(ran.err, last="destroy-ended")
    assert events[-1]["instances"] == ran.document["instances"] == sum(map(len, EXPECTED.values())) + len(EXPECTED)
    assert {"step-started", "operation-progress", "stack-event"} <= {event["event"] for event in events}
    assert installed(sandbox) == {}
    assert sandbox.client("dynamodb").list_tables()["TableNames"] == ["deployer-ledger"]
    assert sandbox.client("lambda").list_functions()["Functions"] == []
    assert [bucket["Name"] for bucket in sandbox.client("s3").list_buckets()["Buckets"]] == []
    nothing = deployer("destroy", "--yes", "--json", "--log-format", "json")
    assert (nothing.exit_code, nothing.document["outcome"]) == (0, None)
    assert len(check_lines(nothing.err, last="destroy-ended")) == 1
    again = deployer("rollout", *DEV, "--yes")
    assert again.exit_code == 0, again
    assert installed(sandbox) == IN_DEV
    assert deployer("destroy", "--yes", "--delete-ledger").exit_code == 0
    assert sandbox.client("dynamodb").list_tables()["TableNames"] == []


def _management_config(tmp_path: Path) -> Path:
    config = _edited(tmp_path, "organization.yaml", '"200000000001"', f'"{MANAGEMENT}"')
    (config / "accounts").mkdir(exist_ok=True)
    (config / "accounts" / f"{MANAGEMENT}.yaml").write_text("enabled: true\nregions: [eu-west-1, us-east-1]\n")
    return config


@pytest.fixture
def few_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer regions are enabled: companion stacks are looked for in all."""
    monkeypatch.setattr(
        assembly,
        "check_regions",
        lambda *arguments, **options: {
            region: how for region, how in check_regions(*arguments, **options).items() if region in REGIONS
        },
    )


@pytest.mark.usefixtures("few_regions")
def test_the_management_account_as_operator_covers_itself_with_companion_stacks(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = _management_config(tmp_path)
    deployer = Deployer(sandbox, config=config, account=MANAGEMENT)
    scope = (*DEV, "--account", MANAGEMENT)
    ran = deployer("rollout", *scope, "--yes")
    assert ran.exit_code == 0, ran
    assert installed(sandbox) == IN_DEV | {MANAGEMENT: {"eu-west-1", "us-east-1"}}
    assert "SELF" in {call.parameters.get("CallAs") for call in sandbox.calls}
    watch = sandbox.client("lambda", account=MANAGEMENT).invoke(FunctionName="deployer-watch", Payload=b"{}")
    watched = json.loads(watch["Payload"].read())
    assert (watched["queues"], watched["unreadable"]) == (sum(map(len, installed(sandbox).values())), 0)
    sandbox.calls.clear()
    assert deployer("rollout", *scope).exit_code == 0
    assert writes(sandbox) == []
    assert deployer("plan", *DEV).exit_code == 0, "its own stacks are out of that scope"
    _damage_companions(deployer)
    narrowed = _edited(tmp_path, f"accounts/{MANAGEMENT}.yaml", ", us-east-1", "")
    assert Deployer(sandbox, config=narrowed, account=MANAGEMENT)("rollout", *scope, "--yes").exit_code == 0
    assert installed(sandbox)[MANAGEMENT] == {"eu-west-1"}
    assert deployer("destroy", "--yes").exit_code == 0
    assert installed(sandbox) == {}


def _damage_companions(deployer: Deployer) -> None:
    """Change resources of companion stacks without CloudFormation: each change is reported and repaired."""
    sandbox, scope = deployer.sandbox, ("--account", MANAGEMENT, "--deep")
    iam = sandbox.client("iam", account=MANAGEMENT)
    events = sandbox.client("events", account=MANAGEMENT, region="us-east-1")

    def damage() -> dict[tuple[str, str], str]:
        stacks = deployer("status", *scope, "--json").document["stacks"]
        return {(one["name"], one["region"]): "; ".join(one["damage"]) for one in stacks if one["damage"]}

    events.disable_rule(Name=RULE)
    iam.put_role_policy(RoleName=CREATOR, PolicyName="more", PolicyDocument=denying_everything())
    assert damage() == {
        ("deployer-forwarding", "us-east-1"): "event rule deployer-forwarding is disabled",
        ("deployer-access", "eu-west-1"): "policy more was added to role deployer-creator",
    }
    ran = deployer("rollout", *scope, "--yes", "--allow-delete", "9")
    assert (ran.exit_code, "REPAIRS it" in ran.out, "`deployer status --deep` lists" in " ".join(ran.out.split())) == (
        1, True, True,
    ), ran  # fmt: skip
    assert events.describe_rule(Name=RULE)["State"] == "ENABLED"
    (command,) = (line for line in ran.out.splitlines() if "aws iam delete-role-policy" in line)
    assert command.split()[-1] == "more"
    iam.delete_role_policy(RoleName=CREATOR, PolicyName="more")
    assert deployer("status", *scope).exit_code == 0


def denying_everything() -> str:
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize("command", [("plan",), ("rollout", "--org", "--yes"), ("status",), ("destroy", "--yes")])
def test_another_account_than_the_central_one_is_refused(sandbox: Sandbox, command: tuple[str, ...]) -> None:
    _refused(Deployer(sandbox, account=NETWORK)(*command), 16, "central account is 200000000001")
    assert writes(sandbox) == []


def test_another_organization_than_in_the_config_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    config = _edited(tmp_path, "organization.yaml", "o-exampleorg1", "o-another0001")
    _refused(Deployer(sandbox, config=config)("rollout", "--org", "--yes"), 17, "o-another0001")
    assert writes(sandbox) == []


def test_an_account_that_may_not_manage_stack_sets_gets_the_command_that_registers_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = _edited(tmp_path, "organization.yaml", "200000000001", NETWORK)
    sandbox.client("organizations", account=MANAGEMENT).register_delegated_administrator(
        AccountId=NETWORK, ServicePrincipal="config.amazonaws.com"
    )
    ran = Deployer(sandbox, config=config, account=NETWORK)("rollout", "--org", "--yes")
    _refused(ran, 5, "register-delegated-administrator")


def test_missing_trusted_access_is_reported_with_the_command_that_enables_it(sandbox: Sandbox) -> None:
    sandbox.client("cloudformation", account=MANAGEMENT).deactivate_organizations_access()
    _refused(Deployer(sandbox)("rollout", "--org", "--yes"), 5, "activate-organizations-access")


@pytest.mark.usefixtures("without_waiting")
def test_a_sandbox_that_is_not_running_is_named(sandbox: Sandbox) -> None:
    deployer = Deployer(sandbox)
    deployer.environment = {**deployer.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    _refused(deployer("plan"), 7, "deployer sandbox start")


def test_an_ou_or_region_that_does_not_exist_is_refused_with_the_nearest(deployer: Deployer) -> None:
    _refused(deployer("rollout", "--ou", "Workloads/Pord", "--yes"), 11, "Did you mean Workloads/Prod?")
    _refused(deployer("plan", "--region", "us-east-9"), 11, "Did you mean us-east-")


def _refused(ran: Ran, exit_code: int, part: str) -> None:
    assert ran.exit_code == exit_code, ran
    assert part in ran.err
    assert "Traceback" not in ran.err

"""StackSets through the API, as a delegated administrator uses them; tests assert the resulting accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox import background
from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import LAMBDA_TRUST, allow, arn_of, assume, deploy, role

HOME = "eu-west-1"
PROD, PAYMENTS, WORKLOADS, DEV = "ou-exam-prod0001", "ou-exam-paym0001", "ou-exam-work0001", "ou-exam-dev00001"
SUSPENDED = "ou-exam-susp0001"
SHOP, SEARCH, PAYMENTS_PROD, LEDGER = "300000000001", "300000000002", "300000000003", "300000000004"


def template(queue: str = "from-stack-set", **properties: Any) -> str:
    resource = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": queue, **properties}}
    return json.dumps({"Resources": {"Queue": resource}})


class StackSets:
    """The StackSets of an administrator, with the options that every call needs."""

    def __init__(self, sandbox: Sandbox, *, account: str | None = None, call_as: str = "DELEGATED_ADMIN") -> None:
        self.sandbox = sandbox
        self.client = sandbox.client("cloudformation", account=account)
        self.call_as = call_as

    def create(self, name: str = "queues", body: str | None = None, **options: Any) -> str:
        options = {
            "PermissionModel": "SERVICE_MANAGED",
            "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
            "CallAs": self.call_as,
        } | options
        stack_set_id: str = self.client.create_stack_set(StackSetName=name, TemplateBody=body or template(), **options)[
            "StackSetId"
        ]
        return stack_set_id

    def deploy(self, *ous: str, regions: tuple[str, ...] = (HOME,), name: str = "queues", **options: Any) -> str:
        operation_id: str = self.client.create_stack_instances(
            **{"StackSetName": name, "CallAs": self.call_as, **targets(*ous, regions=regions), **options}
        )["OperationId"]
        return operation_id

    def remove(self, *ous: str, regions: tuple[str, ...] = (HOME,), name: str = "queues", **options: Any) -> str:
        options = {"RetainStacks": False, "CallAs": self.call_as} | options
        operation_id: str = self.client.delete_stack_instances(
            **{"StackSetName": name, **targets(*ous, regions=regions), **options}
        )["OperationId"]
        return operation_id

    def update(self, body: str, name: str = "queues", **options: Any) -> str:
        operation_id: str = self.client.update_stack_set(
            StackSetName=name, TemplateBody=body, CallAs=self.call_as, **options
        )["OperationId"]
        return operation_id

    def status(self, operation_id: str, name: str = "queues") -> str:
        answer = self.client.describe_stack_set_operation(
            StackSetName=name, OperationId=operation_id, CallAs=self.call_as
        )
        status: str = answer["StackSetOperation"]["Status"]
        return status

    def results(self, operation_id: str, name: str = "queues") -> dict[tuple[str, str], str]:
        return {(one["Account"], one["Region"]): one["Status"] for one in self.summaries(operation_id, name)}

    def summaries(self, operation_id: str, name: str = "queues") -> list[dict[str, Any]]:
        answer = self.client.list_stack_set_operation_results(
            StackSetName=name, OperationId=operation_id, CallAs=self.call_as
        )
        summaries: list[dict[str, Any]] = answer["Summaries"]
        return summaries

    def instances(self, name: str = "queues") -> dict[tuple[str, str], dict[str, Any]]:
        answer = self.client.list_stack_instances(StackSetName=name, CallAs=self.call_as)
        return {(one["Account"], one["Region"]): one for one in answer["Summaries"]}

    def accounts(self, name: str = "queues") -> set[str]:
        return {account for account, _ in self.instances(name)}


def targets(*ous: str, regions: tuple[str, ...]) -> dict[str, Any]:
    return {"DeploymentTargets": {"OrganizationalUnitIds": list(ous)}, "Regions": list(regions)}


def queues(sandbox: Sandbox, account: str, region: str = HOME) -> list[str]:
    urls = sandbox.client("sqs", account=account, region=region).list_queues().get("QueueUrls", [])
    return sorted(url.rpartition("/")[2] for url in urls)


@pytest.fixture
def stack_sets(sandbox: Sandbox) -> StackSets:
    return StackSets(sandbox)


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_nested_ous_are_deployed_to_and_nothing_else(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    with sandbox.held():
        operation = stack_sets.deploy(PROD, regions=(HOME, "us-east-1"))
        assert stack_sets.status(operation) == "RUNNING"
    sandbox.settle()
    assert stack_sets.status(operation) == "SUCCEEDED"
    for account in (SHOP, SEARCH, PAYMENTS_PROD, LEDGER):
        assert queues(sandbox, account) == ["from-stack-set"]
        assert queues(sandbox, account, "us-east-1") == ["from-stack-set"]
    assert queues(sandbox, "300000000005") == []
    assert {one["Status"] for one in stack_sets.instances().values()} == {"CURRENT"}
    assert {one["OrganizationalUnitId"] for one in stack_sets.summaries(operation)} == {PROD}


def test_the_root_covers_all_but_the_management_account(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    stack_sets.deploy("r-exam")
    sandbox.settle()
    assert stack_sets.accounts() == set(sandbox.organization.accounts) - {"100000000000"}


def test_an_opt_in_region_must_be_enabled_in_the_target_and_in_the_management_account(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    abroad = "me-central-1"
    shop = {"OrganizationalUnitIds": [PROD], "Accounts": [SHOP], "AccountFilterType": "INTERSECTION"}
    stack_sets.create()
    for account in (SHOP, sandbox.organization.management_account_id):
        operation = stack_sets.deploy(regions=(abroad,), DeploymentTargets=shop)
        sandbox.settle()
        (summary,) = stack_sets.summaries(operation)
        assert f"{abroad} is not enabled in account {account}" in summary["StatusReason"]
        sandbox.enable_region(account, abroad)
    operation = stack_sets.deploy(regions=(abroad,), DeploymentTargets=shop)
    sandbox.settle()
    assert stack_sets.results(operation) == {(SHOP, abroad): "SUCCEEDED"}


def test_the_region_of_a_stack_set_must_be_enabled_in_the_management_account(sandbox: Sandbox) -> None:
    abroad = "me-central-1"
    sandbox.enable_region(sandbox.central_account, abroad)
    stack_sets = StackSets(sandbox)
    stack_sets.client = sandbox.client("cloudformation", region=abroad)
    with pytest.raises(ClientError, match="not enabled in the management account"):
        stack_sets.create()
    sandbox.enable_region(sandbox.organization.management_account_id, abroad)
    assert stack_sets.create()


def test_suspended_accounts_are_skipped_and_are_not_failures(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    operation = stack_sets.deploy(SUSPENDED)
    sandbox.settle()
    assert stack_sets.status(operation) == "SUCCEEDED"
    (instance,) = stack_sets.instances().values()
    assert instance["StackInstanceStatus"]["DetailedStatus"] == "SKIPPED_SUSPENDED_ACCOUNT"
    assert instance["Status"] == "OUTDATED"


def test_an_update_changes_the_resources_of_every_instance(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    stack_sets.deploy(DEV)
    sandbox.settle()
    stack_sets.update(template("renamed"))
    sandbox.settle()
    assert queues(sandbox, "400000000001") == ["renamed"]
    assert {one["Status"] for one in stack_sets.instances().values()} == {"CURRENT"}


def test_instances_that_an_update_leaves_out_are_outdated(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    stack_sets.deploy(DEV, PAYMENTS)
    sandbox.settle()
    stack_sets.update(template("renamed"), **targets(DEV, regions=(HOME,)))
    sandbox.settle()
    statuses = {account: one["Status"] for (account, _), one in stack_sets.instances().items()}
    assert statuses == {
        "400000000001": "CURRENT",
        "400000000002": "CURRENT",
        PAYMENTS_PROD: "OUTDATED",
        LEDGER: "OUTDATED",
    }


def test_removing_instances_deletes_their_stacks_unless_they_are_retained(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    stack_sets.create()
    stack_sets.deploy(DEV, PAYMENTS)
    sandbox.settle()
    stack_sets.remove(DEV)
    sandbox.settle()
    stack_sets.remove(PAYMENTS, RetainStacks=True)
    sandbox.settle()
    assert stack_sets.instances() == {}
    assert queues(sandbox, "400000000001") == []
    assert queues(sandbox, LEDGER) == ["from-stack-set"]


def test_a_failure_beyond_the_tolerance_cancels_the_rest_and_later_regions(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    sandbox.client("sqs", account=SHOP).create_queue(QueueName="from-stack-set", Attributes={"DelaySeconds": "7"})
    stack_sets.create()
    operation = stack_sets.deploy(PROD, regions=(HOME, "us-east-1"))
    sandbox.settle()
    assert stack_sets.status(operation) == "FAILED"
    results = stack_sets.results(operation)
    assert results.pop((SHOP, HOME)) == "FAILED"
    assert set(results.values()) == {"CANCELLED"}
    assert queues(sandbox, SEARCH) == []
    assert stack_sets.instances()[SHOP, HOME]["Status"] == "OUTDATED"
    (reason,) = (one["StatusReason"] for one in stack_sets.summaries(operation) if one["Status"] == "FAILED")
    assert reason.startswith("ResourceLogicalId:Queue, ResourceType:AWS::SQS::Queue, ResourceStatusReason:")


@pytest.mark.parametrize("mode", ["STRICT_FAILURE_TOLERANCE", "SOFT_FAILURE_TOLERANCE"])
def test_failures_within_the_tolerance_let_the_operation_succeed(
    sandbox: Sandbox, stack_sets: StackSets, mode: str
) -> None:
    fault = sandbox.faults.add(
        Fault(service="sqs", operation="CreateQueue", account=SHOP, effect=Error(code="InternalError"))
    )
    stack_sets.create()
    preferences = {"FailureTolerancePercentage": 25, "MaxConcurrentPercentage": 100, "ConcurrencyMode": mode}
    operation = stack_sets.deploy(PROD, OperationPreferences=preferences)
    sandbox.settle()
    assert fault.hits
    assert stack_sets.status(operation) == "SUCCEEDED"
    results = stack_sets.results(operation)
    assert results.pop((SHOP, HOME)) == "FAILED"
    assert set(results.values()) == {"SUCCEEDED"}


def test_percentages_round_down(sandbox: Sandbox, stack_sets: StackSets) -> None:
    sandbox.faults.add(Fault(service="sqs", operation="CreateQueue", account=SHOP, effect=Error(code="InternalError")))
    stack_sets.create()
    operation = stack_sets.deploy(PROD, OperationPreferences={"FailureTolerancePercentage": 24})
    sandbox.settle()
    assert stack_sets.status(operation) == "FAILED"


def test_a_second_operation_at_a_time_is_refused(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    with sandbox.held():
        stack_sets.deploy(DEV)
        with pytest.raises(ClientError) as error:
            stack_sets.deploy(PAYMENTS)
        assert refusal(error) == "OperationInProgressException"
        with pytest.raises(ClientError) as error:
            stack_sets.client.delete_stack_set(StackSetName="queues", CallAs="DELEGATED_ADMIN")
        assert refusal(error) == "OperationInProgressException"


def test_managed_execution_queues_concurrent_operations(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create(ManagedExecution={"Active": True})
    with sandbox.held():
        first, second = stack_sets.deploy(DEV), stack_sets.deploy(PAYMENTS)
        assert stack_sets.status(second) == "QUEUED"
    sandbox.settle()
    assert [stack_sets.status(first), stack_sets.status(second)] == ["SUCCEEDED", "SUCCEEDED"]


def test_an_operation_id_cannot_be_reused(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    first = stack_sets.deploy(DEV, OperationId="once")
    assert stack_sets.deploy(DEV, OperationId="once") == first == "once"
    sandbox.settle()
    with pytest.raises(ClientError) as error:
        stack_sets.deploy(PAYMENTS, OperationId="once")
    assert refusal(error) == "OperationIdAlreadyExistsException"


def test_a_stopped_operation_cancels_instances_that_have_not_started(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    with sandbox.held():
        operation = stack_sets.deploy("r-exam", regions=(HOME, "us-east-1"))
        stack_sets.client.stop_stack_set_operation(
            StackSetName="queues", OperationId=operation, CallAs="DELEGATED_ADMIN"
        )
    sandbox.settle()
    assert stack_sets.status(operation) == "STOPPED"
    assert "CANCELLED" in stack_sets.results(operation).values()
    with pytest.raises(ClientError) as error:
        stack_sets.client.stop_stack_set_operation(
            StackSetName="queues", OperationId=operation, CallAs="DELEGATED_ADMIN"
        )
    assert refusal(error) == "InvalidOperationException"


def test_only_an_empty_stack_set_is_deleted(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    stack_sets.deploy(DEV)
    sandbox.settle()
    with pytest.raises(ClientError) as error:
        stack_sets.client.delete_stack_set(StackSetName="queues", CallAs="DELEGATED_ADMIN")
    assert refusal(error) == "StackSetNotEmptyException"
    stack_sets.remove(DEV)
    sandbox.settle()
    stack_sets.client.delete_stack_set(StackSetName="queues", CallAs="DELEGATED_ADMIN")
    with pytest.raises(ClientError) as error:
        stack_sets.client.describe_stack_set(StackSetName="queues", CallAs="DELEGATED_ADMIN")
    assert refusal(error) == "StackSetNotFoundException"


def test_a_failed_deletion_makes_the_instance_inoperable_and_updates_skip_it(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    stack_sets.create()
    stack_sets.deploy(DEV)
    sandbox.settle()
    fault = Fault(service="sqs", operation="DeleteQueue", account="400000000001", effect=Error(code="InternalError"))
    sandbox.faults.add(fault)
    operation = stack_sets.remove(DEV, OperationPreferences={"FailureToleranceCount": 1})
    sandbox.settle()
    sandbox.faults.clear()
    assert stack_sets.status(operation) == "SUCCEEDED"
    (instance,) = stack_sets.instances().values()
    assert (instance["Account"], instance["Status"]) == ("400000000001", "INOPERABLE")
    update = stack_sets.update(template("renamed"))
    sandbox.settle()
    assert stack_sets.results(update) == {}


def test_an_update_with_the_same_template_outdates_the_omitted_instances(
    stack_sets: StackSets, sandbox: Sandbox
) -> None:
    stack_sets.create()
    stack_sets.deploy("ou-exam-prod0001")
    sandbox.settle()
    part: dict[str, Any] = {
        "DeploymentTargets": {
            "OrganizationalUnitIds": ["ou-exam-prod0001"],
            "Accounts": [SHOP],
            "AccountFilterType": "INTERSECTION",
        },
        "Regions": [HOME],
    }
    stack_sets.update(template(), **part)
    sandbox.settle()
    states = {account: instance["Status"] for (account, _), instance in stack_sets.instances().items()}
    assert states.pop(SHOP) == "CURRENT"
    assert set(states.values()) == {"OUTDATED"}
    stack_sets.client.update_stack_set(StackSetName="queues", UsePreviousTemplate=True, CallAs="DELEGATED_ADMIN")
    sandbox.settle()
    stack_sets.client.update_stack_set(
        StackSetName="queues", UsePreviousTemplate=True, CallAs="DELEGATED_ADMIN", **part
    )
    sandbox.settle()
    assert {instance["Status"] for instance in stack_sets.instances().values()} == {"CURRENT"}


def test_iam_resources_must_be_acknowledged(stack_sets: StackSets) -> None:
    role = {"RoleName": "named", "AssumeRolePolicyDocument": LAMBDA_TRUST}
    body = json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": role}}})
    for capabilities in ([], ["CAPABILITY_IAM"]):
        with pytest.raises(ClientError) as error:
            stack_sets.create(body=body, Capabilities=capabilities)
        assert refusal(error) == "InsufficientCapabilitiesException"
    stack_sets.create(body=body, Capabilities=["CAPABILITY_NAMED_IAM"])


def test_a_template_is_at_most_51200_bytes_inline(stack_sets: StackSets) -> None:
    with pytest.raises(ClientError, match="51200"):
        stack_sets.create(body=template() + " " * 51_200)


def test_a_repeated_creation_needs_the_same_token(stack_sets: StackSets) -> None:
    first = stack_sets.create(ClientRequestToken="token")
    assert stack_sets.create(ClientRequestToken="token") == first
    with pytest.raises(ClientError) as error:
        stack_sets.create(ClientRequestToken="another")
    assert refusal(error) == "NameAlreadyExistsException"


@pytest.mark.parametrize(
    ("account", "call_as", "message"),
    [
        pytest.param(
            "200000000001",
            "SELF",
            "management account or delegated admin",
            id="a delegated administrator without CallAs",
        ),
        pytest.param(
            "300000000001",
            "DELEGATED_ADMIN",
            "not a delegated administrator",
            id="a member as a delegated administrator",
        ),
        pytest.param(
            "100000000000",
            "DELEGATED_ADMIN",
            "not a delegated administrator",
            id="the management account as a delegated administrator",
        ),
    ],
)
def test_call_as_must_fit_the_caller(sandbox: Sandbox, account: str, call_as: str, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        StackSets(sandbox, account=account, call_as=call_as).create()


def test_a_delegated_administrator_needs_permission_to_list_delegated_administrators(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    stack_sets.create()
    central = sandbox.central_account
    callers = {
        "unable": role("unable", allow("cloudformation:*")),
        "able": role("able", allow(["cloudformation:*", "organizations:ListDelegatedAdministrators"])),
    }
    deploy({name.title(): made for name, made in callers.items()}, account=central, name="callers")
    clients = {
        name: sandbox.client_with(assume(sandbox, arn_of(name, central), account=central), "cloudformation")
        for name in callers
    }
    unable, able = clients["unable"], clients["able"]
    refused: tuple[Callable[[], Any], ...] = (
        lambda: unable.describe_organizations_access(CallAs="DELEGATED_ADMIN"),
        lambda: unable.list_stack_sets(CallAs="DELEGATED_ADMIN"),
        lambda: unable.list_stack_instances(StackSetName="queues", CallAs="DELEGATED_ADMIN"),
        lambda: unable.delete_stack_set(StackSetName="queues", CallAs="DELEGATED_ADMIN"),
    )
    for call in refused:
        with pytest.raises(ClientError, match="Account used is not a delegated administrator") as error:
            call()
        assert refusal(error) == "ValidationError"
    assert able.describe_organizations_access(CallAs="DELEGATED_ADMIN")["Status"] == "ENABLED"
    assert able.list_stack_instances(StackSetName="queues", CallAs="DELEGATED_ADMIN")["Summaries"] == []


def test_the_management_account_and_the_delegated_administrator_see_the_same_stack_sets(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    stack_set_id = stack_sets.create()
    management = sandbox.client("cloudformation", account="100000000000")
    assert [one["StackSetId"] for one in management.list_stack_sets()["Summaries"]] == [stack_set_id]
    assert stack_sets.client.list_stack_sets()["Summaries"] == []
    with pytest.raises(ClientError) as error:
        stack_sets.client.describe_stack_set(StackSetName="queues")
    assert refusal(error) == "StackSetNotFoundException"


def test_without_trusted_access_operations_are_refused(sandbox: Sandbox, stack_sets: StackSets) -> None:
    management = sandbox.client("cloudformation", account="100000000000")
    management.deactivate_organizations_access()
    assert management.describe_organizations_access()["Status"] == "DISABLED"
    with pytest.raises(ClientError, match="enable organizations access"):
        stack_sets.create()
    with pytest.raises(ClientError):
        stack_sets.client.activate_organizations_access()
    management.activate_organizations_access()
    assert stack_sets.client.describe_organizations_access(CallAs="DELEGATED_ADMIN")["Status"] == "ENABLED"
    stack_sets.create()


def test_a_new_account_is_deployed_to_automatically(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    stack_sets.deploy(PROD, regions=(HOME, "us-east-1"))
    sandbox.settle()
    account = sandbox.create_account("new-prod", PAYMENTS)
    sandbox.settle()
    assert queues(sandbox, account.id) == queues(sandbox, account.id, "us-east-1") == ["from-stack-set"]
    assert stack_sets.instances()[account.id, HOME]["OrganizationalUnitId"] == PROD


def test_changes_of_the_organization_are_processed_in_order_whichever_thread_is_first(
    sandbox: Sandbox, stack_sets: StackSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack_sets.create()
    stack_sets.deploy(DEV)
    sandbox.settle()
    reactions: list[Callable[[], None]] = []
    with monkeypatch.context() as patched:
        patched.setattr(background, "submit", lambda function, *given, **_: reactions.append(partial(function, *given)))
        account = sandbox.create_account("new-dev", DEV)  # joins in the root, then moves
    joined, moved = reactions
    moved()
    joined()
    sandbox.settle()
    assert queues(sandbox, account.id) == ["from-stack-set"]


def test_an_account_that_leaves_loses_its_stacks_and_one_that_moves_gets_the_regions_of_its_new_ou(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    stack_sets.create()
    stack_sets.deploy(PROD, regions=(HOME, "us-east-1"))
    sandbox.settle()
    stack_sets.deploy(DEV, regions=("eu-central-1", HOME))
    sandbox.settle()
    sandbox.move_account(SHOP, DEV)
    sandbox.settle()
    assert [queues(sandbox, SHOP, region) for region in (HOME, "us-east-1", "eu-central-1")] == [
        ["from-stack-set"],
        [],
        ["from-stack-set"],
    ]
    sandbox.move_account(SHOP, "ou-exam-sand0001")
    sandbox.settle()
    assert SHOP not in stack_sets.accounts()
    assert queues(sandbox, SHOP) == []


def test_retained_stacks_stay_in_an_account_that_leaves(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create(AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": True})
    stack_sets.deploy(DEV)
    sandbox.settle()
    sandbox.move_account("400000000001", "r-exam")
    sandbox.settle()
    assert "400000000001" not in stack_sets.accounts()
    assert queues(sandbox, "400000000001") == ["from-stack-set"]


@pytest.mark.parametrize("retains", [False, True], ids=["stacks are deleted", "stacks are retained"])
def test_an_account_that_leaves_the_organization_and_returns(
    sandbox: Sandbox, stack_sets: StackSets, retains: bool
) -> None:
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "topic"}}}})

    def topics() -> int:
        return len(sandbox.client("sns", account=SHOP).list_topics()["Topics"])

    stack_sets.create(body=body, AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": retains})
    stack_sets.deploy(PROD)
    sandbox.settle()
    sandbox.remove_account(SHOP)
    sandbox.settle()
    assert SHOP not in stack_sets.accounts()
    assert topics() == retains

    sandbox.readmit_account(SHOP)
    sandbox.settle()
    assert SHOP not in stack_sets.accounts()
    sandbox.move_account(SHOP, PROD)
    sandbox.settle()
    returned = stack_sets.instances()[SHOP, HOME]
    assert returned["Status"] == ("OUTDATED" if retains else "CURRENT")
    assert ("already exists in stack" in returned.get("StatusReason", "")) == retains
    assert topics() == 1


def test_without_auto_deployment_an_account_that_leaves_keeps_its_instance_and_becomes_unreachable(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    stack_sets.create(AutoDeployment={"Enabled": False})
    stack_sets.deploy(PROD)
    sandbox.settle()
    sandbox.remove_account(SHOP)
    sandbox.settle()
    assert stack_sets.instances()[SHOP, HOME]["Status"] == "CURRENT"
    operation = stack_sets.update(template(DelaySeconds=5))
    sandbox.settle()
    (failed,) = (one for one in stack_sets.summaries(operation) if one["Status"] == "FAILED")
    assert failed["StatusReason"].startswith(f"Account {SHOP} should have 'stacksets-exec-")
    released = stack_sets.remove(PROD, RetainStacks=True, **_named(PROD, accounts=(SHOP,)))
    sandbox.settle()
    assert stack_sets.results(released) == {(SHOP, HOME): "SUCCEEDED"}
    assert queues(sandbox, SHOP) == ["from-stack-set"]


def test_auto_deployment_ignores_account_filters_and_overrides(sandbox: Sandbox, stack_sets: StackSets) -> None:
    body = {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}},
    }
    stack_sets.create(body=json.dumps(body), Parameters=[{"ParameterKey": "Name", "ParameterValue": "plain"}])
    stack_sets.client.create_stack_instances(
        StackSetName="queues",
        DeploymentTargets={
            "OrganizationalUnitIds": [DEV],
            "Accounts": ["400000000001"],
            "AccountFilterType": "INTERSECTION",
        },
        Regions=[HOME],
        ParameterOverrides=[{"ParameterKey": "Name", "ParameterValue": "overridden"}],
        CallAs="DELEGATED_ADMIN",
    )
    sandbox.settle()
    assert (queues(sandbox, "400000000001"), queues(sandbox, "400000000002")) == (["overridden"], [])
    account = sandbox.create_account("new-dev", DEV)
    sandbox.settle()
    assert queues(sandbox, account.id) == ["plain"]


def test_auto_deployment_waits_for_the_dependencies_of_a_stack_set(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create("first")
    described = stack_sets.client.describe_stack_set(StackSetName="first", CallAs="DELEGATED_ADMIN")["StackSet"]
    depends = {"Enabled": True, "RetainStacksOnAccountRemoval": False, "DependsOn": [described["StackSetARN"]]}
    stack_sets.create("second", template("second"), AutoDeployment=depends)
    for name in ("second", "first"):
        stack_sets.deploy(DEV, name=name)
    sandbox.settle()
    fault = Fault(
        service="sqs",
        operation="CreateQueue",
        when=lambda call: call.parameters["QueueName"] == "from-stack-set",
        effect=Error(code="InternalError"),
    )
    sandbox.faults.add(fault)
    account = sandbox.create_account("new-dev", DEV)
    sandbox.settle()
    assert queues(sandbox, account.id) == []
    assert stack_sets.instances("second")[account.id, HOME]["StackInstanceStatus"]["DetailedStatus"] == "CANCELLED"


def test_auto_deployment_targets_are_the_ous_that_were_named(sandbox: Sandbox, stack_sets: StackSets) -> None:
    def listed() -> dict[str, list[str]]:
        answer = stack_sets.client.list_stack_set_auto_deployment_targets(
            StackSetName="queues", CallAs="DELEGATED_ADMIN"
        )
        return {one["OrganizationalUnitId"]: sorted(one["Regions"]) for one in answer["Summaries"]}

    stack_sets.create()
    stack_sets.deploy(DEV, PAYMENTS, regions=(HOME, "us-east-1"))
    sandbox.settle()
    assert listed() == {DEV: [HOME, "us-east-1"], PAYMENTS: [HOME, "us-east-1"]}
    stack_sets.remove(DEV, regions=(HOME,))
    sandbox.settle()
    assert listed() == {DEV: ["us-east-1"], PAYMENTS: [HOME, "us-east-1"]}


def test_an_ou_without_accounts_becomes_a_target(sandbox: Sandbox, stack_sets: StackSets) -> None:
    stack_sets.create()
    ou = sandbox.create_ou("Later", WORKLOADS)
    operation = stack_sets.deploy(ou.id)
    sandbox.settle()
    assert stack_sets.status(operation) == "SUCCEEDED"
    account = sandbox.create_account("late", ou.id)
    sandbox.settle()
    assert queues(sandbox, account.id) == ["from-stack-set"]


def test_an_scp_that_denies_a_service_fails_the_instances_below_it(sandbox: Sandbox, stack_sets: StackSets) -> None:
    organizations = sandbox.client("organizations", account="100000000000")
    statement = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = organizations.create_policy(Name="no-sqs", Description="", Type="SERVICE_CONTROL_POLICY", Content=content)
    organizations.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=PAYMENTS)
    stack_sets.create()
    preferences = {"FailureToleranceCount": 2, "MaxConcurrentCount": 3}
    operation = stack_sets.deploy(PROD, OperationPreferences=preferences)
    sandbox.settle()
    failed = {
        one["Account"]: one["StatusReason"] for one in stack_sets.summaries(operation) if one["Status"] == "FAILED"
    }
    assert set(failed) == {PAYMENTS_PROD, LEDGER}
    assert all("explicit deny in a service control policy" in reason for reason in failed.values())


@pytest.mark.parametrize(
    ("deployment_targets", "message"),
    [
        pytest.param({"Accounts": [SHOP]}, "can only have OrganizationalUnit as target", id="accounts without an OU"),
        pytest.param(
            {"OrganizationalUnitIds": [PROD], "Accounts": [SHOP]},
            "AccountFilterType should be specified",
            id="accounts without a filter",
        ),
        pytest.param(
            {"OrganizationalUnitIds": [PROD], "Accounts": [SHOP], "AccountFilterType": "UNION"},
            "UNION is not supported",
            id="a union",
        ),
        pytest.param({"OrganizationalUnitIds": [f"ou-exam-{n:08d}" for n in range(51)]}, "at most 50", id="51 OUs"),
        pytest.param({"OrganizationalUnitIds": ["ou-exam-nowhere1"]}, "does not exist", id="an unknown OU"),
    ],
)
def test_targets_that_aws_refuses_are_refused(
    stack_sets: StackSets, deployment_targets: dict[str, Any], message: str
) -> None:
    stack_sets.create()
    with pytest.raises(ClientError, match=message):
        stack_sets.client.create_stack_instances(
            StackSetName="queues", DeploymentTargets=deployment_targets, Regions=[HOME], CallAs="DELEGATED_ADMIN"
        )


def test_an_update_of_instances_must_name_its_targets(stack_sets: StackSets) -> None:
    stack_sets.create()
    with pytest.raises(ClientError, match="can only have OrganizationalUnit as target"):
        stack_sets.client.update_stack_instances(StackSetName="queues", Regions=["eu-west-1"], CallAs="DELEGATED_ADMIN")


def test_tags_with_the_aws_prefix_cannot_be_set(stack_sets: StackSets) -> None:
    with pytest.raises(ClientError, match="aws: prefixed tag key names are not allowed"):
        stack_sets.create(Tags=[{"Key": "aws:mine", "Value": "x"}])


def test_a_stack_set_does_not_wait_for_itself(stack_sets: StackSets, sandbox: Sandbox) -> None:
    stack_sets.create()
    arn = stack_sets.client.describe_stack_set(StackSetName="queues", CallAs="DELEGATED_ADMIN")["StackSet"][
        "StackSetARN"
    ]
    waiting = {"Enabled": True, "RetainStacksOnAccountRemoval": False, "DependsOn": [arn]}
    with pytest.raises(ClientError, match="cannot depend on itself"):
        stack_sets.update(template("renamed"), AutoDeployment=waiting)


def _named(*ous: str, accounts: tuple[str, ...], regions: tuple[str, ...] = (HOME,)) -> dict[str, Any]:
    named = {"OrganizationalUnitIds": list(ous), "Accounts": list(accounts), "AccountFilterType": "INTERSECTION"}
    return {"DeploymentTargets": named, "Regions": list(regions)}


def test_an_operation_on_a_missing_stack_set_or_instance_is_refused_and_does_not_start(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    stack_sets.create()
    stack_sets.deploy(PROD)
    sandbox.settle()
    stack_sets.client.create_stack_instances(
        StackSetName="queues", CallAs="DELEGATED_ADMIN", **_named(PROD, accounts=(SHOP,), regions=("us-east-1",))
    )
    sandbox.settle()
    options: dict[str, Any] = {"StackSetName": "queues", "CallAs": "DELEGATED_ADMIN"}
    calls: dict[str, Any] = {
        "UpdateStackSet": lambda **more: stack_sets.client.update_stack_set(
            TemplateBody=template("renamed"), **options, **more
        ),
        "UpdateStackInstances": lambda **more: stack_sets.client.update_stack_instances(**options, **more),
        "DeleteStackInstances": lambda **more: stack_sets.client.delete_stack_instances(
            RetainStacks=False, **options, **more
        ),
    }
    product = _named(PROD, accounts=(SHOP, LEDGER), regions=(HOME, "us-east-1"))
    for name, call in calls.items():
        for ou, account in ((WORKLOADS, SHOP), (PAYMENTS, LEDGER), (DEV, "400000000001")):
            with pytest.raises(ClientError, match=f"Organizational unit {ou} not found in StackSet"):
                call(**_named(ou, accounts=(account,)))
        expected = "does not know" if name == "DeleteStackInstances" else "StackInstanceNotFoundException"
        with pytest.raises(ClientError, match=expected):
            call(**product)
        with pytest.raises(ClientError, match="is in none of the OUs"):
            call(**_named(PROD, accounts=(SHOP, "400000000001")))
        with pytest.raises(ClientError, match=f"{PAYMENTS}, which is below {PROD}"):
            call(**_named(PROD, PAYMENTS, accounts=(SHOP,)))
    for whole in (targets(PROD, regions=("us-east-1",)), targets(WORKLOADS, regions=(HOME,))):
        with pytest.raises(ClientError):
            calls["UpdateStackSet"](**whole)
    assert {one["Status"] for one in stack_sets.instances().values()} == {"CURRENT"}
    stack_sets.update(template("renamed"), **_named(PROD, accounts=(SHOP,), regions=(HOME, "us-east-1")))
    sandbox.settle()
    assert (queues(sandbox, SHOP), queues(sandbox, SHOP, "us-east-1")) == (["renamed"], ["renamed"])


def test_a_repeated_deletion_returns_the_same_operation_after_the_instances_are_deleted(
    sandbox: Sandbox, stack_sets: StackSets
) -> None:
    stack_sets.create()
    stack_sets.deploy(DEV)
    sandbox.settle()
    once: dict[str, Any] = {
        "StackSetName": "queues",
        "CallAs": "DELEGATED_ADMIN",
        "OperationId": "once",
        "RetainStacks": False,
        **_named(DEV, accounts=("400000000001",)),
    }
    assert stack_sets.client.delete_stack_instances(**once)["OperationId"] == "once"
    sandbox.settle()
    assert stack_sets.client.delete_stack_instances(**once)["OperationId"] == "once"

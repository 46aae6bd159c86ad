"""The watch counts messages in members with a role that permits nothing else, and logs one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.events import buses
from aws_org_sandbox.metrics import metrics
from aws_org_sandbox.sandbox import Sandbox
from handler.clients import Clients
from handler.daily_inspection import SLICES, current_slice, slice_of
from handler.inspection import NOT_ASSUMED
from handler.settings_file import SettingsFile
from handler.stack_instances import StackSets
from handler.watch import NoQueueReadableError, QueueLocation, Watch, caller_of, covered
from tests.deployer.command_line import Deployer, is_writing
from tests.handler.events import load
from tests.handler.fakes import ACCOUNT, MANAGEMENT, OTHER_ACCOUNT, ROOT, settings_document
from tests.templates.test_metrics import INSPECTED, WATCHED

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SHOP, SEARCH = "300000000001", "300000000002"


def settings_of(document: Mapping[str, Any]) -> SettingsFile:
    return SettingsFile.from_json(json.dumps(document).encode())


DOCUMENT = settings_document()
DOCUMENT["organization"]["accounts"][MANAGEMENT] = {"name": "management", "parent": ROOT}
DOCUMENT["accounts"][MANAGEMENT] = {"enabled": True, "regions": ["eu-west-1"]}
SETTINGS = settings_of(DOCUMENT)


def watched(sandbox: Sandbox, *, at: datetime = NOW) -> dict[str, Any]:
    """The result of the function, invoked by its schedule; `at` determines which accounts it inspects."""
    event = {"source": "aws.events", "time": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    answer = sandbox.client("lambda").invoke(FunctionName="deployer-watch", Payload=json.dumps(event).encode())
    fields: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, fields
    return fields


def turn_of(account: str) -> datetime:
    """A time at which the watch inspects an account."""
    hours = (NOW + timedelta(hours=hour) for hour in range(SLICES))
    return next(hour for hour in hours if current_slice(hour) == slice_of(account))


def skip(sandbox: Sandbox, account: str) -> None:
    """The step of the run book for a closed account: an operation, in which AWS skips the account."""
    sandbox.client("cloudformation").update_stack_instances(
        StackSetName="deployer-forwarding",
        CallAs="DELEGATED_ADMIN",
        DeploymentTargets={
            "OrganizationalUnitIds": ["ou-exam-prod0001"],
            "Accounts": [account],
            "AccountFilterType": "INTERSECTION",
        },
        Regions=["eu-west-1", "us-east-1"],
    )
    sandbox.settle(60)


def roll_out(sandbox: Sandbox) -> None:
    assert Deployer(sandbox)("rollout", "--ou", "Workloads/Prod", "--yes").exit_code == 0
    sandbox.settle(60)


@pytest.mark.begins_with(prepare=roll_out)
def test_dead_letters_of_members_are_counted_in_the_central_account(sandbox: Sandbox) -> None:
    calm = watched(sandbox)
    assert (calm["queues"], calm["waiting"], calm["unreadable"], calm["level"]) == (8, 0, 0, "INFO")
    assert calm.keys() >= WATCHED.keys()
    assert calm["inspection"].keys() >= INSPECTED.keys()

    iam = sandbox.client("iam", account=SHOP)
    iam.delete_role_policy(RoleName="deployer-forwarding", PolicyName="forward-events")
    for number in range(3):
        changes = {"account": SHOP, "region": "us-east-1", "id": f"00000000-0000-0000-0000-00000000000{number}"}
        buses.deliver(load(changes=changes), account=SHOP, region="us-east-1")
    gone = sandbox.client("sqs", account=SEARCH)
    gone.delete_queue(QueueUrl=gone.get_queue_url(QueueName="deployer-forwarding-dead-letters")["QueueUrl"])
    sandbox.settle(60)
    sandbox.calls.clear()
    counted = watched(sandbox, at=turn_of(SHOP))
    assert (counted["queues"], counted["waiting"], counted["unreadable"]) == (8, 3, 1)
    assert (counted["level"], counted["places"]) == ("ERROR", [f"{SHOP} us-east-1: 3"])
    (unreadable,) = counted["unreadable_places"]
    assert unreadable.startswith(f"{SEARCH} eu-west-1: ")
    assert f"{SHOP} eu-west-1: role deployer-forwarding: permissions changed" in counted["inspection"]["damaged_places"]
    by_watch = {
        call.name for call in sandbox.calls if ":assumed-role/deployer-watch/deployer-watch" in call.principal.arn
    }
    assert by_watch == {
        "cloudformation:DescribeStackSet",
        "cloudformation:ListStackInstances",
        "cloudformation:ListStackSets",
        "sqs:GetQueueAttributes",
        "sts:AssumeRole",
    }
    as_auditor = [call for call in sandbox.calls if f"{SHOP}:assumed-role/deployer-auditor/" in call.principal.arn]
    assert as_auditor
    assert not any(is_writing(call.operation) for call in as_auditor)
    missing = sandbox.client("iam", account=SEARCH)
    missing.delete_role_policy(RoleName="deployer-auditor", PolicyName="audit-repositories")
    missing.delete_role(RoleName="deployer-auditor")
    places = watched(sandbox, at=turn_of(SEARCH))["inspection"]["damaged_places"]
    assert f"{SEARCH} eu-west-1: {NOT_ASSUMED}" in places

    sandbox.suspend_account(SEARCH)
    skip(sandbox, SEARCH)
    after = watched(sandbox)
    assert (after["unreadable"], after["unreadable_places"], after["suspended"]) == (0, [], 1)

    events = sandbox.client("logs").filter_log_events(logGroupName="/aws/lambda/deployer-watch")["events"]
    lines = [json.loads(event["message"]) for event in events]
    assert [line["waiting"] for line in lines if line.get("outcome") == "watched"] == [0, 3, 3, 3]
    assert len([line for line in lines if line.get("outcome") == "inspected"]) == 4
    schedule = sandbox.client("events").describe_rule(Name="deployer-watch")
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(17 * * * ? *)", "ENABLED")


@dataclass
class FakeClients:
    """CloudFormation that knows one kind of caller, and queues that all hold one message."""

    call_as: str
    pages: int = 1
    error: str | None = None
    has_queues: bool = True
    counts: tuple[str, ...] = ("1", "0", "0")
    """Visible, held and delayed messages of each queue."""
    statuses: tuple[str, str] = ("SUCCEEDED", "SUCCEEDED")
    """The detailed status of an account's instances in eu-west-1 and cn-north-1."""
    unreadable: tuple[str, ...] = ()
    """Regions whose queues cannot be read."""
    real: Clients = field(default_factory=lambda: Clients(region="eu-west-1"))

    def own(self, service: str) -> Any:
        assert service == "cloudformation"
        return self

    def of(self, service: str, *, region: str, **_: Any) -> Any:
        assert service == "sqs"
        meta = self.real.of(service, region=region, credentials=None).meta
        return SimpleNamespace(meta=meta, get_queue_attributes=self.get_queue_attributes)

    def list_stack_instances(self, **request: str) -> Mapping[str, Any]:
        if self.error or request["CallAs"] != self.call_as:
            code = self.error or "ValidationError"
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "ListStackInstances")
        page = int(request.get("NextToken", 0))
        found = [
            {"Account": f"{page:012}", "Region": region, "StackInstanceStatus": {"DetailedStatus": status}}
            for region, status in zip(("eu-west-1", "cn-north-1"), self.statuses, strict=True)
        ]
        return {"Summaries": found, "NextToken": str(page + 1) if page + 1 < self.pages else None}

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]:
        if not self.has_queues or any(region in request["QueueUrl"] for region in self.unreadable):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "GetQueueAttributes")
        assert re.fullmatch(
            r"https://sqs\.(eu-west-1\.amazonaws\.com|cn-north-1\.amazonaws\.com\.cn)/[0-9]{12}/q", request["QueueUrl"]
        )
        return {"Attributes": dict(zip(request["AttributeNames"], self.counts, strict=True))}


def run_watch(clients: FakeClients, *, account: str = ACCOUNT) -> dict[str, Any]:
    watch = Watch(
        clients=clients,  # type: ignore[arg-type]
        stack_sets=StackSets(clients=clients, call_as=caller_of(SETTINGS, account).call_as),  # type: ignore[arg-type]
        stack_set="s",
        queue_name="q",
        caller=caller_of(SETTINGS, account),
        clock=lambda: NOW,
    )
    return watch.count(request_id="r")


def test_a_delegated_administrator_is_in_the_stack_set_and_the_management_account_is_not() -> None:
    assert run_watch(FakeClients("DELEGATED_ADMIN"))["waiting"] == 2
    managing = run_watch(FakeClients("SELF"), account=MANAGEMENT)
    assert (managing["waiting"], f"{MANAGEMENT} eu-west-1: 1" in managing["places"]) == (3, True)


def test_a_delegated_administrator_that_aws_does_not_accept_is_an_error() -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        run_watch(FakeClients("SELF"))


def test_an_account_is_covered_in_the_regions_of_its_settings() -> None:
    assert covered(SETTINGS, ACCOUNT) == (QueueLocation(ACCOUNT, "eu-west-1"), QueueLocation(ACCOUNT, "us-east-1"))
    assert covered(SETTINGS, OTHER_ACCOUNT) == ()
    assert covered(SETTINGS, "999999999999") == ()


def test_settings_record_whether_the_central_account_is_the_management_account() -> None:
    assert caller_of(SETTINGS, ACCOUNT) == ("DELEGATED_ADMIN", ())
    assert caller_of(SETTINGS, MANAGEMENT) == ("SELF", (QueueLocation(MANAGEMENT, "eu-west-1"),))


@pytest.mark.begins_with(prepare=roll_out)
def test_a_watch_that_may_not_act_as_delegated_administrator_fails_and_counts_as_an_error(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    lost = json.loads(json.dumps(iam.get_role_policy(RoleName="deployer-watch", PolicyName="watch-members")))
    kept = [one for one in lost["PolicyDocument"]["Statement"] if one["Sid"] != "ReadDelegatedAdministrators"]
    assert len(kept) == len(lost["PolicyDocument"]["Statement"]) - 1
    iam.put_role_policy(
        RoleName="deployer-watch",
        PolicyName="watch-members",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": kept}),
    )
    answer = sandbox.client("lambda").invoke(FunctionName="deployer-watch", Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    assert "not a delegated administrator" in answer["Payload"].read().decode()
    assert metrics.total("AWS/Lambda", "Errors", FunctionName="deployer-watch") == 1


def test_if_no_queue_can_be_read_the_watch_fails_instead_of_counting_zero() -> None:
    with pytest.raises(
        NoQueueReadableError, match="none of 2 queues could be read: 000000000000 cn-north-1: AccessDenied"
    ):
        run_watch(FakeClients("DELEGATED_ADMIN", has_queues=False))


def test_every_page_of_instances_is_read_and_the_first_accounts_are_named() -> None:
    counted = run_watch(FakeClients("DELEGATED_ADMIN", pages=30))
    assert (counted["queues"], counted["waiting"], len(counted["places"])) == (60, 60, 20)


def test_before_the_first_roll_out_to_members_there_is_nothing_to_count() -> None:
    assert run_watch(FakeClients("DELEGATED_ADMIN", error="StackSetNotFoundException"))["queues"] == 0


def test_a_failed_read_is_an_error_with_an_alarm() -> None:
    with pytest.raises(ClientError):
        run_watch(FakeClients("DELEGATED_ADMIN", error="AccessDenied"))


def test_messages_in_flight_and_delayed_messages_are_counted() -> None:
    assert run_watch(FakeClients("DELEGATED_ADMIN", counts=("0", "2", "3")))["waiting"] == 2 * 5


@pytest.mark.parametrize("count", ["9" * 5000, "many", None], ids=["5,000 digits", "not a number", "missing"])
def test_a_queue_without_valid_counts_is_unreadable_and_does_not_hide_others(count: str | None) -> None:
    class Odd(FakeClients):
        def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]:
            if "cn-north-1" in request["QueueUrl"]:
                return {"Attributes": {} if count is None else dict.fromkeys(request["AttributeNames"], count)}
            return super().get_queue_attributes(**request)

    counted = run_watch(Odd("DELEGATED_ADMIN"))
    assert (counted["queues"], counted["waiting"], counted["unreadable"]) == (2, 1, 1)


SKIPPED = "SKIPPED_SUSPENDED_ACCOUNT"


@pytest.mark.parametrize(
    ("clients", "level", "unreadable", "suspended"),
    [
        pytest.param(FakeClients("DELEGATED_ADMIN", counts=("0", "0", "0")), "INFO", [], 0, id="every queue is read"),
        pytest.param(
            FakeClients("DELEGATED_ADMIN", counts=("0", "0", "0"), unreadable=("cn-north-1",)),
            "WARN", ["000000000000 cn-north-1: AccessDenied"], 0, id="a queue that cannot be read is a warning",
        ),
        pytest.param(
            FakeClients("DELEGATED_ADMIN", unreadable=("cn-north-1",)),
            "ERROR", ["000000000000 cn-north-1: AccessDenied"], 0, id="waiting messages take precedence over a warning",
        ),
        pytest.param(
            FakeClients("DELEGATED_ADMIN", counts=("0",) * 3, statuses=("SUCCEEDED", SKIPPED), unreadable=("cn-",)),
            "INFO", [], 1, id="the queue of a suspended account is not expected to be readable",
        ),
        pytest.param(
            FakeClients("DELEGATED_ADMIN", statuses=(SKIPPED, SKIPPED), has_queues=False),
            "INFO", [], 2, id="if all accounts are suspended, nothing is wrong",
        ),
        pytest.param(
            FakeClients("DELEGATED_ADMIN", statuses=(SKIPPED, SKIPPED)),
            "ERROR", [], 0, id="messages of a reopened account are counted before the next operation",
        ),
    ],
)  # fmt: skip
def test_queues_that_cannot_be_read_are_reported_except_those_of_suspended_accounts(
    clients: FakeClients, level: str, unreadable: list[str], suspended: int
) -> None:
    seen = run_watch(clients)
    assert (seen["level"], seen["unreadable"], seen["suspended"]) == (level, len(unreadable), suspended)
    assert seen["unreadable_places"] == unreadable


def test_if_no_queue_of_an_active_account_can_be_read_the_watch_fails() -> None:
    with pytest.raises(NoQueueReadableError, match="none of 1 queues could be read: 000000000000 cn-north-1"):
        run_watch(FakeClients("DELEGATED_ADMIN", statuses=(SKIPPED, "SUCCEEDED"), has_queues=False))

"""The watch counts what waits in members, with a role that can do nothing else, and says so in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployer.sandbox import event_buses
from deployer.sandbox.sandbox import Sandbox
from handler.watch import Watch
from tests.deployer.command_line import Deployer
from tests.handler.events import load
from tests.templates.test_metrics import WATCHED

SHOP, SUSPENDED = "300000000001", "300000000002"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def watched(sandbox: Sandbox) -> dict[str, Any]:
    """What the function answers, started as its schedule starts it."""
    answer = sandbox.client("lambda").invoke(FunctionName="deployer-watch", Payload=b'{"source": "aws.events"}')
    fields: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, fields
    return fields


def test_dead_letters_of_members_are_counted_in_the_central_account(sandbox: Sandbox) -> None:
    assert Deployer(sandbox)("rollout", "--ou", "Workloads/Prod", "--yes").exit_code == 0
    sandbox.settle(60)
    calm = watched(sandbox)
    assert (calm["queues"], calm["waiting"], calm["unreadable"], calm["level"]) == (8, 0, 0, "INFO")
    assert calm.keys() >= WATCHED.keys()

    iam = sandbox.client("iam", account=SHOP)
    iam.delete_role_policy(RoleName="deployer-forwarding", PolicyName="forward-events")
    for number in range(3):
        changes = {"account": SHOP, "region": "us-east-1", "id": f"00000000-0000-0000-0000-00000000000{number}"}
        event_buses.deliver(load(changes=changes), account=SHOP, region="us-east-1")
    gone = sandbox.client("sqs", account=SUSPENDED)
    gone.delete_queue(QueueUrl=gone.get_queue_url(QueueName="deployer-forwarding-dead-letters")["QueueUrl"])
    sandbox.settle(60)
    sandbox.calls.clear()
    told = watched(sandbox)
    assert (told["queues"], told["waiting"], told["unreadable"]) == (8, 3, 1)
    assert (told["level"], told["places"]) == ("ERROR", [f"{SHOP} us-east-1: 3"])
    by_watch = {
        call.name for call in sandbox.calls if ":assumed-role/deployer-watch/deployer-watch" in call.principal.arn
    }
    assert by_watch == {"cloudformation:ListStackInstances", "sqs:GetQueueAttributes"}

    events = sandbox.client("logs").filter_log_events(logGroupName="/aws/lambda/deployer-watch")["events"]
    lines = [json.loads(event["message"]) for event in events]
    assert [line["waiting"] for line in lines if "outcome" in line] == [0, 3]
    schedule = sandbox.client("events").describe_rule(Name="deployer-watch")
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(1 hour)", "ENABLED")


@dataclass
class FakeClients:
    """CloudFormation that knows one kind of caller, and queues that all hold one message."""

    call_as: str
    pages: int = 1
    error: str | None = None

    def own(self, service: str) -> Any:
        assert service == "cloudformation"
        return self

    def of(self, service: str, **_: Any) -> Any:
        assert service == "sqs"
        return self

    def list_stack_instances(self, **request: str) -> Mapping[str, Any]:
        if self.error or request["CallAs"] != self.call_as:
            code = self.error or "ValidationError"
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "ListStackInstances")
        page = int(request.get("NextToken", 0))
        found = [{"Account": f"{page:012}", "Region": region} for region in ("eu-west-1", "cn-north-1")]
        return {"Summaries": found, "NextToken": str(page + 1) if page + 1 < self.pages else None}

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]:
        assert ("cn-north-1.amazonaws.com.cn/" in request["QueueUrl"]) == ("cn-north-1" in request["QueueUrl"])
        return {"Attributes": dict(zip(request["AttributeNames"], ("1", "0"), strict=True))}


def look(clients: FakeClients) -> dict[str, Any]:
    watch = Watch(clients=clients, stack_set="s", queue_name="q", clock=lambda: NOW)  # type: ignore[arg-type]
    return watch.look(request_id="r")


@pytest.mark.parametrize("call_as", ["DELEGATED_ADMIN", "SELF"])
def test_it_works_in_a_delegated_administrator_and_in_the_management_account(call_as: str) -> None:
    assert look(FakeClients(call_as))["waiting"] == 2


def test_every_page_of_instances_is_looked_at_and_the_first_places_are_named() -> None:
    told = look(FakeClients("DELEGATED_ADMIN", pages=30))
    assert (told["queues"], told["waiting"], len(told["places"])) == (60, 60, 20)


def test_before_the_first_roll_out_to_members_there_is_nothing_to_count() -> None:
    assert look(FakeClients("DELEGATED_ADMIN", error="StackSetNotFoundException"))["queues"] == 0


def test_what_it_cannot_find_out_is_an_error_that_an_alarm_watches() -> None:
    with pytest.raises(ClientError):
        look(FakeClients("DELEGATED_ADMIN", error="AccessDenied"))

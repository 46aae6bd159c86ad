"""`deployer failures` on queues filled by real failures, with IAM enforced: the state of the accounts afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import sqs_backends

from aws_org_sandbox import background
from aws_org_sandbox.events import buses
from aws_org_sandbox.faults import Drop, Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from deployer.aws.queues import SqsQueues
from deployer.aws.session import Session
from deployer.composition.failures import Operation, open_failures
from deployer.errors import PermissionDeniedError
from handler.records import Record
from handler.redrives import MARK
from tests.deployer.command_line import CONFIG, Deployer
from tests.deployer.unwatched import unwatched
from tests.handler.events import load

CENTRAL, SHOP, SEARCH, PAYMENTS = "200000000001", "300000000001", "300000000002", "300000000003"
HOME = "eu-west-1"
DEAD_LETTERS, FAILURES = "deployer-forwarding-dead-letters", "deployer-failures"


@dataclass(frozen=True)
class World:
    """Three accounts of Workloads/Prod after a roll-out, with pushes to them."""

    sandbox: Sandbox
    deployer: Deployer

    def push(self, account: str, repository: str, *, number: int, region: str = HOME) -> None:
        event = push(account, repository, number=number, region=region)
        buses.deliver(event, account=account, region=region)

    def settle(self) -> None:
        self.sandbox.settle(60)

    def break_forwarding(self, account: str) -> Any:
        """Remove the forwarding role's permissions; calling the result restores them."""
        return self._break(account, role="deployer-forwarding", policy="forward-events")

    def break_creating(self, account: str) -> Any:
        """Remove the creator role's permissions; calling the result restores them."""
        return self._break(account, role="deployer-creator", policy="create-repositories")

    def _break(self, account: str, *, role: str, policy: str) -> Any:
        iam = self.sandbox.client("iam", account=account)
        names = {"RoleName": role, "PolicyName": policy}
        document = iam.get_role_policy(**names)["PolicyDocument"]
        iam.delete_role_policy(**names)
        return lambda: iam.put_role_policy(**names, PolicyDocument=json.dumps(document))

    def repositories(self, account: str, region: str = HOME) -> set[str]:
        ecr = self.sandbox.client("ecr", account=account, region=region)
        return {found["repositoryName"] for found in ecr.describe_repositories()["repositories"]}

    def records(self, outcome: str) -> list[Record]:
        items = self.sandbox.client("dynamodb").scan(TableName="deployer-ledger")["Items"]
        records = [Record.from_item(item) for item in items if "outcome" in item]
        return [record for record in records if record.outcome == outcome]

    def waiting(self, account: str = CENTRAL, name: str = FAILURES) -> int:
        return len(sqs_backends[account][HOME].queues[name]._messages)

    def let_minutes_pass(self, account: str = CENTRAL, name: str = FAILURES) -> None:
        """Messages in flight that were not deleted become visible again."""
        for message in sqs_backends[account][HOME].queues[name]._messages:
            message.change_visibility(0)


def push(account: str, repository: str, *, number: int, region: str = HOME) -> Any:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    role = f"arn:aws:iam::{account}:role/ci-build"
    changes = {
        "account": account,
        "region": region,
        "time": now,
        "detail.awsRegion": region,
        "detail.recipientAccountId": account,
        "detail.eventTime": now,
        "detail.eventID": f"00000000-0000-4000-8000-{number:012}",
        "detail.requestParameters": {"repositoryName": repository},
        "detail.userIdentity.arn": f"arn:aws:sts::{account}:assumed-role/ci-build/run",
        "detail.userIdentity.sessionContext.sessionIssuer.arn": role,
    }
    return load(changes=changes)


HOSTILE = [
    json.dumps(dict(push("300000000001", "team-a/surrogate", number=3), resources=["\ud800"])),
    '{"detail-type": ' + "9" * 5000 + "}",
    '{"detail-type": NaN}',
    '{"detail-type": ' + "[" * 900 + "]" * 900 + "}",
    "[" * 100_000,
    "\u009b2J",
]


SCOPE = ("--account", SHOP, "--account", SEARCH, "--account", PAYMENTS)


def roll_out(sandbox: Sandbox) -> None:
    with unwatched():
        ran = Deployer(sandbox)("rollout", *SCOPE, "--yes")
    sandbox.settle(60)
    assert ran.exit_code == 0, ran
    background.scheduler.time_scale = 0.001  # Lambda's minutes between retries
    sandbox.calls.clear()


pytestmark = pytest.mark.begins_with(prepare=roll_out)


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[World]:
    with unwatched():
        yield World(sandbox, Deployer(sandbox))


@pytest.fixture
def operation(world: World, monkeypatch: pytest.MonkeyPatch) -> Operation:
    """The objects that the commands use, with the operator role."""
    for name, value in world.deployer.environment.items():
        monkeypatch.setenv(name, value)
    return open_failures(CONFIG, profile=None)


def test_invariant_5_failures_of_all_three_shapes_are_listed_shown_and_redriven(world: World) -> None:
    restore = world.break_creating(SEARCH)
    world.push(SEARCH, "team-a/by-handler", number=1)
    world.settle()
    ledger = world.sandbox.faults.add(
        Fault(effect=Error(code="InternalServerError", status=500), service="dynamodb", principal="*deployer-handler*")
    )
    world.push(SHOP, "team-a/by-lambda", number=2)
    world.settle()
    world.sandbox.faults.remove(ledger)
    forward = world.break_forwarding(SHOP)
    for number in (3, 4):
        world.push(SHOP, f"team-a/by-eventbridge-{number}", number=number)
    world.settle()

    listed = world.deployer("failures", "list", "--json").document
    assert {(one["origin"], one["reason"], one["account"], one["repository"]) for one in listed["failures"]} == {
        ("handler", "access-denied", SEARCH, "team-a/by-handler"),
        ("lambda", "RetriesExhausted", SHOP, "team-a/by-lambda"),
        ("eventbridge", "NO_PERMISSIONS", SHOP, "team-a/by-eventbridge-3"),
        ("eventbridge", "NO_PERMISSIONS", SHOP, "team-a/by-eventbridge-4"),
    }
    assert all(one["name"] and one["ou"] == "Workloads/Prod" for one in listed["failures"])
    text = world.deployer("failures", "list").out
    assert "Dead letters of shop-prod (300000000001) in eu-west-1" in text
    assert "AWS denied a call to the creator role" in text
    assert [line for line in text.splitlines() if len(line) > 80 and len(line.split()) > 1] == [], (
        "but an ARN stays whole"
    )
    shown = world.deployer("failures", "show", listed["failures"][0]["id"][:8], "--json").document
    assert shown[0]["event"]["detail"]["errorCode"] == "RepositoryNotFoundException"
    for command in ("show", "redrive"):
        unknown = world.deployer("failures", command, "ffffffff")
        assert (unknown.exit_code, "begins with ffffffff" in unknown.err) == (11, True)
    elsewhere = world.deployer("failures", "list", "--region", "ap-southeast-2", "--json")
    assert (elsewhere.exit_code, elsewhere.document["failures"]) == (0, [])
    assert "deployer is not rolled out to ap-southeast-2" in elsewhere.err
    backwards = world.deployer("failures", "list", "--since", "1d", "--until", "2d")
    assert (backwards.exit_code, "--since: must be earlier than --until" in backwards.err) == (64, True)

    dry = world.deployer("failures", "redrive", "--account", "shop-prod", "--dry-run")
    assert (dry.exit_code, "3 failures." in dry.out) == (0, True)
    assert world.waiting() == 2
    restore()
    forward()
    ran = world.deployer("failures", "redrive", "--yes")
    world.settle()
    assert (ran.exit_code, "4 events sent" in ran.out) == (0, True)
    assert world.repositories(SEARCH) == {"team-a/by-handler"}
    assert world.repositories(SHOP) == {"team-a/by-lambda", "team-a/by-eventbridge-3", "team-a/by-eventbridge-4"}
    assert (world.waiting(), world.waiting(SHOP, DEAD_LETTERS)) == (0, 0)
    assert "No failures." in world.deployer("failures", "list").out


@pytest.mark.parametrize("command", ["list", "redrive"])
def test_a_mistyped_region_is_an_error_and_not_an_empty_list(sandbox: Sandbox, command: str) -> None:
    ran = Deployer(sandbox)("failures", command, "--region", "eu-west1")
    assert (ran.exit_code, ran.out) == (3, "")
    assert "--region eu-west1 is not a region" in ran.err
    assert "Did you mean eu-west-1?" in ran.err


def test_invariants_1_and_5_hold_when_a_redrive_is_killed_before_deleting_and_then_runs_twice_at_once(
    world: World,
) -> None:
    """Separate processes: one is killed after Lambda accepted events, before it deletes messages; then two run.

    One call receives at most ten messages, so that each of the two may get some.
    """
    restore = world.break_creating(SEARCH)
    for number in range(11):
        world.push(SEARCH, f"team-a/api-{number}", number=number)
    world.settle()
    restore()
    assert world.waiting() == 11
    never = world.sandbox.faults.add(Fault(effect=Drop(), service="sqs", operation="DeleteMessage"))
    with redriving(world) as killed:
        while len(world.sandbox.calls.of("sqs", "DeleteMessage")) < 3:
            assert killed.poll() is None, killed.communicate()
            time.sleep(0.01)
        killed.kill()
    time.sleep(0.5)  # requests that were in flight when it died
    world.sandbox.faults.remove(never)
    world.settle()
    handed_over = len(world.sandbox.calls.of("lambda", "Invoke"))
    assert handed_over >= 3
    assert world.waiting() == 11

    world.let_minutes_pass()
    with redriving(world) as one, redriving(world) as other:
        reported = [one.communicate(timeout=60), other.communicate(timeout=60)]
    codes = {one.returncode, other.returncode}
    assert codes in ({0}, {0, 23}), ("23 of the one that found all held by the other", reported)
    world.settle()
    assert world.waiting() == 0
    assert len(world.repositories(SEARCH)) == 11
    created = [record.repository for record in world.records("created")]
    assert len(created) == len(set(created)) == 11


def redriving(world: World) -> subprocess.Popen[str]:
    """`deployer failures redrive --yes`, started."""
    program = "from deployer.__main__ import main; main()"
    command = [sys.executable, "-c", program, "failures", "redrive", "--yes", "--config", str(CONFIG)]
    environment = os.environ | world.deployer.environment
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_invariants_1_3_and_4_a_forged_dead_letter_creates_nothing_without_a_record(world: World) -> None:
    """Messages that an administrator of a member puts into that account's queue, besides those of EventBridge."""
    world.push(SHOP, "team-a/api", number=1)
    world.settle()
    url = world.sandbox.client("sqs", account=SHOP).get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    to_come, long_ago = push(SHOP, "team-a/to-come", number=2), push(SHOP, "team-a/long-ago", number=3)
    to_come["detail"]["eventTime"], long_ago["detail"]["eventTime"] = "2099-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
    (made,) = world.records("created")
    same_id = push(SHOP, "team-a/same-id", number=1)
    same_id["detail"]["eventTime"] = f"{made.event_time:%Y-%m-%dT%H:%M:%SZ}"
    plausible = push(SHOP, "team-a/plausible", number=4) | {MARK: {"sent": "2020-01-01T00:00:00Z"}}
    for forged in (push(PAYMENTS, "team-a/not-mine", number=1), to_come, long_ago, same_id, plausible):
        world.sandbox.client("sqs", account=SHOP).send_message(QueueUrl=url, MessageBody=json.dumps(forged))
    world.sandbox.calls.clear()
    ran = world.deployer("failures", "redrive", "--yes")
    world.settle()
    assert ran.exit_code == 23
    printed = " ".join(ran.err.split())
    assert "names 300000000003" in printed
    assert "the call was made at 2099-01-01T00:00:00Z, after SQS received the message" in printed
    assert "the call was made at 2026-01-01T00:00:00Z, more than 25 hours before" in printed
    assert world.repositories(PAYMENTS) == set()
    assert world.repositories(SHOP) == {"team-a/api", "team-a/plausible"}
    invoked = [call for call in world.sandbox.calls.of("lambda", "Invoke") if "operator" in call.principal.arn]
    assert len(invoked) == 2
    assert world.waiting(SHOP, DEAD_LETTERS) == 3
    assert {(record.repository, record.via) for record in world.records("created")} == {
        ("team-a/api", None),
        ("team-a/plausible", "redrive"),
    }
    assert [(record.repository, record.reason) for record in world.records("failed")] == [
        ("team-a/same-id", "record-conflict")
    ]


def test_invariant_5_one_members_queue_cannot_disable_recovery(world: World) -> None:
    """Its administrator writes malformed messages; everything else is listed, shown, counted and redriven."""
    forward = world.break_forwarding(SEARCH)
    world.push(SEARCH, "team-a/mine", number=1)
    world.settle()
    forward()
    sqs = world.sandbox.client("sqs", account=SHOP)
    url = sqs.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    digits = {"RETRY_ATTEMPTS": {"DataType": "Number", "StringValue": "9" * 5000}}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(push(SHOP, "team-a/odd", number=2)), MessageAttributes=digits)
    for body in HOSTILE:
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=digits)

    listed = world.deployer("failures", "list", "--json")
    assert (listed.exit_code, len(listed.document["failures"])) == (0, 2 + len(HOSTILE)), listed
    assert sum(one["reason"] == "unreadable" for one in listed.document["failures"]) == len(HOSTILE) - 1
    ids = [one["id"] for one in listed.document["failures"]]
    assert len(world.deployer("failures", "show", *ids, "--json").document) == 2 + len(HOSTILE)
    assert world.deployer("failures", "show", *ids).exit_code == 0
    watched = world.sandbox.client("lambda").invoke(FunctionName="deployer-watch", Payload=b"{}")
    assert json.loads(watched["Payload"].read())["waiting"] == 2 + len(HOSTILE)

    ran = world.deployer("failures", "redrive", "--yes")
    world.settle()
    assert (ran.exit_code, "3 events sent" in ran.out) == (23, True), ran
    assert (world.repositories(SHOP), world.repositories(SEARCH)) == (
        {"team-a/odd", "team-a/surrogate"},
        {"team-a/mine"},
    )
    assert len(world.deployer("failures", "list", "--json").document["failures"]) == len(HOSTILE) - 1

    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
    hidden = world.deployer("failures", "list")
    assert (hidden.exit_code, "No failures" in hidden.out) == (23, False)
    assert "another reader" in hidden.out


def test_only_the_operator_role_reaches_a_members_dead_letters(world: World, operation: Operation) -> None:
    """Any other administrator of the central account is refused by the member's queue."""
    (place,) = [place for place in operation.all_queues if (place.account, place.region) == (SHOP, HOME)]
    assert operation.queues.depth(place).visible == 0
    session = Session(region=HOME)
    with pytest.raises(PermissionDeniedError, match="sqs:GetQueueUrl"):
        SqsQueues(session, [HOME]).depth(place)
    for account in (SEARCH, SHOP):
        with pytest.raises(ClientError, match="AccessDenied"):
            world.sandbox.client("sts", account=account).assume_role(
                RoleArn=operation.names.operator_role_arn, RoleSessionName="somebody"
            )


def test_permission_to_assume_the_operator_role_is_sufficient(world: World) -> None:
    iam = world.sandbox.client("iam")
    iam.create_user(UserName="on-call")
    key = iam.create_access_key(UserName="on-call")["AccessKey"]
    person = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    world.deployer.environment = {**world.deployer.environment, **person}
    refused = world.deployer("failures", "list")
    assert (refused.exit_code, "sts:AssumeRole" in refused.err) == (6, True)

    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": f"arn:aws:iam::{CENTRAL}:role/deployer-operator",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="on-call", PolicyName="operate", PolicyDocument=document)
    forward = world.break_forwarding(SHOP)
    world.push(SHOP, "team-a/api", number=1)
    world.settle()
    forward()
    assert world.deployer("failures", "redrive", "--yes").exit_code == 0
    world.settle()
    assert world.repositories(SHOP) == {"team-a/api"}
    since = f"{datetime.now(UTC):%Y-%m-%d}"
    assert world.deployer("failures", "replay", "--since", since, "--yes").exit_code == 0
    denied = [call.name for call in world.sandbox.calls if call.error_code and "AccessDenied" in call.error_code]
    assert denied == ["sts:AssumeRole", "events:PutEvents"]


def test_a_deleted_creator_role_is_repaired_and_its_events_redriven_as_the_reason_advises(world: World) -> None:
    world.break_creating(SEARCH)
    world.sandbox.client("iam", account=SEARCH).delete_role(RoleName="deployer-creator")
    world.push(SEARCH, "team-a/api", number=1)
    world.settle()
    listed = " ".join(world.deployer("failures", "list").out.split())
    assert "`deployer status --deep` shows" in listed
    assert "`deployer rollout --org --deep` repairs" in listed
    roll_out = ("rollout", *SCOPE, "--yes")
    assert "Nothing to change" in world.deployer(*roll_out).out, "CloudFormation does not see it"

    assert world.deployer(*roll_out, "--deep", "--allow-delete", "1").exit_code == 0
    world.settle()
    world.let_minutes_pass()
    assert world.deployer("failures", "redrive", "--yes").exit_code == 0
    world.settle()
    assert world.repositories(SEARCH) == {"team-a/api"}


def test_invariants_1_and_5_a_replay_restores_events_that_are_in_no_queue_and_repeats_nothing(world: World) -> None:
    restore = world.break_creating(SEARCH)
    world.push(SHOP, "team-a/made", number=1)
    world.push(SEARCH, "team-a/lost", number=2)
    world.settle()
    restore()
    url = world.sandbox.client("sqs").get_queue_url(QueueName=FAILURES)["QueueUrl"]
    world.sandbox.client("sqs").purge_queue(QueueUrl=url)

    dry = world.deployer("failures", "replay", "--since", "1h", "--dry-run", "--json")
    assert (dry.exit_code, "3 events in total" in dry.err, dry.document["state"]) == (0, True, None)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)  # whole seconds, and not included
    while datetime.now(UTC) < until:
        time.sleep(0.05)
    times = ("--since", f"{until:%Y-%m-%d}T00:00Z", "--until", f"{until:%Y-%m-%dT%H:%M:%SZ}")
    first = world.deployer("failures", "replay", *times, "--yes", "--json")
    world.settle()
    assert (first.exit_code, first.document["state"]) == (0, "COMPLETED")
    assert (world.repositories(SHOP), world.repositories(SEARCH)) == ({"team-a/made"}, {"team-a/lost"})

    assert "already replayed" in world.deployer("failures", "replay", *times, "--yes").err
    assert world.deployer("failures", "replay", *times, "--yes", "--again").exit_code == 0
    world.settle()
    assert len(world.records("created")) == 2
    assert len(world.sandbox.calls.of("events", "StartReplay")) == 2

"""The zip as Lambda runs it, with the roles that the templates give it: what is in the account afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deployer import settings
from deployer.sandbox import background
from deployer.sandbox.calls import Call
from deployer.sandbox.cloudformation import deploy_stack
from deployer.sandbox.faults import Crash, Effect, Error, Fault, Moment, Throttle
from deployer.sandbox.sandbox import Sandbox
from deployer.synthesis import Synthesis, synthesize
from handler.records import Record
from handler.tags import EVENT_ID_TAG
from templates.body import body
from tests.handler.events import load

CONFIG = Path(__file__).parents[2] / "config"
ACCOUNT, REGION = "300000000001", "eu-west-1"


@dataclass(frozen=True, slots=True)
class Installed:
    """A handler that is deployed in the central account, and may act in one member account."""

    sandbox: Sandbox
    synthesis: Synthesis

    def send(self, event: Any, *, copies: int = 1) -> None:
        """Hand an event to the function as EventBridge does, and wait until all came to rest."""
        client = self.sandbox.client("lambda")
        for _ in range(copies):
            client.invoke(
                FunctionName=self.synthesis.names.function, InvocationType="Event", Payload=json.dumps(event).encode()
            )
        self.sandbox.settle(120)

    def records(self) -> list[Record]:
        items = self.sandbox.client("dynamodb").scan(TableName=self.synthesis.names.ledger_table)["Items"]
        return [Record.from_item(item) for item in items if "outcome" in item]

    def repository(self, name: str) -> dict[str, Any] | None:
        """The repository with its tags and policies, or None."""
        ecr = self.sandbox.client("ecr", account=ACCOUNT, region=REGION)
        if name not in {found["repositoryName"] for found in ecr.describe_repositories()["repositories"]}:
            return None
        found: dict[str, Any] = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
        tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        return found | {
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
            "lifecycle": json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]),
            "policy": json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"]),
        }

    def failures(self) -> list[dict[str, Any]]:
        """Take what is in the failures queue."""
        sqs = self.sandbox.client("sqs")
        url = sqs.get_queue_url(QueueName=self.synthesis.names.failures_queue)["QueueUrl"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    def calls(self) -> list[str]:
        """The AWS calls that the handler made, in order."""
        return [call.name for call in self.sandbox.calls if by_handler(call)]

    def cool_down(self) -> None:
        """Make the next event a cold start."""
        client = self.sandbox.client("lambda")
        variables = client.get_function_configuration(FunctionName=self.synthesis.names.function)["Environment"]
        changed = variables["Variables"] | {"COOLED_DOWN": str(len(self.sandbox.calls))}
        client.update_function_configuration(
            FunctionName=self.synthesis.names.function, Environment={"Variables": changed}
        )


def by_handler(call: Call) -> bool:
    """Whether the function's code made a call, with its own role or with the creator role."""
    sessions = (":assumed-role/deployer-handler/deployer-handler", ":assumed-role/deployer-creator/")
    return any(session in call.principal.arn for session in sessions)


@pytest.fixture
def installed(sandbox: Sandbox) -> Installed:
    compiled = settings.compile(settings.load(CONFIG), sandbox.organization)
    synthesis = synthesize(compiled)
    names, home = synthesis.names, sandbox.home_region
    for name, template in ((names.artifacts_stack, synthesis.artifacts), (names.central_stack, synthesis.central)):
        deploy_stack(account=sandbox.central_account, region=home, name=name, template_body=body(template))
        if template is synthesis.artifacts:
            zip_ = synthesis.bundle
            sandbox.client("s3").put_object(Bucket=names.artifacts_bucket, Key=zip_.key, Body=zip_.data)
    deploy_stack(account=ACCOUNT, region=home, name=names.access_stack_set, template_body=body(synthesis.access))
    sandbox.calls.clear()
    background.scheduler.time_scale = 0.001  # Lambda's minutes between retries
    return Installed(sandbox, synthesis)


def push(name: str, *, event_id: str) -> Any:
    """The event of a push of a missing repository, just now."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    changes = {"detail.requestParameters.repositoryName": name, "detail.eventID": event_id, "detail.eventTime": now}
    return load(changes=changes)


def test_a_push_gets_its_repository_with_settings_tags_and_record(installed: Installed) -> None:
    installed.send(push("team-a/api", event_id="event-1"))

    found = installed.repository("team-a/api")
    assert found is not None
    assert found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert found["imageTagMutabilityExclusionFilters"] == [{"filterType": "WILDCARD", "filter": "latest"}]
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert found["encryptionConfiguration"] == {"encryptionType": "AES256"}
    assert found["tags"][EVENT_ID_TAG] == "event-1"
    assert found["tags"]["env"] == "prod"
    assert found["tags"]["pushed-by"] == "arn:aws:sts::300000000001:assumed-role/ci-build/build-4711"
    assert found["lifecycle"] == json.loads((CONFIG / "policies" / "expire-untagged.json").read_text())
    assert found["policy"] == json.loads((CONFIG / "policies" / "pull-within-organization.json").read_text())

    (record,) = installed.records()
    assert (record.outcome, record.reason, record.account) == ("created", "created", ACCOUNT)
    assert record.repository_arn == found["repositoryArn"]
    assert record.created_at is not None
    assert (record.ou_path, record.ou_source, record.account_name) == ("Workloads/Prod", "asked", "shop-prod")
    assert record.settings_digest == installed.synthesis.bundle.settings_digest
    assert not installed.failures()


def test_invariant_6_cold_the_look_ups_come_first_and_warm_they_are_not_asked_again(installed: Installed) -> None:
    installed.send(push("team-a/one", event_id="event-1"))
    assert sorted(installed.calls()[:2]) == ["organizations:DescribeAccount", "sts:AssumeRole"]
    assert installed.calls()[2:4] == ["dynamodb:UpdateItem", "ecr:CreateRepository"]

    installed.sandbox.calls.clear()
    installed.send(push("team-a/two", event_id="event-2"))
    assert installed.calls()[:2] == ["dynamodb:UpdateItem", "ecr:CreateRepository"]


def test_invariant_1_the_same_event_a_hundred_times_at_once_gives_one_created_record(installed: Installed) -> None:
    installed.send(push("team-a/api", event_id="event-1"), copies=100)
    assert Counter(record.outcome for record in installed.records())["created"] == 1
    assert {record.outcome for record in installed.records()} <= {"created", "ignored"}
    assert not installed.failures()


def test_a_refusal_is_recorded_and_nothing_is_made(installed: Installed) -> None:
    installed.send(push("team-a/tmp-1", event_id="event-1"))
    (record,) = installed.records()
    assert (record.outcome, record.reason, record.rule) == ("refused", "name-denied", "create.names.deny: **/tmp-*")
    assert installed.repository("team-a/tmp-1") is None


def _one(fault: Callable[[int], Fault], installed: Installed, number: int) -> str:
    """Break one call of a cold start, let Lambda retry, and say what is wrong afterwards."""
    name, event_id = f"team-a/n{number}", f"event-{number}"
    installed.cool_down()
    rule = installed.sandbox.faults.add(fault(number))
    installed.send(push(name, event_id=event_id))
    installed.sandbox.faults.clear()
    found = installed.repository(name)
    outcomes = [record.outcome for record in installed.records() if record.event_id == event_id]
    problems = [
        *(["the fault never struck"] if not rule.hits else []),
        *(["no repository with all settings"] if not found or not found["policy"] or not found["lifecycle"] else []),
        *([f"outcomes {outcomes}"] if outcomes.count("created") != 1 else []),
        *([f"failures {failures}"] if (failures := installed.failures()) else []),
    ]
    return f"call {number + 1}: {', '.join(problems)}" if problems else ""


CALLS_OF_A_COLD_START = 7


@pytest.mark.parametrize(
    ("effect", "moment"),
    [
        pytest.param(Crash(), Moment.BEFORE, id="a crash before each call"),
        pytest.param(Crash(), Moment.AFTER, id="a crash after each call"),
        pytest.param(Error(code="InternalFailure", status=500), Moment.AFTER, id="an error told of what was done"),
    ],
)
def test_invariants_1_and_2_the_work_is_finished_wherever_it_was_broken_off(
    installed: Installed, effect: Effect, moment: Moment
) -> None:
    def fault(number: int) -> Fault:
        times = 1 if isinstance(effect, Crash) else 3  # botocore's own retries
        return Fault(effect=effect, when=by_handler, first=number + 1, times=times, moment=moment)

    problems = [_one(fault, installed, number) for number in range(CALLS_OF_A_COLD_START)]
    assert [problem for problem in problems if problem] == []


@pytest.mark.parametrize(
    ("operation", "code", "reason"),
    [
        ("AssumeRole", "AccessDenied", "role-not-assumable"),
        ("CreateRepository", "KmsException", "kms-failed"),
        ("CreateRepository", "LimitExceededException", "quota-reached"),
        ("PutLifecyclePolicy", "AccessDeniedException", "access-denied"),
    ],
)
def test_invariant_2_what_aws_refuses_is_told_at_once_and_a_redrive_finishes_it(
    installed: Installed, operation: str, code: str, reason: str
) -> None:
    installed.sandbox.faults.add(Fault(effect=Error(code=code), operation=operation, when=by_handler))
    installed.send(push("team-a/api", event_id="event-1"))
    (record,) = installed.records()
    assert (record.outcome, record.reason) == ("failed", reason)
    (message,) = installed.failures()
    assert message["responsePayload"]["errorType"] == reason
    assert message["requestContext"]["condition"] == "PermanentFailure"

    installed.sandbox.faults.clear()
    installed.send(message["requestPayload"])
    assert sorted(record.outcome for record in installed.records()) == ["created", "failed"]
    assert installed.repository("team-a/api") is not None


def test_invariant_5_what_is_throttled_for_too_long_is_kept_in_the_failures_queue(installed: Installed) -> None:
    installed.sandbox.faults.add(Fault(effect=Throttle(), operation="CreateRepository", when=by_handler))
    event = push("team-a/api", event_id="event-1")
    installed.send(event)
    assert not installed.records()
    (message,) = installed.failures()
    assert message["requestContext"]["condition"] == "RetriesExhausted"
    assert message["requestPayload"] == event


def test_a_malformed_event_ends_in_the_failures_queue(installed: Installed) -> None:
    event = load(changes={"detail.requestParameters": []})
    installed.send(event)
    (message,) = installed.failures()
    assert message["requestPayload"] == event
    assert message["responsePayload"]["errorType"] == "malformed-event"
    assert [record.reason for record in installed.records()] == ["malformed-event"]


def test_the_log_has_one_line_for_each_event_and_nothing_of_the_libraries(installed: Installed) -> None:
    installed.send(push("team-a/api", event_id="event-1"))
    installed.send(push("team-a/tmp-1", event_id="event-2"))

    events = installed.sandbox.client("logs").filter_log_events(logGroupName=installed.synthesis.names.log_group)
    lines = [json.loads(event["message"]) for event in events["events"]]
    own = [line for line in lines if not str(line.get("type", "")).startswith("platform.")]
    assert [(line["event_id"], line["outcome"], line["reason"]) for line in own] == [
        ("event-1", "created", "created"),
        ("event-2", "refused", "name-denied"),
    ]
    for line in own:
        assert {"request_id", "event_id", "account", "repository", "outcome", "reason", "milliseconds"} <= line.keys()
        assert {"organization", "record", "total"} <= line["milliseconds"].keys()
    assert "create" in own[0]["milliseconds"]
    assert own[0]["milliseconds_to_repository"] >= 0

"""The deployed templates: AWS accepts them, and the resources are as configured."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from aws_org_sandbox.cloudformation import delete_stack, deploy_stack
from aws_org_sandbox.pytest_plugin import check
from aws_org_sandbox.sandbox import Sandbox
from templates import access, artifacts, central, forwarding
from templates.alarms import catalogue
from templates.dashboard import widgets
from templates.names import Names, handler_key
from templates.parts import body
from tests.templates.reading import DIGEST

MEMBER = "300000000001"
HOME, ABROAD = "eu-west-1", "us-east-1"
OTHER_DIGEST = "f" * 64


@pytest.fixture(scope="module")
def deployed(running_sandbox: Sandbox, names: Names) -> Iterator[Sandbox]:
    """All four templates in the central account, and those for members in a member.

    Once for all tests: those that change something are the last.
    """
    running_sandbox.reset()
    deploy_central(running_sandbox, names, DIGEST)
    for account, region in ((names.central_account, HOME), (MEMBER, ABROAD)):
        deploy(names.access_stack_set, body(access.template(names, uses_kms=True)), account=account)
        deploy(names.forwarding_stack_set, body(forwarding.template(names)), account=account, region=region)
    yield running_sandbox
    check(running_sandbox)


def deploy_central(sandbox: Sandbox, names: Names, digest: str, *, tracing: bool = False) -> None:
    deploy(names.artifacts_stack, body(artifacts.template(names)), account=names.central_account)
    bucket, key = names.artifacts_bucket, handler_key(digest)
    sandbox.client("s3").put_object(Bucket=bucket, Key=key, Body=an_empty_handler(digest))
    template = central.template(names, handler_digest=digest, options=central.Options(tracing=tracing))
    deploy(names.central_stack, body(template), account=names.central_account)


def deploy(name: str, text: str, *, account: str, region: str = HOME) -> None:
    deploy_stack(account=account, region=region, name=name, template_body=text)


def an_empty_handler(digest: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler/function.py", f"def handle(event, context): return {digest!r}\n")
    return buffer.getvalue()


def tags_of(described: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described["Tags"]}


def test_the_ledger_is_protected_restorable_encrypted_and_deletes_expired_records(
    deployed: Sandbox, names: Names
) -> None:
    dynamodb = deployed.client("dynamodb")
    table = dynamodb.describe_table(TableName=names.ledger_table)["Table"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {
        "by-outcome",
        "by-repository",
        "by-event",
    }
    backups = dynamodb.describe_continuous_backups(TableName=names.ledger_table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    ttl = dynamodb.describe_time_to_live(TableName=names.ledger_table)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert tags_of(dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])) == {"deployer:managed-by": "deployer"}


def test_the_function_has_all_environment_variables_that_it_needs(deployed: Sandbox, names: Names) -> None:
    function = deployed.client("lambda").get_function_configuration(FunctionName=names.function)
    assert function["Environment"]["Variables"] == {
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "CREATOR_ROLE": names.creator_role,
        "EVENT_BUS": names.event_bus,
        "FAILURES_QUEUE_URL": f"https://sqs.eu-west-1.amazonaws.com/{names.central_account}/{names.failures_queue}",
        "LEDGER_TABLE": names.ledger_table,
        "ORGANIZATION_ID": names.organization_id,
    }
    assert function["Role"] == names.function_role_arn
    assert function["Architectures"] == ["arm64"]
    assert function["LoggingConfig"]["LogFormat"] == "JSON"


def test_failed_invocations_go_to_the_failures_queue(deployed: Sandbox, names: Names) -> None:
    retries = deployed.client("lambda").get_function_event_invoke_config(FunctionName=names.function)
    assert retries["MaximumRetryAttempts"] == 2
    assert retries["DestinationConfig"]["OnFailure"]["Destination"].endswith(f":{names.failures_queue}")


def test_the_central_rule_hands_events_to_the_function(deployed: Sandbox, names: Names) -> None:
    (target,) = deployed.client("events").list_targets_by_rule(Rule=names.central_rule, EventBusName=names.event_bus)[
        "Targets"
    ]
    assert target["Arn"].endswith(f":function:{names.function}")
    assert target["DeadLetterConfig"]["Arn"].endswith(f":{names.failures_queue}")


def test_the_bus_allows_only_the_organization(deployed: Sandbox, names: Names) -> None:
    bus = deployed.client("events").describe_event_bus(Name=names.event_bus)
    (statement,) = json.loads(bus["Policy"])["Statement"]
    assert statement["Condition"]["StringEquals"] == {"aws:PrincipalOrgID": names.organization_id}
    assert statement["Resource"] == names.event_bus_arn


@pytest.mark.parametrize(("account", "region"), [("200000000001", HOME), (MEMBER, ABROAD)], ids=["central", "member"])
def test_an_account_forwards_to_the_central_bus_with_its_own_role(
    account: str, region: str, deployed: Sandbox, names: Names
) -> None:
    events = deployed.client("events", account=account, region=region)
    (target,) = events.list_targets_by_rule(Rule=names.forwarding_rule)["Targets"]
    assert target["Arn"] == names.event_bus_arn
    assert target["RoleArn"] == f"arn:aws:iam::{account}:role/{names.forwarding_role}"
    assert target["DeadLetterConfig"]["Arn"] == (f"arn:aws:sqs:{region}:{account}:{names.forwarding_dead_letter_queue}")


def test_queues_are_encrypted_and_keep_messages_for_two_weeks(deployed: Sandbox, names: Names) -> None:
    sqs = deployed.client("sqs")
    url = sqs.get_queue_url(QueueName=names.failures_queue)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes["MessageRetentionPeriod"] == str(14 * 24 * 3600)


def test_only_the_handler_may_assume_the_creator_role(deployed: Sandbox, names: Names) -> None:
    iam = deployed.client("iam", account=MEMBER)
    role = iam.get_role(RoleName=names.creator_role)["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["ArnEquals"] == {"aws:PrincipalArn": names.function_role_arn}
    assert role["MaxSessionDuration"] == 3600


def test_alarms_and_dashboard_exist(deployed: Sandbox, names: Names) -> None:
    cloudwatch = deployed.client("cloudwatch")
    alarms = {alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert alarms == {names.alarm(alarm.name) for alarm in catalogue(names, notices=False)}
    body_ = json.loads(cloudwatch.get_dashboard(DashboardName=names.dashboard)["DashboardBody"])
    assert len(body_["widgets"]) == len(widgets(names))


def test_tracing_is_enabled_and_disabled_in_place(deployed: Sandbox, names: Names) -> None:
    modes = []
    for tracing in (None, True, False):
        if tracing is not None:
            deploy_central(deployed, names, DIGEST, tracing=tracing)
        found = deployed.client("lambda").get_function_configuration(FunctionName=names.function)
        modes.append(found["TracingConfig"]["Mode"])
    assert modes == ["PassThrough", "Active", "PassThrough"]


def test_new_settings_change_only_the_code_of_the_function(deployed: Sandbox, names: Names) -> None:
    before = deployed.client("lambda").get_function_configuration(FunctionName=names.function)
    deploy_central(deployed, names, OTHER_DIGEST)
    after = deployed.client("lambda").get_function_configuration(FunctionName=names.function)
    assert after["CodeSha256"] != before["CodeSha256"]
    assert (after["Role"], after["Environment"]) == (before["Role"], before["Environment"])


def test_the_ledger_and_the_zips_outlive_their_stacks(deployed: Sandbox, names: Names) -> None:
    for name in (names.central_stack, names.artifacts_stack):
        delete_stack(account=names.central_account, region=HOME, name=name)
    assert deployed.client("dynamodb").list_tables()["TableNames"] == [names.ledger_table]
    assert [bucket["Name"] for bucket in deployed.client("s3").list_buckets()["Buckets"]] == [names.artifacts_bucket]
    assert deployed.client("lambda").list_functions()["Functions"] == []

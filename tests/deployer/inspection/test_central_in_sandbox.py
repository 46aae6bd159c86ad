"""A clean-up tool deletes, disables or edits resources of the central account: each is reported and repaired."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aws_org_sandbox.sandbox import Sandbox
from deployer.errors import GuardError
from tests.deployer.command_line import Deployer
from tests.deployer.rollout.few_accounts import begins_all_rolled_out_to_few
from tests.deployer.test_operator_policy_in_sandbox import NAMES, session_with
from tests.operator_policies import operator_policy

BUS, RULE, FUNCTION = "deployer-events", "deployer-repository-not-found", "deployer-handler"
Act = Callable[[Sandbox], object]


def of(service: Any, operation: str, **arguments: Any) -> Act:
    """One call of the central account's administrator."""
    return lambda sandbox: getattr(sandbox.client(service), operation)(**arguments)


def delete_rule(sandbox: Sandbox) -> None:
    events = sandbox.client("events")
    events.remove_targets(Rule=RULE, EventBusName=BUS, Ids=["handler"])
    events.delete_rule(Name=RULE, EventBusName=BUS)


def queue(sandbox: Sandbox) -> str:
    return str(sandbox.client("sqs").get_queue_url(QueueName="deployer-failures")["QueueUrl"])


def remove_permission(sandbox: Sandbox) -> None:
    client = sandbox.client("lambda")
    for one in json.loads(client.get_policy(FunctionName=FUNCTION)["Policy"])["Statement"]:
        if one["Principal"] == {"Service": "events.amazonaws.com"}:
            client.remove_permission(FunctionName=FUNCTION, StatementId=one["Sid"])


def silence(sandbox: Sandbox) -> None:
    cloudwatch, name = sandbox.client("cloudwatch"), "deployer-events-lost"
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    kept = ("AlarmName", "ComparisonOperator", "DatapointsToAlarm", "EvaluationPeriods", "Metrics", "TreatMissingData")
    cloudwatch.put_metric_alarm(**{key: found[key] for key in kept}, ActionsEnabled=False, Threshold=10**6)


def delete_role(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    for policy in iam.list_role_policies(RoleName="deployer-operator")["PolicyNames"]:
        iam.delete_role_policy(RoleName="deployer-operator", PolicyName=policy)
    iam.delete_role(RoleName="deployer-operator")


DAMAGE: dict[str, tuple[Act, str]] = {
    "the function may not run": (
        of("lambda", "put_function_concurrency", FunctionName=FUNCTION, ReservedConcurrentExecutions=0),
        "function deployer-handler: reserved concurrent executions changed",
    ),
    "the function's memory is edited": (
        of("lambda", "update_function_configuration", FunctionName="deployer-watch", MemorySize=128),
        "function deployer-watch: memory size changed",
    ),
    "retries are deleted": (
        of("lambda", "delete_function_event_invoke_config", FunctionName=FUNCTION, Qualifier="$LATEST"),
        "retries and failure destination of function deployer-handler does not exist",
    ),
    "an alarm is deleted": (
        of("cloudwatch", "delete_alarms", AlarmNames=["deployer-failures-waiting"]),
        "alarm deployer-failures-waiting does not exist",
    ),
    "an alarm's actions are disabled": (
        silence,
        "alarm deployer-events-lost: actions enabled, threshold changed",
    ),
    "the permission is removed": (remove_permission, "permission to invoke function deployer-handler does not"),
    "the bus admits nobody": (
        of("events", "remove_permission", EventBusName=BUS, StatementId="AdmitOrganization"),
        "policy of the event bus deployer-events does not exist",
    ),
    "backups are off": (
        of(
            "dynamodb",
            "update_continuous_backups",
            TableName="deployer-ledger",
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
        ),
        "table deployer-ledger: point in time recovery specification changed",
    ),
    "the rule is deleted": (delete_rule, f"event rule {RULE} does not exist"),
    "the failures queue is deleted": (
        lambda sandbox: sandbox.client("sqs").delete_queue(QueueUrl=queue(sandbox)),
        "queue deployer-failures does not exist",
    ),
    "the dashboard is deleted": (
        of("cloudwatch", "delete_dashboards", DashboardNames=["deployer"]),
        "dashboard deployer does not exist",
    ),
    "the archive is deleted": (of("events", "delete_archive", ArchiveName="deployer-archive"), "deployer-archive"),
    "a role is deleted": (delete_role, "role deployer-operator does not exist"),
    "logs are kept for a day": (
        of("logs", "put_retention_policy", logGroupName="/aws/lambda/deployer-handler", retentionInDays=1),
        "log group /aws/lambda/deployer-handler: retention in days changed",
    ),
    "a metric filter is deleted": (
        of("logs", "delete_metric_filter", logGroupName="/aws/lambda/deployer-handler", filterName="Failed"),
        "metric filter Failed does not exist",
    ),
    "the bucket is public": (
        of("s3", "delete_public_access_block", Bucket="deployer-artifacts-200000000001-eu-west-1"),
        "public access block configuration changed",
    ),
}
OTHER_DAMAGE: dict[str, tuple[Act, str]] = {
    "the rule is disabled": (of("events", "disable_rule", Name=RULE, EventBusName=BUS), f"{RULE} is disabled"),
    "the queue's policy is deleted": (
        lambda sandbox: sandbox.client("sqs").set_queue_attributes(QueueUrl=queue(sandbox), Attributes={"Policy": ""}),
        "policy of the queue deployer-failures does not exist",
    ),
}
"""To what others delete."""


def damage(status: dict[str, Any]) -> str:
    return "; ".join(text for one in status["stacks"] for text in one.get("damage", ()))


@begins_all_rolled_out_to_few
def test_damage_to_the_central_account_is_reported_and_repaired(sandbox: Sandbox) -> None:
    deployer = Deployer(sandbox)
    for act, _ in DAMAGE.values():
        act(sandbox)
    sandbox.settle()
    assert deployer("status").exit_code == 0, "CloudFormation does not report any of it"
    found = deployer("status", "--deep", "--json")
    assert found.exit_code == 2
    lacking = {title for title, (_, text) in DAMAGE.items() if text not in damage(found.document)}
    assert lacking == set(), damage(found.document)
    repaired = deployer("rollout", "--org", "--deep", "--yes")
    assert repaired.exit_code == 0, repaired
    assert "REPAIRS a change without CloudFormation" in repaired.out
    sandbox.settle()
    after = deployer("status", "--deep")
    assert after.exit_code == 0, after


@begins_all_rolled_out_to_few
def test_a_deep_roll_out_that_may_not_read_the_central_account_reports_it(sandbox: Sandbox) -> None:
    """The policies of `rollout` and `verify` have the auditor roles of the members, but not these reads."""
    sandbox.client("events").disable_rule(Name=RULE, EventBusName=BUS)
    statements = [
        {key: value for key, value in one.items() if key != "Sid"}
        for command in ("rollout", "verify")
        for one in operator_policy(NAMES, command)["Statement"]
    ]
    deployer = Deployer(sandbox)
    deployer.environment = session_with(sandbox, "deep", {"Version": "2012-10-17", "Statement": statements})
    ran = deployer("rollout", "--org", "--deep", "--yes")
    assert ran.exit_code == 23, ran
    assert "to perform: logs:DescribeMetricFilters" in " ".join(ran.out.split()), "what is missing"
    assert "deployer policy look verify" in " ".join(ran.err.split()), "what to attach"
    assert sandbox.client("events").describe_rule(Name=RULE, EventBusName=BUS)["State"] == "DISABLED"
    more = operator_policy(NAMES, "look", "verify")
    iam = sandbox.client("iam")
    policy = iam.create_policy(PolicyName="more", PolicyDocument=json.dumps(more, separators=(",", ":")))["Policy"]
    iam.attach_role_policy(RoleName="deep", PolicyArn=policy["Arn"])
    assert deployer("rollout", "--org", "--deep", "--yes").exit_code == 0
    assert sandbox.client("events").describe_rule(Name=RULE, EventBusName=BUS)["State"] == "ENABLED"


@begins_all_rolled_out_to_few
def test_a_deleted_ledger_is_created_again_only_if_that_is_allowed_and_the_rest_with_it(sandbox: Sandbox) -> None:
    dynamodb, table = sandbox.client("dynamodb"), "deployer-ledger"
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)
    for act, _ in OTHER_DAMAGE.values():
        act(sandbox)
    deployer = Deployer(sandbox)
    refused = deployer("rollout", "--org", "--deep", "--yes")
    assert refused.exit_code == GuardError.exit_code, refused
    shown = " ".join(refused.out.split())
    assert f"! table {table} is created again without its records" in shown
    assert {title for title, (_, text) in OTHER_DAMAGE.items() if text not in shown} == set(), shown
    assert f"restore-table-from-backup --target-table-name {table}" in " ".join(refused.err.split())
    assert table not in dynamodb.list_tables()["TableNames"]
    allowed = deployer("rollout", "--org", "--deep", "--yes", "--allow-delete", "1")
    assert allowed.exit_code == 0, allowed
    assert dynamodb.describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"]
    assert sandbox.client("events").describe_rule(Name=RULE, EventBusName=BUS)["State"] == "ENABLED"
    attributes = sandbox.client("sqs").get_queue_attributes(QueueUrl=queue(sandbox), AttributeNames=["Policy"])
    assert attributes["Attributes"]["Policy"]

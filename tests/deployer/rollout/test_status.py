"""Coverage by OU and region, the differences, and the exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deployer.planning.desired_state import Deployment
from deployer.planning.scopes import find_scope
from deployer.planning.states import OperationInProgress
from deployer.rendering.status import status_document, status_lines
from deployer.rollout.actual_state import read_actual_state
from deployer.rollout.status import InstanceStatus, MatrixCell, StackStatus, Status, matrix, status_of
from deployer.stack_sets import Instance, InstanceKey, Operation
from deployer.targets import Scope
from tests.deployer.examples import (
    ACCESS,
    DEV,
    FORWARDING,
    PAYMENTS,
    PROD,
    SCANNING,
    SHOP_DEV,
    SHOP_PROD,
    changed,
    example_deployment,
    plan,
    rolled_out,
)
from tests.deployer.json_documents import check_document
from tests.deployer.rollout.fake_cloud import FakeCloud
from tests.example_organization import EXAMPLE


def _status(deployment: Deployment, cloud: FakeCloud) -> Status:
    actual = read_actual_state(deployment.desired, cloud.cloud, previews=False)
    return status_of(deployment.desired, actual, plan(deployment, cloud))


def _with(cloud: FakeCloud, name: str, instance: Instance) -> None:
    state = cloud.stack_sets.there[name]
    others = tuple(one for one in state.instances if one.key != instance.key)
    cloud.stack_sets.there[name] = replace(state, instances=(*others, instance))


def _without(cloud: FakeCloud, name: str, key: InstanceKey) -> None:
    state = cloud.stack_sets.there[name]
    left = tuple(one for one in state.instances if one.key != key)
    cloud.stack_sets.there[name] = replace(state, instances=left)


def _instance(account: str, region: str, **options: Any) -> Instance:
    return Instance(account=account, region=region, ou_id="ou", **options)


def _text(status: Status, *, instances: bool = False) -> str:
    lines = [line.text for line in status_lines(status, EXAMPLE, instances=instances)]
    assert all(len(line) <= 80 for line in lines)
    return "\n".join(lines)


def test_after_a_roll_out_everything_is_current() -> None:
    deployment = example_deployment()
    status = _status(deployment, rolled_out(deployment))
    assert status.is_in_sync
    assert {one.state for one in status.instances} == {"current"}
    assert [one.state for one in status.stacks] == ["CREATE_COMPLETE", "CREATE_COMPLETE", "ACTIVE", "ACTIVE"]
    cells = matrix(status, EXAMPLE)
    assert cells[MatrixCell(FORWARDING, "Workloads/Prod", "us-east-1")] == Counter(current=2)
    assert "Everything in the whole organization is in sync with the config files." in _text(status)


def test_the_verdict_names_the_resources_that_were_read() -> None:
    deployment = example_deployment()
    status = _status(deployment, rolled_out(deployment))
    assert "CloudFormation reports this" in _text(status)
    deep = " ".join(_text(replace(status, is_deep=True)).split())
    assert "CloudFormation reports this" not in deep
    assert "tests that a push reaches the handler" in deep
    assert "`deployer doctor --probe ACCOUNT/REGION`" in deep


@pytest.mark.parametrize(
    ("ous", "accounts", "regions", "options"),
    [
        pytest.param([], [], [], "--org", id="the whole organization"),
        pytest.param(["Workloads/Dev"], [], [], "--ou Workloads/Dev", id="an OU"),
        pytest.param([], [SHOP_PROD], ["us-east-1"], f"--account {SHOP_PROD} --region us-east-1", id="a region"),
    ],
)
def test_the_roll_out_that_the_verdict_names_has_the_same_scope(
    ous: list[str], accounts: list[str], regions: list[str], options: str
) -> None:
    deployment = example_deployment()
    scope = find_scope(EXAMPLE, ous=ous, accounts=accounts, regions=regions)
    status = replace(_status(deployment, FakeCloud(EXAMPLE)), scope=scope)
    text = " ".join(_text(status).split())
    assert f"`deployer rollout {options}` brings" in text
    assert f"`deployer rollout {options} --deep` brings" in " ".join(_text(replace(status, repairs=1)).split())
    stack = StackStatus(name="deployer-central", region="eu-west-1", state="UPDATE_COMPLETE", differs=True)
    damaged = replace(status, stacks=(replace(stack, damage=("rule deployer disabled",)),))
    assert f"`deployer rollout {options} --deep` brings" in " ".join(_text(damaged).split())


def test_before_a_roll_out_everything_is_missing() -> None:
    deployment = example_deployment()
    status = _status(deployment, FakeCloud(EXAMPLE))
    assert not status.is_in_sync
    assert {one.state for one in status.stacks} == {"missing"}
    assert {one.state for one in status.instances} == {"missing"}
    assert "deployer-central in eu-west-1: missing" in _text(status)


@pytest.mark.parametrize(
    ("instance", "state"),
    [
        pytest.param(_instance(SHOP_PROD, "us-east-1", status="OUTDATED", reason="new"), "outdated", id="outdated"),
        pytest.param(
            _instance(SHOP_PROD, "us-east-1", status="OUTDATED", detailed_status="FAILED", reason="denied"),
            "failed",
            id="an update that failed",
        ),
        pytest.param(_instance(SHOP_PROD, "us-east-1", status="INOPERABLE", reason="stuck"), "failed", id="inoperable"),
        pytest.param(
            _instance(SHOP_DEV, "us-east-1", status="CURRENT"), "unexpected", id="a region that is not desired"
        ),
    ],
)
def test_an_instance_out_of_sync_is_reported_with_its_reason(instance: Instance, state: str) -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    _with(cloud, FORWARDING, instance)
    status = _status(deployment, cloud)
    (found,) = (one for one in status.instances if one.state != "current")
    assert (found.account, found.region, found.state, found.reason) == (
        instance.account,
        instance.region,
        state,
        instance.reason,
    )
    assert not status.is_in_sync
    text = _text(status)
    assert "Not in sync" in text
    assert state in text
    has_next_steps = " ".join(text.split()).count("After the next steps above, `deployer rollout --org` brings")
    assert has_next_steps == (state != "unexpected")


def test_instances_that_no_roll_out_can_remove_are_reported_and_not_out_of_sync() -> None:
    left, suspended = "999999999999", SHOP_PROD
    accounts = {**EXAMPLE.accounts, suspended: replace(EXAMPLE.accounts[suspended], state="SUSPENDED")}
    deployment = example_deployment(organization=replace(EXAMPLE, accounts=accounts))
    cloud = rolled_out(example_deployment())
    _with(cloud, FORWARDING, _instance(left, "eu-west-1", status="CURRENT"))
    status = _status(deployment, cloud)
    found = {one.account for one in status.instances if one.is_out_of_reach}
    assert found == {left}
    assert [one.state for one in status.instances if one.account == left] == ["unexpected"]
    assert [one.state for one in status.instances if one.account == suspended] == ["skipped"] * 3
    assert plan(deployment, cloud).is_empty
    assert status.is_in_sync
    text = " ".join(_text(status).split())
    assert (
        "1 unexpected in 1 account: AWS can no longer reach the account The account has left the organization" in text
    )
    assert "left the organization: 999999999999 in eu-west-1 (deployer-forwarding)" in text
    assert text.count("3 instances skipped by AWS (suspended): shop-prod (300000000001)") == 1
    assert "skipped Workloads/Prod" not in text
    assert "skipped Workloads/Prod: shop-prod (300000000001) in us-east-1" in " ".join(
        _text(status, instances=True).split()
    )
    assert "All that AWS reaches in the whole organization is in sync with the config files." in text
    document: Any = status_document(status, deployment.desired.organization)
    assert document["in_sync"]
    assert sum(row["skipped"] for row in document["coverage"]) == 3
    assert all(row["desired"] == row["current"] for row in document["coverage"])


def test_a_missing_instance_is_counted_for_its_ou_and_region() -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    _without(cloud, ACCESS, InstanceKey(PAYMENTS, "eu-west-1"))
    status = _status(deployment, cloud)
    cell = matrix(status, EXAMPLE)[MatrixCell(ACCESS, "Workloads/Prod/Payments", "eu-west-1")]
    assert cell == Counter(current=1, missing=1)
    document: Any = status_document(status, EXAMPLE)
    rows = [row for row in document["coverage"] if row["missing"]]
    assert rows == [
        {
            "stack_set": ACCESS,
            "ou": "Workloads/Prod/Payments",
            "region": "eu-west-1",
            "desired": 2,
            "current": 1,
            "damaged": 0,
            "outdated": 0,
            "failed": 0,
            "missing": 1,
            "unexpected": 0,
            "skipped": 0,
        }
    ]


def test_templates_and_properties_that_differ_are_reported(tmp_path: Path) -> None:
    cloud = rolled_out(example_deployment())
    state = cloud.stack_sets.there[ACCESS]
    cloud.stack_sets.there[ACCESS] = replace(state, auto_deployment=False)
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60"))
    status = _status(after, cloud)
    assert {one.name for one in status.stacks if one.differs} == {"deployer-central", ACCESS}
    assert {one.state for one in status.instances} == {"current"}
    assert not status.is_in_sync


def test_stack_sets_of_ou_settings_are_reported_like_all_others(tmp_path: Path) -> None:
    before = example_deployment(changed(tmp_path, DEV, "", SCANNING))
    cloud = rolled_out(before)
    assert _status(before, cloud).is_in_sync
    status = _status(example_deployment(), cloud)
    assert Counter(one.state for one in status.instances)["unexpected"] == 2
    assert [one.differs for one in status.stacks][-1]
    assert "deployer-registry-scanning-" in _text(status)


def test_nothing_outside_the_scope_is_reported() -> None:
    scope = find_scope(EXAMPLE, ous=["Workloads/Prod"], accounts=(), regions=["us-east-1"])
    deployment = example_deployment(scope=scope)
    status = _status(deployment, rolled_out(example_deployment()))
    accounts = (SHOP_PROD, "300000000002", PAYMENTS, "300000000004")
    assert {(one.stack_set, one.account, one.region) for one in status.instances} == {
        *((FORWARDING, account, "us-east-1") for account in accounts),
        *((ACCESS, account, "eu-west-1") for account in accounts),
    }
    assert status.is_in_sync


def test_every_instance_is_listed_only_on_request() -> None:
    deployment = example_deployment()
    status = _status(deployment, rolled_out(deployment))
    line = "current Workloads/Dev: shop-dev (400000000001) in eu-west-1 (deployer-access)"
    assert line in " ".join(_text(status, instances=True).split())
    assert line not in " ".join(_text(status).split())
    document: Any = status_document(status, EXAMPLE)
    assert len(document["instances"]) == len(status.instances)


REFUSED = (
    "ResourceLogicalId:Role, ResourceType:AWS::IAM::Role, ResourceStatusReason:User: arn:aws:sts::{0}:assumed-role/"
    "stacksets-exec-1/x is not authorized to perform: iam:CreateRole with an explicit deny in a service control policy"
)


def test_a_failed_account_has_resource_reason_and_next_step_and_one_cause_is_one_line() -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    failed = {"status": "OUTDATED", "detailed_status": "FAILED"}
    instances = cloud.stack_sets.there[FORWARDING].instances
    for one in instances:
        _with(cloud, FORWARDING, _instance(one.account, one.region, reason=REFUSED.format(one.account), **failed))
    _with(cloud, ACCESS, _instance(SHOP_DEV, "eu-west-1", **failed))
    _with(cloud, ACCESS, _instance(PAYMENTS, "eu-west-1", status="OUTDATED", reason="Cancelled since the tolerance"))
    status = _status(deployment, cloud)
    text = " ".join(_text(status).split())
    accounts = len({one.account for one in instances})
    assert text.count(f"{len(instances)} failed in {accounts} accounts: Role (AWS::IAM::Role): User:") == 1
    assert "A service control policy denies iam:CreateRole" in text
    assert "1 failed in 1 account: AWS gives no reason Its events are in CloudFormation's console" in text
    assert "Workloads/Dev: shop-dev (400000000001) in eu-west-1 (deployer-access)" in text
    assert "1 outdated in 1 account: Cancelled since the tolerance It was not tried, after failures elsewhere" in text
    assert text.count("`deployer rollout --only-failed`") == 3

    document: Any = status_document(status, EXAMPLE)
    counted = Counter(one["state"] for one in document["instances"] if one["state"] != "current")
    assert counted == {"failed": len(instances) + 1, "outdated": 1}
    assert sum(cause["instances"] for cause in document["causes"]) == counted.total()
    assert all(one["next_step"] for one in document["instances"] if one["state"] != "current")
    assert not any(one["next_step"] for one in document["instances"] if one["state"] == "current")


def test_hundreds_of_accounts_with_one_cause_are_a_few_lines() -> None:
    instances = [
        InstanceStatus(stack_set=ACCESS, account=f"{number:012}", region=region, state="missing")
        for number in range(300)
        for region in ("eu-west-1", "us-east-1")
    ]
    status = Status(stacks=(), instances=tuple(instances), scope=Scope.whole(EXAMPLE))
    text = _text(status)
    assert "600 missing in 300 accounts" in text
    assert "and 288 more; `deployer status --instances` lists all" in " ".join(text.split())
    assert len(text.splitlines()) < 25
    assert len(_text(status, instances=True).splitlines()) > 600


@pytest.mark.parametrize(
    ("id_", "who", "text"),
    [
        ("deployer-alice-20261128T000000Z-0123abcd", "alice", "started by alice with deployer"),
        ("0f0f", None, "not started by deployer (CloudTrail shows who started it)"),
    ],
)
def test_an_operation_in_progress_is_shown_with_who_started_it(id_: str, who: str | None, text: str) -> None:
    deployment = example_deployment()
    operation = Operation(id=id_, action="UPDATE", status="RUNNING", started=datetime(2026, 11, 28, tzinfo=UTC))
    busy = OperationInProgress(FORWARDING, operation, 1, 9)
    status = replace(_status(deployment, rolled_out(deployment)), under_way=(busy,))
    shown = " ".join(_text(status).split())
    assert f"StackSet {FORWARDING} is busy: UPDATE {id_}, RUNNING since 2026-11-28 00:00:00, {text}; 1 of 9" in shown
    document: Any = status_document(status, EXAMPLE)
    (found,) = document["under_way"]
    assert (found["stack_set"], found["operation"], found["started_by"]) == (FORWARDING, id_, who)
    check_document(document, "status")

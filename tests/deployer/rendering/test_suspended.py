"""Suspended accounts during and after a roll-out: one line for all of them, and not a failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deployer.organization import Organization
from deployer.planning.suspended import skipped_by_aws
from deployer.rendering.board import Board
from deployer.rendering.events import event_lines
from deployer.rendering.events_json import event_document
from deployer.rendering.outcome import outcome_lines
from deployer.rendering.plan_json import outcome_document
from deployer.rendering.suspended import retained_lines
from deployer.rollout.execution import roll_out
from deployer.rollout.progress import OperationProgress
from deployer.stack_sets import Instance, InstanceCounts, InstanceResult, Operation
from tests.deployer.examples import ACCESS, FORWARDING, SHOP_DEV, SHOP_PROD, example_deployment, plan, rolled_out
from tests.example_organization import EXAMPLE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = "600000000001"
CALLER = "arn:aws:iam::200000000001:user/x"
SKIPPED = "2 instances skipped by AWS (suspended): old-project (600000000001)"


def progress(*, retain_stacks: bool = False) -> OperationProgress:
    """A finished operation in two regions of a suspended account and of an active one."""
    results = tuple(
        InstanceResult(account=account, region=region, status="SUCCEEDED")
        for account, region in [(OLD, "eu-west-1"), (OLD, "us-east-1"), (SHOP_PROD, "eu-west-1")]
    )
    operation = Operation(id="o", action="UPDATE", status="SUCCEEDED", retain_stacks=retain_stacks)
    return OperationProgress(stack_set=FORWARDING, operation=operation, results=results, changed=results)


def test_progress_reports_them_in_one_line() -> None:
    text = " ".join(" ".join(line.text for line in event_lines(progress(), EXAMPLE)).split())
    assert SKIPPED in text
    assert "SUCCEEDED Workloads/Prod: shop-prod (300000000001) in eu-west-1" in text
    assert text.count("old-project") == 1
    assert event_document(progress(), EXAMPLE, at=NOW)["skipped"] == 2


@pytest.mark.parametrize(
    ("planned", "retain_stacks", "text"),
    [
        (7, False, "AWS counts 5 instances more than planned, such as those of suspended accounts, which it skips"),
        (12, False, ""),
        (None, False, ""),
        (7, True, ""),
    ],
    ids=["more than planned", "as planned", "of an earlier run", "released"],
)
def test_counts_that_include_them_are_explained(planned: int | None, retain_stacks: bool, text: str) -> None:
    """AWS counts skipped instances as successes and does not list them, so that they have no line."""
    counts = InstanceCounts(total=12, completed=12, succeeded=12)
    operation = Operation(id="o", action="CREATE", status="SUCCEEDED", counts=counts, retain_stacks=retain_stacks)
    event = OperationProgress(stack_set=FORWARDING, operation=operation, results=(), changed=(), planned=planned)
    shown = " ".join(" ".join(line.text for line in event_lines(event, EXAMPLE)).split())
    assert "12 of 12 instances finished" in shown
    assert text in shown
    assert ("more than planned" in shown) == bool(text)


def test_the_live_view_reports_them_in_one_line_however_often_it_refreshes() -> None:
    board = Board(EXAMPLE)
    for _ in range(3):
        board.apply(progress())
    shown = [line.text.strip() for line in board.lines(width=100, height=20, elapsed=1)]
    assert shown.count(SKIPPED) == 1


def test_an_operation_that_releases_them_skips_none() -> None:
    released = progress(retain_stacks=True)
    assert "skipped" not in " ".join(line.text for line in event_lines(released, EXAMPLE))
    assert event_document(released, EXAMPLE, at=NOW)["skipped"] == 0


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["SUSPENDED", "SUSPENDED"], "skipped by AWS (suspended)"),
        (["PENDING_CLOSURE", "SUSPENDED"], "skipped by AWS (pending closure, suspended)"),
        (["ACTIVE"], "skipped by AWS (suspended)"),
    ],
    ids=["all suspended", "one is being closed", "suspended since the organization was read"],
)
def test_the_states_of_the_accounts_are_named(states: list[str], words: str) -> None:
    accounts = dict(zip([SHOP_PROD, SHOP_DEV], states, strict=False))
    assert skipped_by_aws(_with_states(accounts), accounts) == words


def _with_states(states: dict[str, str]) -> Organization:
    changed = {id_: replace(EXAMPLE.accounts[id_], state=state) for id_, state in states.items()}
    return replace(EXAMPLE, accounts={**EXAMPLE.accounts, **changed})


def test_an_account_that_is_suspended_after_the_plan_is_not_a_failure() -> None:
    """Its instance is OUTDATED, and its detailed status has the reason."""
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    outdated = Instance(account=SHOP_PROD, region="eu-west-1", ou_id="ou", status="OUTDATED")
    state = cloud.stack_sets.there[ACCESS]
    others = tuple(one for one in state.instances if one.key != outdated.key)
    cloud.stack_sets.there[ACCESS] = replace(state, instances=(*others, outdated))
    found = plan(deployment, cloud)
    assert found.updates == 1

    skipped = replace(outdated, detailed_status="SKIPPED_SUSPENDED_ACCOUNT")
    cloud.stack_sets.there[ACCESS] = replace(state, instances=(*others, skipped))
    cloud.stack_sets.refresh = lambda definition, operation: "skipped"  # type: ignore[method-assign]
    cloud.stack_sets.done["skipped"] = (
        InstanceResult(account=SHOP_PROD, region="eu-west-1", status="SUCCEEDED", reason="suspended"),
    )
    outcome = roll_out(found, deployment.bundle, cloud.cloud, lambda _: None)
    assert (outcome.exit_code, outcome.failures, outcome.skipped) == (0, (), (outdated.key,))
    text = " ".join(" ".join(line.text for line in outcome_lines(outcome, found, EXAMPLE)).split())
    assert "left alone 1 instance skipped by AWS (suspended): shop-prod (300000000001)" in text
    document: Any = outcome_document(outcome, found, EXAMPLE, caller=CALLER, url=None)
    assert document["outcome"]["instances"]["skipped"] == 1


def test_released_instances_without_a_stack_are_only_counted() -> None:
    released = [
        Instance(account=OLD, region=region, ou_id="", status="OUTDATED") for region in ("eu-west-1", "us-east-1")
    ]
    (line,) = retained_lines(EXAMPLE, released)
    assert line.text == "= 2 instances of suspended accounts released; none of them has a stack"

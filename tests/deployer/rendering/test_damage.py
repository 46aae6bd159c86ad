"""Damage in accounts, as plan, status and the result of a roll-out show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deployer.planning.comparison import make_plan
from deployer.planning.damage import Inspection
from deployer.planning.plan import Plan
from deployer.planning.states import ActualState
from deployer.rendering.outcome import outcome_lines
from deployer.rendering.plan import plan_lines
from deployer.rendering.plan_json import plan_document
from deployer.rendering.plan_markdown import plan_markdown
from deployer.rendering.status import status_document, status_lines
from deployer.rendering.text import Line
from deployer.rendering.waves import Course
from deployer.rollout.actual_state import read_actual_state
from deployer.rollout.execution import roll_out
from deployer.rollout.status import status_of
from deployer.stack_sets import InstanceKey
from handler.inspection import Damage
from handler.resource_comparison import Addition
from tests.deployer.examples import example_deployment, rolled_out
from tests.deployer.json_documents import check_document
from tests.example_organization import EXAMPLE

SHOP, SEARCH = InstanceKey("300000000001", "eu-west-1"), InstanceKey("300000000002", "eu-west-1")
POLICY = "arn:aws:iam::300000000001:policy/platform/shop"
COMMAND = f"aws iam detach-role-policy --role-name deployer-creator --policy-arn {POLICY}"
ADDED = Damage(
    problems=("role deployer-auditor: trust policy changed",),
    additions=(Addition(f"policy {POLICY} was added to role deployer-creator", COMMAND),),
)
CHANGED = Damage(problems=("role deployer-creator does not exist",))
DEPLOYMENT = example_deployment()
CLOUD = rolled_out(DEPLOYMENT)


def damaged(found: Mapping[InstanceKey, Damage]) -> tuple[ActualState, Plan]:
    """The state and the plan after somebody changed the roles of these accounts."""
    actual = read_actual_state(DEPLOYMENT.desired, CLOUD.cloud)
    actual = replace(actual, inspection=Inspection(damaged={"deployer-access": found}))
    return actual, make_plan(DEPLOYMENT.desired, actual)


def pasted(lines: list[Line]) -> str:
    """The command as a shell reads it from several lines."""
    texts = [line.text for line in lines]
    assert all(len(text) <= 80 or len(text.split()) == 1 for text in texts), texts
    return " ".join(" ".join(text.removesuffix("\\") for text in texts).split())


def test_an_addition_by_others_is_shown_with_its_command_and_is_not_planned() -> None:
    actual, plan = damaged({SHOP: ADDED, SEARCH: CHANGED})
    assert (plan.repairs, plan.is_empty) == (1, False)
    planned = pasted(plan_lines(plan, EXAMPLE, caller="x"))
    shown = pasted(status_lines(status_of(DEPLOYMENT.desired, actual, plan), EXAMPLE, instances=False))
    for text in (planned, shown):
        assert COMMAND in text
        assert "shop-prod (300000000001) in eu-west-1" in text
        assert "not repaired before that: role deployer-auditor: trust policy changed" in text
    assert "REPAIRS 1 instance" in planned
    document: Any = plan_document(plan, EXAMPLE, caller="x")
    check_document(document, "plan")
    repaired = document["stack_sets"][0]["instances"]["repaired"]
    assert [(one["account"], one["damage"]) for one in repaired] == [(SEARCH.account, list(CHANGED.problems))]
    markdown = plan_markdown(plan, EXAMPLE, caller="x", course=Course(), everything=False)
    assert POLICY in markdown


def test_if_nothing_else_is_damaged_a_plan_changes_nothing_and_the_roll_out_fails() -> None:
    actual, plan = damaged({SHOP: ADDED})
    assert (plan.is_empty, [key for key, _ in plan.blocked]) == (True, [SHOP])
    assert COMMAND in pasted(plan_lines(plan, EXAMPLE, caller="x"))
    status = status_of(DEPLOYMENT.desired, actual, plan)
    assert not status.is_in_sync
    result = roll_out(plan, DEPLOYMENT.bundle, CLOUD.cloud, lambda _: None)
    assert result.exit_code == 1
    assert "`deployer status --deep` lists the commands" in pasted(outcome_lines(result, plan, EXAMPLE))
    documents: tuple[Any, Any] = plan_document(plan, EXAMPLE, caller="x"), status_document(status, EXAMPLE)
    for document in documents:
        assert [(one["account"], one["region"], one["command"]) for one in document["additions"]] == [(*SHOP, COMMAND)]


def test_documents_list_unreadable_resources_with_the_reason() -> None:
    actual = read_actual_state(DEPLOYMENT.desired, CLOUD.cloud)
    actual = replace(actual, inspection=Inspection(unread={SEARCH: "no answer", SHOP: "denied"}))
    plan = make_plan(DEPLOYMENT.desired, actual)
    planned: Any = plan_document(plan, EXAMPLE, caller="x")
    check_document(planned, "plan")
    shown: Any = status_document(status_of(DEPLOYMENT.desired, actual, plan), EXAMPLE)
    for document in (planned, shown):
        assert sorted((one["account"], one["region"], one["reason"]) for one in document["unread"]) == sorted(
            [(*SEARCH, "no answer"), (*SHOP, "denied")]
        )

"""Everything is removed in reverse order, the ledger only if requested; the rest is reported and removed next time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from deployer.planning.desired_state import Deployment
from deployer.rendering.removal import removal_document, removal_lines, removal_outcome_lines
from deployer.rollout.actual_state import read_actual_state
from deployer.rollout.destroy import LeftOverError, Removal, destroy, plan_removal, removed_instances
from deployer.rollout.result import RolloutResult
from deployer.stack_sets import Instance, InstanceKey, InstanceOperation, NotInStackSetError
from tests.deployer.examples import (
    ACCESS,
    FORWARDING,
    PROD,
    SCANNING,
    SHOP_PROD,
    changed,
    example_deployment,
    rolled_out,
)
from tests.deployer.json_documents import check_document
from tests.deployer.rollout.fake_cloud import FakeCloud, Kept
from tests.example_organization import EXAMPLE

CALLER = "arn:aws:iam::200000000001:user/x"


class Installation:
    """A deployed installation, and the resources that its stacks retain."""

    def __init__(self, deployment: Deployment) -> None:
        self.desired = deployment
        self.aws: FakeCloud = rolled_out(deployment)
        self.bucket, self.ledger = Kept(), Kept()

    def plan(self, *, delete_ledger: bool = False) -> Removal:
        return plan_removal(
            self.desired.desired,
            read_actual_state(self.desired.desired, self.aws.cloud, previews=False),
            bucket=self.bucket.exists(),
            ledger=self.ledger.exists(),
            delete_ledger=delete_ledger,
        )

    def destroy(self, *, delete_ledger: bool = False) -> RolloutResult:
        plan = self.plan(delete_ledger=delete_ledger)
        return destroy(plan, self.aws.cloud, lambda _: None, bucket=self.bucket, ledger=self.ledger)

    @property
    def is_gone(self) -> bool:
        return not (self.aws.stacks.there or self.aws.stack_sets.there or self.bucket.is_there)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(example_deployment(changed(tmp_path, PROD, "", SCANNING)))


def _text(plan: Removal) -> str:
    lines = [line.text for line in removal_lines(plan, EXAMPLE, caller=CALLER)]
    assert ("Repositories and their images stay: this command deletes none." in lines) is not plan.is_empty
    assert all(len(line) <= 80 for line in lines)
    assert all(above or below for above, below in pairwise(lines)), "no two empty lines follow each other"
    return "\n".join(lines)


def test_it_deletes_in_the_reverse_order_of_the_roll_out(installation: Installation) -> None:
    plan = installation.plan()
    scanning, *others = [one.name for one in plan.stack_sets]
    assert scanning.startswith("deployer-registry-scanning-")
    assert others == [FORWARDING, ACCESS]
    assert [key.name for key in plan.stacks] == ["deployer-central", "deployer-artifacts"]
    assert removed_instances(plan) == 8 + 14 + 9


def test_everything_except_the_ledger_is_deleted(installation: Installation) -> None:
    outcome = installation.destroy()
    assert (outcome.exit_code, outcome.deleted, outcome.not_run) == (0, 31, ())
    assert installation.is_gone
    assert installation.ledger.is_there
    again = installation.plan()
    assert again.is_empty
    assert "= the ledger stays (--delete-ledger deletes it)" in _text(again)
    assert "Nothing to remove." in _text(again)


def test_the_ledger_is_deleted_if_requested_even_later(installation: Installation) -> None:
    installation.destroy()
    plan = installation.plan(delete_ledger=True)
    assert "- THE LEDGER with all of its records" in _text(plan)
    assert installation.destroy(delete_ledger=True).done == ("ledger",)
    assert _text(installation.plan(delete_ledger=True)).endswith("\n\nNothing to remove.")
    assert not installation.ledger.is_there


def test_the_plan_reports_the_settings_that_registries_return_to(installation: Installation) -> None:
    assert "afterwards: ECR's default, manual basic scanning" in _text(installation.plan())


def test_a_remaining_instance_keeps_its_stack_set_and_its_dependencies(installation: Installation) -> None:
    key = InstanceKey(SHOP_PROD, "us-east-1")
    installation.aws.stack_sets.stuck = {key}
    outcome = installation.destroy()
    assert isinstance(outcome.error, LeftOverError)
    assert outcome.exit_code == 1
    assert [(one.account, one.region, one.reason) for one in outcome.failures] == [(*key, "it is stuck")]
    assert "stack deployer-central in eu-west-1" in outcome.not_run
    assert installation.aws.stack_sets.there.keys() >= {ACCESS, FORWARDING}
    text = "\n".join(line.text for line in removal_outcome_lines(outcome, EXAMPLE))
    assert "shop-prod (300000000001) in us-east-1" in text
    assert "1 failure: it is stuck" in text
    assert "--only-failed" not in text, "destroy retries by itself"
    assert "run `deployer destroy` again" in " ".join(text.split())

    installation.aws.stack_sets.stuck = set()
    assert installation.destroy().exit_code == 0
    assert installation.is_gone


def _add(installation: Installation, *instances: Instance) -> None:
    states = installation.aws.stack_sets.there
    states[ACCESS] = replace(states[ACCESS], instances=(*states[ACCESS].instances, *instances))


def test_instances_of_an_account_that_left_the_organization_are_reported(installation: Installation) -> None:
    _add(installation, Instance(account="999999999999", region="eu-west-1", ou_id="ou", status="CURRENT"))
    outcome = installation.destroy()
    assert [(one.account, one.reason) for one in outcome.failures] == [
        ("999999999999", "AWS can no longer reach the account")
    ]
    assert ACCESS in installation.aws.stack_sets.there
    assert FORWARDING not in installation.aws.stack_sets.there


@pytest.mark.parametrize(
    "ou_id", ["ou-exam-susp0001", "ou-exam-prod0001"], ids=["deployed in its OU", "deployed before it moved to its OU"]
)
def test_instances_of_a_suspended_account_are_released_and_their_stacks_remain(
    installation: Installation, ou_id: str
) -> None:
    stack = "arn:aws:cloudformation:eu-west-1:600000000001:stack/StackSet-deployer-access-1/2"
    _add(
        installation,
        Instance(account="600000000001", region="eu-west-1", ou_id=ou_id, status="CURRENT", stack_id=stack),
        Instance(account="600000000001", region="us-east-1", ou_id=ou_id, status="OUTDATED"),
    )
    plan = installation.plan()
    (release,) = next(one.releases for one in plan.stack_sets if one.name == ACCESS)
    assert (release.targets.ou_ids, release.retain_stacks) == ((ou_id,), True)
    assert removed_instances(plan) == 31
    text = " ".join(_text(plan).split())
    assert "= 2 instances of suspended accounts released; AWS leaves 1 stack there:" in text
    assert "old-project (600000000001) in eu-west-1: stack StackSet-deployer-access-1" in text
    assert "us-east-1: no stack" not in text

    outcome = installation.destroy()
    assert (outcome.exit_code, outcome.deleted, outcome.released, outcome.failures) == (0, 31, 2, ())
    assert installation.is_gone
    assert "released 2 instances of suspended accounts" in "\n".join(
        line.text for line in removal_outcome_lines(outcome, EXAMPLE)
    )
    document: Any = removal_document(plan, outcome, EXAMPLE)
    check_document(document, "destroy")
    assert [(one["name"], one["stack"]) for one in document["retained"]] == [
        ("old-project", stack), ("old-project", None),
    ]  # fmt: skip
    assert document["outcome"]["released"] == 2


def test_a_suspended_account_that_aws_does_not_release_does_not_keep_other_instances(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(installation, Instance(account="600000000001", region="eu-west-1", ou_id="ou-exam-susp0001", status="CURRENT"))
    operate = installation.aws.stack_sets.operate

    def refusing(name: str, operation: InstanceOperation) -> str:
        if operation.retain_stacks:
            raise NotInStackSetError("Organizational unit ou-exam-susp0001 not found in StackSet")
        return operate(name, operation)

    monkeypatch.setattr(installation.aws.stack_sets, "operate", refusing)
    outcome = installation.destroy()
    assert isinstance(outcome.error, LeftOverError)
    assert [one.account for one in outcome.failures] == ["600000000001"]
    assert [one.account for one in installation.aws.stack_sets.there[ACCESS].instances] == ["600000000001"]


@pytest.mark.parametrize("stack", ["deployer-central", "deployer-artifacts"])
def test_a_stack_that_cannot_be_deleted_stops_the_rest_and_running_again_finishes(
    installation: Installation, stack: str
) -> None:
    installation.aws.stacks.broken = {stack}
    outcome = installation.destroy(delete_ledger=True)
    assert outcome.exit_code == 1
    assert outcome.not_run[-1] == "ledger"
    assert installation.ledger.is_there
    installation.aws.stacks.broken = set()
    assert installation.destroy(delete_ledger=True).exit_code == 0
    assert installation.is_gone
    assert not installation.ledger.is_there


def test_the_document_has_the_plan_and_its_result(installation: Installation) -> None:
    plan = installation.plan()
    document: Any = removal_document(plan, installation.destroy(), EXAMPLE)
    assert document["instances"] == document["outcome"]["instances"] == 31
    assert document["ledger"] == "kept"
    assert document["outcome"]["exit_code"] == 0
    check_document(document, "destroy")
    after = removal_document(installation.plan(), None, EXAMPLE)
    check_document(after, "destroy")
    assert (after["stack_sets"], after["stacks"], after["outcome"]) == ([], [], None)

"""The documents of --json follow their schemas, even with rare content."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deployer.errors import BusyError
from deployer.planning.basis import Difference
from deployer.planning.opt_in import OptInRegion
from deployer.planning.states import OperationInProgress
from deployer.rendering.plan_file import difference_document
from deployer.rendering.plan_json import outcome_document
from deployer.rollout.causes import Failure
from deployer.rollout.result import RolloutResult
from deployer.stack_sets import InstanceKey, Operation
from handler.inspection import Damage
from handler.resource_comparison import Addition
from tests.deployer.examples import ACCESS, SHOP_DEV, example_deployment, plan
from tests.deployer.json_documents import check_document
from tests.deployer.rollout.fake_cloud import FakeCloud
from tests.example_organization import EXAMPLE

CALLER = "arn:aws:iam::200000000001:user/x"


def test_the_document_of_a_roll_out_with_everything_follows_the_schema() -> None:
    started = datetime(2026, 11, 28, tzinfo=UTC)
    operation = Operation(id="deployer-a-1", action="CREATE", status="RUNNING", started=started)
    damage = Damage(additions=(Addition("a policy x", "aws iam delete-role-policy"),))
    key = InstanceKey(SHOP_DEV, "eu-west-1")
    found = plan(example_deployment(), FakeCloud(EXAMPLE))
    first, *others = found.stack_sets
    first = replace(first, instances=replace(first.instances, blocked=frozenset({key})), damaged={key: damage})
    found = replace(
        found,
        stack_sets=(first, *others),
        under_way=(OperationInProgress(ACCESS, operation, 1, 9),),
        opt_in_warnings=(OptInRegion("me-south-1", "disabled"),),
        current_url="https://abc.lambda-url.eu-west-1.on.aws/",
    )
    failure = Failure(stack_set=ACCESS, account="499999999999", region="eu-west-1", reason="")
    outcome = RolloutResult(done=("a",), not_run=("b",), failures=(failure,), error=BusyError("busy"))
    document: Any = outcome_document(outcome, found, EXAMPLE, caller=CALLER, url=None)
    check_document(document, "rollout")
    assert len(document["additions"]) == len(document["under_way"]) == len(document["opt_in_regions"]) == 1
    with pytest.raises(AssertionError):
        check_document({key: value for key, value in document.items() if key != "version"}, "rollout")
    with pytest.raises(AssertionError):
        check_document({key: value for key, value in document.items() if key != "url"}, "rollout")


def test_the_changes_since_a_plan_file_follow_the_schema() -> None:
    check_document(difference_document([Difference("files", "ous/dev.yaml", None, "1")]), "rollout")

"""StackSets that somebody edited by hand are restored once, and not in every plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.rollout.execution import roll_out
from deployer.targets import Scope
from tests.deployer.examples import FORWARDING, SHOP_PROD, example_deployment, plan, rolled_out
from tests.deployer.rollout.fake_cloud import FakeCloud

PROD_ONLY = Scope(ou_ids=frozenset({"ou-exam-prod0001"}))


@pytest.fixture
def edited(request: pytest.FixtureRequest) -> FakeCloud:
    """The example, rolled out, with one property of a StackSet changed."""
    cloud = rolled_out(example_deployment())
    stack_sets = cloud.stack_sets.there
    stack_sets[FORWARDING] = replace(stack_sets[FORWARDING], **request.param)
    return cloud


AUTO_DEPLOYMENT = (
    pytest.param({"auto_deployment": False}, id="disabled"),
    pytest.param({"retain_on_removal": True}, id="retaining stacks"),
    pytest.param({"depends_on": ()}, id="out of order"),
)


@pytest.mark.parametrize("edited", AUTO_DEPLOYMENT, indirect=True)
def test_auto_deployment_is_restored_with_the_whole_organization(edited: FakeCloud) -> None:
    (_, forwarding) = plan(example_deployment(), edited).stack_sets
    assert (forwarding.change, len(forwarding.properties), forwarding.only) == ("update", 1, None)


@pytest.mark.parametrize("edited", AUTO_DEPLOYMENT, indirect=True)
def test_a_part_of_the_organization_is_not_updated_for_settings_that_only_the_whole_can_change(
    edited: FakeCloud,
) -> None:
    assert plan(example_deployment(), edited, scope=PROD_ONLY).is_empty


@pytest.mark.parametrize("edited", [{"body": "{}"}], indirect=True, ids=["body"])
def test_an_update_names_no_account_without_an_instance(edited: FakeCloud) -> None:
    state = edited.stack_sets.there[FORWARDING]
    others = tuple(one for one in state.instances if one.account != SHOP_PROD)
    edited.stack_sets.there[FORWARDING] = replace(state, instances=others)
    (_, forwarding) = plan(example_deployment(), edited, scope=PROD_ONLY).stack_sets
    assert forwarding.only is not None
    (only,) = forwarding.only
    assert SHOP_PROD not in only.targets.accounts
    assert {key.account for key in only.instances} == set(only.targets.accounts)
    assert {key.account for one in forwarding.instances.create for key in one.instances} == {SHOP_PROD}


@pytest.mark.parametrize("edited", [{"body": "{}"}, {"description": "by hand"}], indirect=True, ids=["body", "words"])
def test_a_part_of_the_organization_restores_its_other_settings_once(
    edited: FakeCloud,
) -> None:
    deployment = example_deployment()
    (_, forwarding) = (first := plan(deployment, edited, scope=PROD_ONLY)).stack_sets
    assert forwarding.only is not None
    (only,) = forwarding.only
    assert set(only.targets.accounts) == {key.account for key in forwarding.instances.desired}
    assert roll_out(first, deployment.bundle, edited.cloud, lambda _: None).exit_code == 0
    assert plan(deployment, edited, scope=PROD_ONLY).is_empty

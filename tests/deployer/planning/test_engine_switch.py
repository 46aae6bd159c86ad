"""An OU that is switched between the engines: in which order a roll-out changes its registries and the handler."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deployer.planning.desired_state import Deployment
from deployer.planning.engine_switch import phases
from deployer.planning.instances import instances_of
from deployer.rollout.execution import ExecutionOptions, roll_out
from deployer.targets import Scope
from deployer.waves import plan_waves
from tests.deployer.examples import (
    ACCESS,
    DEV,
    FORWARDING,
    MANAGEMENT,
    NATIVE,
    ORGANIZATION,
    SEARCH_DEV,
    SHOP_DEV,
    changed,
    example_deployment,
    plan,
    rolled_out,
)
from tests.deployer.rollout.fake_cloud import FakeCloud
from tests.example_organization import EXAMPLE

CENTRAL = "stack deployer-central in eu-west-1"
TEMPLATES = "StackSet deployer-registry-creation-templates-"


@pytest.fixture
def native(tmp_path: Path) -> Deployment:
    return example_deployment(changed(tmp_path, DEV, "", NATIVE))


def steps(deployment: Deployment, cloud: FakeCloud, waves: tuple[tuple[str, ...], ...] = ()) -> list[str]:
    """The steps of a roll-out that change the handler or the creation templates, in order."""
    options = ExecutionOptions(
        waves=plan_waves(waves, EXAMPLE, Scope.whole(EXAMPLE)),
        plan_in=lambda scope: plan(deployment, cloud, scope=scope),
    )
    outcome = roll_out(plan(deployment, cloud), deployment.bundle, cloud.cloud, lambda _: None, options=options)
    assert outcome.exit_code == 0, outcome
    assert plan(deployment, cloud).is_empty
    return [one for one in outcome.done if one.startswith((CENTRAL, TEMPLATES, "wave"))]


def test_a_switch_to_native_creates_the_templates_before_the_handler_gets_its_settings(native: Deployment) -> None:
    first, second = steps(native, rolled_out(example_deployment()))
    assert first.startswith(TEMPLATES)
    assert first.endswith("before stack deployer-central")
    assert second == CENTRAL


def test_a_switch_back_deletes_the_templates_after_the_handler_has_its_settings(native: Deployment) -> None:
    first, *removals = steps(example_deployment(), rolled_out(native))
    assert first == CENTRAL
    assert [one.rpartition(": ")[2] for one in removals] == ["removal", "deletion"]


def test_a_first_roll_out_creates_the_templates_last(native: Deployment) -> None:
    first, second = steps(native, FakeCloud(EXAMPLE))
    assert first == CENTRAL
    assert second.startswith(TEMPLATES)


def test_an_account_that_the_handler_does_not_serve_yet_gets_its_templates_after_the_rest(native: Deployment) -> None:
    cloud = rolled_out(example_deployment())
    state = cloud.stack_sets.there[FORWARDING]
    missing = tuple(one for one in state.instances if one.account != SEARCH_DEV)
    cloud.stack_sets.there[FORWARDING] = replace(state, instances=missing)
    ordered = phases(plan(native, cloud))
    (late,) = [one for one in ordered.stack_sets if one.family and one.family.before_central]
    created = {key.account for one in ordered.early for key in instances_of(one.instances.create)}
    assert created == set(), "one operation is for the whole OU"
    assert {key.account for key in instances_of(late.instances.create)} == {SHOP_DEV, SEARCH_DEV}


def test_a_switch_in_either_direction_changes_no_role(native: Deployment) -> None:
    """Events of creations arrive minutes later, so the creator role can complete repositories with any engine."""
    for before, after in ((example_deployment(), native), (native, example_deployment())):
        changed_roles = [one for one in plan(after, rolled_out(before)).stack_sets if one.definition.name == ACCESS]
        assert [one.change for one in changed_roles] == ["unchanged"]


def test_roles_that_lose_a_permission_keep_it_until_the_handler_has_its_settings(tmp_path: Path) -> None:
    """The handler with the old settings still needs it; so the templates wait, too."""
    cloud = rolled_out(example_deployment())
    changed(tmp_path, "ous/workloads/payments.yaml", "type: KMS", "type: AES256")
    deployment = example_deployment(changed(tmp_path, DEV, "", NATIVE))
    planned = plan(deployment, cloud)
    (roles,) = [one for one in planned.stack_sets if one.definition.name == ACCESS]
    assert roles.change == "update"
    ordered = phases(planned)
    assert (ordered.early, ordered.early_companions) == ((), ())
    first, second = steps(deployment, cloud)
    assert first == CENTRAL
    assert second.startswith(TEMPLATES)


def test_accounts_without_roles_get_these_after_the_central_stack_and_then_the_templates(native: Deployment) -> None:
    cloud = rolled_out(example_deployment())
    del cloud.stack_sets.there[ACCESS]
    assert phases(plan(native, cloud)).early == ()


def test_templates_with_other_content_are_replaced_after_the_handler_has_its_settings(
    native: Deployment, tmp_path: Path
) -> None:
    """A registry accepts only one template for a prefix: the handler serves pushes while it is replaced."""
    cloud = rolled_out(native)
    other = example_deployment(changed(tmp_path, DEV, "env: dev", "env: test"))
    first, *others = steps(other, cloud)
    assert first == CENTRAL
    assert len(others) == 3


def test_in_waves_every_template_is_created_before_the_handler_gets_its_settings(native: Deployment) -> None:
    done = steps(native, rolled_out(example_deployment()), waves=((SHOP_DEV,), ("*",)))
    assert [one for one in done if one.startswith("wave")][:2] == done[:2]
    assert done[2] == CENTRAL
    assert all(one.endswith("before stack deployer-central") for one in done[:2])


def test_the_management_account_gets_its_templates_first_too(tmp_path: Path) -> None:
    changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    config = changed(tmp_path, DEV, "", "")
    own = "account: " + f'"{MANAGEMENT}"\nenabled: true\nregions: [eu-west-1]\n'
    (config / "accounts").mkdir()
    (config / f"accounts/{MANAGEMENT}.yaml").write_text(own)
    cloud = rolled_out(example_deployment(config))
    (config / f"accounts/{MANAGEMENT}.yaml").write_text(own + NATIVE)
    outcome = roll_out(
        plan(example_deployment(config), cloud), example_deployment(config).bundle, cloud.cloud, lambda _: None
    )
    stacks = [one for one in outcome.done if one.startswith("stack ")]
    assert stacks == [
        "stack deployer-registry-creation-templates in eu-west-1",
        CENTRAL,
    ]

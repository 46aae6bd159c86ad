"""What a plan reads: each resource once, and nothing irrelevant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import PermissionDeniedError
from deployer.planning.basis import Basis, basis_of, differences
from deployer.planning.states import StackKey
from deployer.rollout.actual_state import read_actual_state
from deployer.rollout.execution import roll_out
from deployer.stack_sets import StackSetDefinition
from deployer.stacks import OnStackEvent, ResourceChange, StackDefinition
from tests.deployer.examples import ACCESS, FORWARDING, PROD, SCANNING, changed, example_deployment, plan, rolled_out
from tests.deployer.rollout.fake_cloud import FakeCloud

CENTRAL_STACK = ("deployer-central", "eu-west-1")


def test_before_the_first_roll_out_nothing_exists() -> None:
    deployment = example_deployment().desired
    actual = read_actual_state(deployment, FakeCloud(deployment.organization).cloud)
    assert (dict(actual.stacks), dict(actual.previews), dict(actual.stack_sets)) == ({}, {}, {})
    assert not actual.bundle_is_uploaded
    assert actual.settings_in_force is None


def test_stacks_in_sync_are_neither_previewed_nor_downloaded() -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    cloud.stacks.asked.clear()
    cloud.artifacts.fetch = lambda key: pytest.fail("downloads the zip")  # type: ignore[method-assign]
    actual = read_actual_state(deployment.desired, cloud.cloud)
    assert actual.settings_in_force == deployment.desired.settings_json
    assert actual.bundle_is_uploaded
    assert cloud.stacks.asked == {"describe": 2}
    assert actual.stack_sets.keys() == {ACCESS, FORWARDING}


def test_the_settings_in_force_are_those_of_the_zip_that_runs(tmp_path: Path) -> None:
    before = example_deployment()
    cloud = rolled_out(before)
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60")).desired
    actual = read_actual_state(after, cloud.cloud)
    assert actual.settings_in_force == before.desired.settings_json
    assert actual.previews.keys() == {StackKey(*CENTRAL_STACK)}
    assert not read_actual_state(after, cloud.cloud, previews=False).previews


def test_templates_are_compared_if_no_change_set_may_be_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: StackDefinition) -> tuple[ResourceChange, ...]:
        raise PermissionDeniedError("CreateChangeSet in eu-west-1 was denied")

    cloud = rolled_out(example_deployment())
    monkeypatch.setattr(cloud.stacks, "preview", refuse)
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60"))
    central = plan(after, cloud).central
    assert (central.change, central.is_preview_denied) == ("update", True)
    assert {(one.logical_id, one.details) for one in central.resources} >= {("HandlerFunction", ("Code",))}


@pytest.mark.parametrize("body", ["", "{}", '{"Resources": {}}', "not JSON"])
def test_a_central_stack_of_another_tool_has_no_settings(body: str) -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    cloud.stacks.there[CENTRAL_STACK] = replace(cloud.stacks.there[CENTRAL_STACK], body=body)
    assert read_actual_state(deployment.desired, cloud.cloud).settings_in_force is None


def test_settings_are_unknown_if_the_zip_is_missing_in_the_bucket(tmp_path: Path) -> None:
    cloud = rolled_out(example_deployment())
    cloud.artifacts.there.clear()
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60")).desired
    assert read_actual_state(after, cloud.cloud).settings_in_force is None


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "an empty zip"])
def test_settings_are_unknown_if_the_zip_is_invalid(tmp_path: Path, data: bytes) -> None:
    cloud = rolled_out(example_deployment())
    cloud.artifacts.there = dict.fromkeys(cloud.artifacts.there, data)
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60")).desired
    assert read_actual_state(after, cloud.cloud).settings_in_force is None


def test_stack_sets_with_earlier_content_are_found_and_those_of_others_ignored(tmp_path: Path) -> None:
    before = example_deployment(changed(tmp_path, PROD, "", SCANNING))
    cloud = rolled_out(before)
    for name in ("deployer-registry-scanning-of-mine", "other-registry-scanning-0123abcd"):
        cloud.stack_sets.create(StackSetDefinition(name=name, description="", body="{}"))
    (scanning,) = (one.definition.name for one in before.desired.stack_sets[2:])
    found = read_actual_state(example_deployment().desired, cloud.cloud).stack_sets
    assert found.keys() == {ACCESS, FORWARDING, scanning}

    (retired,) = plan(example_deployment(), cloud).stack_sets[2:]
    assert (retired.definition.name, retired.change) == (scanning, "delete")
    assert retired.instances.deletions == 8


def _recorded(cloud: FakeCloud) -> list[str]:
    """The template bodies of the central stack that are applied from now on."""
    bodies: list[str] = []
    apply = cloud.stacks.apply

    def record(definition: StackDefinition, on_event: OnStackEvent) -> None:
        apply(definition, on_event)
        bodies.append(definition.body)

    cloud.stacks.apply = record  # type: ignore[method-assign, assignment]
    return bodies


@pytest.mark.parametrize("names", [("deployer-handler",), ("deployer-watch",), ("deployer-handler", "deployer-watch")])
def test_replaced_code_is_deployed_under_another_key_and_then_under_its_own(names: tuple[str, ...]) -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    cloud.functions.replaced = dict.fromkeys(names, "0" * 64)
    found = plan(deployment, cloud)
    assert (found.central.change, set(found.central.restored_functions)) == ("update", set(names))
    assert {one.details for one in found.central.resources} == {("Code",)}
    bodies, key = _recorded(cloud), deployment.bundle.key
    roll_out(found, deployment.bundle, cloud.cloud, lambda _: None)
    copy, own = bodies
    assert key not in copy
    assert copy.replace("-copy.zip", ".zip") == own == deployment.desired.central.body
    assert cloud.artifacts.there[key.replace(".zip", "-copy.zip")] == deployment.bundle.data
    cloud.functions.replaced.clear()
    assert plan(deployment, cloud).is_empty


def test_a_restoration_that_ends_after_the_copy_is_finished_by_the_next_roll_out() -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    central, key = deployment.desired.central, deployment.bundle.key
    copied = replace(central, body=central.body.replace(key, key.replace(".zip", "-copy.zip")))
    cloud.stacks.apply(copied, lambda _: None)
    found = plan(deployment, cloud)
    assert (found.central.change, found.central.restored_functions) == ("update", ())
    bodies = _recorded(cloud)
    roll_out(found, deployment.bundle, cloud.cloud, lambda _: None)
    assert bodies == [central.body]
    assert plan(deployment, cloud).is_empty


def test_an_update_that_deploys_another_zip_restores_nothing_before(tmp_path: Path) -> None:
    cloud = rolled_out(example_deployment())
    cloud.functions.replaced = {"deployer-handler": "0" * 64}
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60"))
    found = plan(after, cloud)
    assert (found.central.change, found.central.restored_functions) == ("update", ())


def test_a_plan_is_based_on_the_code_that_the_functions_run() -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)

    def basis() -> Basis:
        return basis_of(deployment.desired, read_actual_state(deployment.desired, cloud.cloud), files={}, version="1")

    before = basis()
    cloud.functions.replaced = {"deployer-handler": "0" * 64}
    (found,) = differences(before, basis())
    assert "code of deployer-handler" in found.item

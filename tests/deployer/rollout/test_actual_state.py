"""What is looked at for a plan: each thing once, and nothing that does not matter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import PermissionDeniedError
from deployer.planning.plan import StackKey
from deployer.rollout.actual_state import read_actual_state
from deployer.stack_sets import StackSetDefinition
from deployer.stacks import ResourceChange, StackDefinition
from tests.deployer.examples import ACCESS, FORWARDING, PROD, SCANNING, changed, example_deployment, plan, rolled_out
from tests.deployer.rollout.fake_cloud import FakeCloud

CENTRAL_STACK = ("deployer-central", "eu-west-1")


def test_before_the_first_roll_out_there_is_nothing() -> None:
    deployment = example_deployment().desired
    actual = read_actual_state(deployment, FakeCloud(deployment.organization).cloud)
    assert (dict(actual.stacks), dict(actual.previews), dict(actual.stack_sets)) == ({}, {}, {})
    assert not actual.bundle_is_uploaded
    assert actual.settings_in_force is None


def test_what_is_in_sync_is_neither_previewed_nor_downloaded() -> None:
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


def test_templates_are_compared_where_no_change_set_may_be_created(
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
def test_a_central_stack_that_is_none_of_ours_has_no_settings(body: str) -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    cloud.stacks.there[CENTRAL_STACK] = replace(cloud.stacks.there[CENTRAL_STACK], body=body)
    assert read_actual_state(deployment.desired, cloud.cloud).settings_in_force is None


def test_a_zip_that_is_gone_from_the_bucket_leaves_the_settings_unknown(tmp_path: Path) -> None:
    cloud = rolled_out(example_deployment())
    cloud.artifacts.there.clear()
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60")).desired
    assert read_actual_state(after, cloud.cloud).settings_in_force is None


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "an empty zip"])
def test_what_is_no_zip_of_ours_leaves_the_settings_unknown(tmp_path: Path, data: bytes) -> None:
    cloud = rolled_out(example_deployment())
    cloud.artifacts.there = dict.fromkeys(cloud.artifacts.there, data)
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60")).desired
    assert read_actual_state(after, cloud.cloud).settings_in_force is None


def test_stack_sets_of_earlier_contents_are_found_and_those_of_others_left_alone(tmp_path: Path) -> None:
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

"""A plan file is carried out exactly or not at all, whatever happened since it was written."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.composition.rollout import RolloutContext, RolloutRequest
from deployer.errors import PermissionDeniedError, PlanFileError
from deployer.organization import Account, Organization
from deployer.planning.basis import Difference
from deployer.planning.bounds import InstanceChange, instance_changes
from deployer.planning.desired_state import Deployment
from deployer.planning.plan import Plan
from deployer.planning.scopes import find_scope
from deployer.planning.states import StackKey
from deployer.rendering.plan_file import PlanFile, difference_lines
from deployer.rollout.execution import roll_out
from deployer.settings.rollout import Rollout
from deployer.stack_sets import Instance, InstanceKey, InstanceOperation, StackSetDefinition
from deployer.targets import Scope
from tests.clocks import timeless
from tests.deployer.examples import (
    ACCESS,
    DEV,
    FORWARDING,
    PROD,
    SHOP_DEV,
    SHOP_PROD,
    changed,
    example_deployment,
    rolled_out,
)
from tests.deployer.rollout.fake_cloud import FakeCloud, FakeStackSets
from tests.example_organization import EXAMPLE

DIGESTS = {"organization.yaml": "sha256:1", "ous/workloads/dev.yaml": "sha256:2"}
WAVES = (("Infrastructure",), ("Workloads/Dev",), ("*",))
CENTRAL = ("deployer-central", "eu-west-1")


def _context(
    cloud: FakeCloud,
    *,
    config: Path | None = None,
    organization: Organization = EXAMPLE,
    scope: Scope | None = None,
    digests: dict[str, str] = DIGESTS,
    waves: tuple[tuple[str, ...], ...] = (),
    deployment: Deployment | None = None,
) -> RolloutContext:
    if deployment is None:
        deployment = example_deployment(*([config] if config else []), scope=scope, organization=organization)
    return RolloutContext(
        caller="arn:aws:iam::200000000001:user/x",
        organization=organization,
        deployment=deployment,
        rollout=Rollout(waves=waves),
        cloud=cloud.cloud,
        bucket=cast("Any", None),
        ledger=cast("Any", None),
        lock=cast("Any", _NoLock()),
        installations=cast("Any", _NoInstallations()),
        request=RolloutRequest(config=Path("config")),
        clock=timeless(),
        digests=digests,
    )


class _NoInstallations:
    def here(self, *, template: str | None) -> tuple[()]:
        return ()

    def elsewhere(self) -> tuple[tuple[()], dict[str, str]]:
        return (), {}


class _NoLock:
    unfinished = None

    def take(self, _record: Any) -> bool:
        return True

    def release(self, _exit_code: int) -> None: ...


def _written(context: RolloutContext) -> str:
    return context.plan_file(context.compare()).to_json()


def _verified(context: RolloutContext, text: str) -> tuple[RolloutContext, Plan, tuple[Difference, ...]]:
    return context.approved_by(PlanFile.from_json(text, source="plan.json"), context.compare())


def _forged(text: str, edit: Callable[[dict[str, Any]], None]) -> str:
    """An edited file with a matching digest."""
    document = json.loads(text)
    del document["digest"]
    edit(document)
    content = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return json.dumps({**document, "digest": f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"})


EVERYTHING = example_deployment()
_ROLLED_OUT = rolled_out(EVERYTHING)


def _rolled_out() -> FakeCloud:
    """A copy of the example, rolled out."""
    cloud = FakeCloud(EXAMPLE)
    cloud.stacks.there |= _ROLLED_OUT.stacks.there
    cloud.stack_sets.there |= _ROLLED_OUT.stack_sets.there
    cloud.artifacts.there |= _ROLLED_OUT.artifacts.there
    return cloud


@cache
def _without_dev() -> Deployment:
    """The example without one of its OUs."""
    with tempfile.TemporaryDirectory() as folder:
        return example_deployment(changed(Path(folder), DEV, "enabled: true", "enabled: false"))


def _out_of_date() -> FakeCloud:
    """Rolled out, with instances to create and to update everywhere."""
    cloud = _rolled_out()
    sets = cloud.stack_sets.there
    sets[FORWARDING] = replace(sets[FORWARDING], body="{}", instances=sets[FORWARDING].instances[2:])
    return cloud


BEGINNINGS: dict[str, Callable[[], FakeCloud]] = {
    "nothing deployed": lambda: FakeCloud(EXAMPLE),
    "everything deployed": _rolled_out,
    "out of date": _out_of_date,
}


def _edit(cloud: FakeCloud, name: str, **values: Any) -> None:
    if name in cloud.stack_sets.there:
        cloud.stack_sets.there[name] = replace(cloud.stack_sets.there[name], **values)


def _drop(cloud: FakeCloud, name: str, key: InstanceKey) -> None:
    state = cloud.stack_sets.there.get(name)
    if state is not None:
        _edit(cloud, name, instances=tuple(one for one in state.instances if one.key != key))


def _outdate(cloud: FakeCloud, name: str, key: InstanceKey) -> None:
    state = cloud.stack_sets.there.get(name)
    if state is not None:
        found = (replace(one, status="OUTDATED") if one.key == key else one for one in state.instances)
        _edit(cloud, name, instances=tuple(found))


def _add(cloud: FakeCloud) -> None:
    state = cloud.stack_sets.there.get(FORWARDING)
    one = Instance(account="500000000001", region="eu-west-1", ou_id="ou-exam-sand0001", status="CURRENT")
    if state is not None:
        _edit(cloud, FORWARDING, instances=(*state.instances, one))


IN_BETWEEN: dict[str, Callable[[FakeCloud], None]] = {
    "an instance is gone": lambda cloud: _drop(cloud, FORWARDING, InstanceKey(SHOP_PROD, "us-east-1")),
    "a role's instance is gone": lambda cloud: _drop(cloud, ACCESS, InstanceKey(SHOP_DEV, "eu-west-1")),
    "an instance is outdated": lambda cloud: _outdate(cloud, FORWARDING, InstanceKey(SHOP_PROD, "eu-west-1")),
    "an instance is new": _add,
    "the template differs": lambda cloud: _edit(cloud, ACCESS, body='{"Resources": {}}'),
    "auto-deployment is disabled": lambda cloud: _edit(cloud, FORWARDING, auto_deployment=False),
    "an OU is a target": lambda cloud: _edit(
        cloud, ACCESS, auto_deployment_targets={"ou-exam-sand0001": frozenset({"eu-west-1"})}
    ),
    "the central stack is gone": lambda cloud: cast("None", cloud.stacks.there.pop(CENTRAL, None)),
    "the zip is gone": lambda cloud: cloud.artifacts.there.clear(),
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_the_file_of_an_unchanged_state_is_carried_out(beginning: str) -> None:
    cloud = BEGINNINGS[beginning]()
    context, plan, found = _verified(_context(cloud), _written(_context(cloud)))
    assert found == ()
    outcome = roll_out(plan, context.deployment.bundle, context.cloud, lambda _: None)
    assert (outcome.exit_code, context.plan().is_empty) == (0, True)


@pytest.mark.parametrize("change", IN_BETWEEN)
def test_every_difference_in_aws_is_named(change: str) -> None:
    cloud = _rolled_out()
    text = _written(_context(cloud))
    IN_BETWEEN[change](cloud)
    (_, _, found) = _verified(_context(cloud), text)
    assert found
    lines = [line.text for line in difference_lines(found, EXAMPLE)]
    assert len(lines) >= 2
    assert "sha256" not in " ".join(lines)


def test_an_instance_that_differs_is_named_with_its_account_and_both_states() -> None:
    cloud = _rolled_out()
    text = _written(_context(cloud))
    IN_BETWEEN["an instance is outdated"](cloud)
    (_, _, found) = _verified(_context(cloud), text)
    shown = " ".join(" ".join(line.text for line in difference_lines(found, EXAMPLE)).split())
    expected = (
        f"shop-prod ({SHOP_PROD}) in eu-west-1: was CURRENT SUCCEEDED, by ou-exam-prod0001, is OUTDATED SUCCEEDED"
    )
    assert shown.startswith(f"StackSet {FORWARDING} {expected}")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda one: replace(one, name="shop-live"), "was shop-prod in Workloads/Prod"),
        (lambda one: replace(one, state="SUSPENDED"), "is shop-prod in Workloads/Prod (ou-exam-prod0001), SUSPENDED"),
        (lambda one: replace(one, parent_id="ou-exam-dev00001"), "is shop-prod in Workloads/Dev"),
    ],
    ids=["renamed", "suspended", "moved"],
)
def test_an_account_that_changed_is_named(edit: Callable[[Account], Account], expected: str) -> None:
    cloud = _rolled_out()
    text = _written(_context(cloud))
    after = replace(EXAMPLE, accounts={**EXAMPLE.accounts, SHOP_PROD: edit(EXAMPLE.accounts[SHOP_PROD])})
    (_, _, found) = _verified(_context(cloud, organization=after), text)
    assert expected in " ".join(" ".join(line.text for line in difference_lines(found, after)).split())


def test_config_files_that_changed_are_named(tmp_path: Path) -> None:
    cloud = _rolled_out()
    text = _written(_context(cloud))
    config = changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60")
    now = {"organization.yaml": "sha256:1", "ous/workloads/prod.yaml": "sha256:3"}
    (_, _, found) = _verified(_context(cloud, config=config, digests=now), text)
    lines = [line.text for line in difference_lines(found, EXAMPLE)]
    assert "  ous/workloads/dev.yaml: no longer exists" in lines
    assert "  ous/workloads/prod.yaml: new" in lines
    assert "handler's zip: was handler/" in " ".join(" ".join(lines).split())


def test_a_scope_is_part_of_the_file() -> None:
    cloud = FakeCloud(EXAMPLE)
    scope = find_scope(EXAMPLE, ous=["Workloads/Dev"], accounts=(), regions=["eu-west-1"])
    text = _written(_context(cloud, scope=scope))
    assert PlanFile.from_json(text, source="f").scope == scope
    assert _verified(_context(cloud, scope=scope), text)[2] == ()


def _none(_: dict[str, Any]) -> None:
    """No edit."""


FORGERIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "fewer deletions shown": lambda one: one["changes"]["totals"].update(create=1),
    "a StackSet fewer": lambda one: one["changes"]["stack_sets"].pop(),
    "another scope": lambda one: one["scope"].update(ous=["ou-exam-prod0001"]),
    "an instance fewer in the state": lambda one: one["basis"][f"StackSet {ACCESS}"].popitem(),
    "another config": lambda one: one["basis"]["config files"].update({"organization.yaml": "sha256:9"}),
    "an additional section": lambda one: one["basis"].update(more={"a": "b"}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_file_is_refused_even_if_its_digest_fits(forgery: str) -> None:
    cloud = _out_of_date()
    text = _forged(_written(_context(cloud)), FORGERIES[forgery])
    file = PlanFile.from_json(text, source="f")
    (_, _, found) = _verified(_context(cloud, scope=file.scope), text)
    assert found


def test_an_edited_but_consistent_file_is_accepted() -> None:
    cloud = _out_of_date()
    assert _verified(_context(cloud), _forged(_written(_context(cloud)), _none))[2] == ()


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda text: text.replace('"create"', '"craete"', 1), id="edited"),
        pytest.param(lambda text: text.replace('"version": 1', '"version": 2'), id="another version"),
        pytest.param(
            lambda text: _forged(text, lambda one: one.update(version=2)), id="another version, with a matching digest"
        ),
        pytest.param(lambda text: _forged(text, lambda one: one.update(more=1)), id="an additional key"),
        pytest.param(lambda text: _forged(text, lambda one: one.pop("changes")), id="a missing key"),
        pytest.param(lambda text: _forged(text, lambda one: one["scope"].update(ous=[])), id="no scope"),
        pytest.param(lambda text: _forged(text, lambda one: one["scope"].update(ous=[1])), id="a number"),
        pytest.param(lambda text: _forged(text, lambda one: one["basis"].update(code=1)), id="no section"),
        pytest.param(lambda text: _forged(text, lambda one: one["changes"].pop("stacks")), id="no stacks"),
        pytest.param(lambda text: text[:-50], id="a truncated file"),
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: "[]", id="a list"),
        pytest.param(lambda _: '{"version": 1, "id": "o-1"}', id="another document"),
        pytest.param(lambda _: "[" * 100_000, id="deep nesting"),
    ],
)
def test_an_invalid_plan_file_is_refused(edit: Callable[[str], str]) -> None:
    text = edit(_written(_context(FakeCloud(EXAMPLE))))
    with pytest.raises(PlanFileError, match=r"plan\.json"):
        PlanFile.from_json(text, source="plan.json")


def test_the_same_state_gives_the_same_bytes_on_every_machine() -> None:
    texts = {
        _forged(_written(replace(_context(_out_of_date()), caller="x")), lambda one: one.update(created="now"))
        for _ in range(2)
    }
    assert len(texts) == 1


def test_a_caller_without_permission_for_change_sets_can_plan_for_another(tmp_path: Path) -> None:
    cloud = _rolled_out()
    context = _context(cloud, config=changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60"))
    found = context.compare()
    key = StackKey(*CENTRAL)
    assert set(found.actual.previews) == {key}
    denied = context.plan_file(context.compared(replace(found.actual, previews={}, denied_previews=frozenset({key}))))
    assert denied.denied_previews == {key}
    assert context.approved_by(PlanFile.from_json(denied.to_json(), source="f"), found)[2] == ()

    allowed = context.plan_file(found)
    with pytest.raises(PermissionDeniedError, match="CreateChangeSet"):
        context.approved_by(allowed, context.compared(replace(found.actual, denied_previews=frozenset({key}))))


class _Watched(FakeStackSets):
    """Records every instance that an operation changes; `at` maps a number of reads to what happens then."""

    def __init__(self, cloud: FakeCloud, at: dict[int, str]) -> None:
        super().__init__(cloud.stack_sets.organization, there=cloud.stack_sets.there)
        self.cloud, self.at, self.reads = cloud, at, 0
        self.changes: set[InstanceChange] = set()

    def describe(self, name: str) -> Any:
        if change := self.at.get(self.reads):
            IN_BETWEEN[change](self.cloud)
        self.reads += 1
        return super().describe(name)

    def update(self, definition: StackSetDefinition, *, only: InstanceOperation | None) -> str:
        keys = self._instances(definition.name) if only is None else only.instances
        self._note(definition.name, "update", keys)
        return super().update(definition, only=only)

    def refresh(self, definition: StackSetDefinition, operation: InstanceOperation) -> str:
        self._note(definition.name, "update", operation.instances)
        return super().refresh(definition, operation)

    def operate(self, name: str, operation: InstanceOperation) -> str:
        self._note(name, operation.action.lower(), operation.instances)
        return super().operate(name, operation)

    def _note(self, name: str, action: Any, keys: Any) -> None:
        self.changes |= {InstanceChange(name, action, key) for key in keys}


DURING = ("an instance is gone", "a role's instance is gone", "an instance is outdated", "the zip is gone")


CONFIGS = ("as it was", "without an OU")


@settings(max_examples=60)
@given(
    beginning=st.sampled_from(sorted(BEGINNINGS)),
    config=st.sampled_from(CONFIGS),
    waves=st.sampled_from([(), WAVES]),
    since=st.lists(st.sampled_from(sorted(IN_BETWEEN)), max_size=1),
    config_then=st.sampled_from(CONFIGS),
    at=st.dictionaries(st.integers(0, 12), st.sampled_from(DURING), max_size=3),
)
def test_only_changes_in_the_file_are_made_whatever_happens_in_between(
    beginning: str,
    config: str,
    waves: tuple[tuple[str, ...], ...],
    since: list[str],
    config_then: str,
    at: dict[int, str],
) -> None:
    deployment, then = (EVERYTHING if one == CONFIGS[0] else _without_dev() for one in (config, config_then))
    cloud = BEGINNINGS[beginning]()
    text = _written(_context(cloud, deployment=deployment))
    for name in since:
        IN_BETWEEN[name](cloud)
    context = _context(cloud, deployment=then, waves=waves)
    context, plan, found = _verified(context, text)
    if found:
        return  # the command stops here, before it changes anything
    assert then is deployment
    named = instance_changes(plan)
    watched = _Watched(cloud, at)
    cloud.stack_sets = watched
    context = replace(context, cloud=replace(context.cloud, stack_sets=watched))
    roll_out(
        plan,
        context.deployment.bundle,
        context.cloud,
        lambda _: None,
        options=context.execution_options(plan, if_busy="wait"),
    )
    outside = watched.changes - named
    updatable = {
        (one.stack_set, one.key) for one in named
    }  # UpdateStackSet also updates instances that are deleted afterwards
    assert {one for one in outside if one.action != "update" or (one.stack_set, one.key) not in updatable} == set()

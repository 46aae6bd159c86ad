"""Compares desired and actual state: makes the plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deployer.planning.existing_instances import ExistingInstances
from deployer.planning.families import DesiredStackSet, Siblings, siblings_of, with_retired
from deployer.planning.future_accounts import gaps, overreach
from deployer.planning.instances import InstancePlan, beginning_with_one, instances_of, plan_instances
from deployer.planning.opt_in import opt_in_warnings
from deployer.planning.plan import Change, Plan, StackPlan, StackSetPlan
from deployer.planning.settings_changes import settings_changes
from deployer.planning.skips import skips
from deployer.planning.states import ActualState, DesiredState, ReplacedCode, StackKey
from deployer.planning.template_changes import is_same, template_changes
from deployer.stack_sets import InstanceKey, InstanceOperation, StackSetDefinition, StackSetState
from deployer.stacks import FUNCTION_TYPE, STUCK, ResourceChange, StackDefinition, StackState
from deployer.targets import Scope, compile_targets, desired_instances
from handler.inspection import Damage
from templates.function_url import OUTPUT as URL_OUTPUT


def url_of(central: StackState | None) -> str | None:
    """The handler's function URL, which AWS assigned when it created the stack; None if the stack has none."""
    return central.outputs.get(URL_OUTPUT) if central else None


def make_plan(desired: DesiredState, actual: ActualState) -> Plan:
    """Compare desired and actual state."""
    named = {(stack.name, stack.region) for stack in desired.companions}
    left_over = [key for key in desired.former_companions if key not in named and key in actual.stacks]
    stack_sets = with_retired(desired.stack_sets, desired.families, actual.stack_sets, desired.organization)
    return Plan(
        scope=desired.scope,
        artifacts=_reverting(_plan_stack(desired.artifacts, actual), actual),
        bundle_key=desired.bundle_key,
        uploads_bundle=not actual.bundle_is_uploaded,
        settings=settings_changes(desired.organization, before=actual.settings_in_force, after=desired.settings_json),
        central=_reverting(_with_code_restored(_plan_stack(desired.central, actual), actual.replaced_code), actual),
        stack_sets=tuple(
            _plan_stack_set(
                one,
                one.scoped(desired.scope),
                actual.stack_sets.get(one.definition.name),
                siblings_of(one, stack_sets, desired.scope, actual.stack_sets),
                actual.inspection.of(one.definition.name) if actual.inspection else {},
            )
            for one in stack_sets
        ),
        companions=(
            *(
                _plan_companion(definition, actual, account=desired.organization.management_account_id)
                for definition in desired.companions
            ),
            *(StackPlan(key=key, change="delete", definition=None) for key in reversed(left_over)),
        ),
        early_companions=frozenset(one.companion for one in desired.families if one.before_central),
        under_way=actual.under_way,
        function_url=desired.function_url,
        configured_url=desired.configured_url,
        current_url=url_of(actual.stacks.get(StackKey(desired.central.name, desired.central.region))),
        inspection=actual.inspection,
        management_account=desired.organization.management_account_id,
        opt_in_warnings=opt_in_warnings(
            desired.opt_in_regions,
            covered=_regions(desired) if desired.opt_in_regions else (),
            stack_sets=actual.stack_sets.values(),
        ),
        skips=skips(desired.covered, desired.scope, management_is_caller=desired.management_is_caller),
    )


def _regions(desired: DesiredState) -> set[str]:
    """Regions in which the scope requires instances."""
    regions = {key.region for key in desired_instances(desired.covered, desired.scope)}
    return regions | {desired.central.region} if regions else regions


def stack_needs_preview(definition: StackDefinition, state: StackState | None) -> bool:
    """Whether an existing stack must be updated, so that a change set can preview the update."""
    takes_change_sets = state is not None and not state.is_in_progress and state.status != STUCK
    return takes_change_sets and _stack_change(definition, state) == "update"


def _plan_stack(definition: StackDefinition, actual: ActualState) -> StackPlan:
    key = StackKey(definition.name, definition.region)
    state = actual.stacks.get(key)
    change = _stack_change(definition, state)
    before = state.body if state and change == "update" else None
    preview = actual.previews.get(key)
    resources = template_changes(before, definition.body) if preview is None else preview
    return StackPlan(
        key=key,
        change=change,
        definition=definition,
        resources=() if change == "unchanged" else resources,
        is_preview_denied=key in actual.denied_previews,
    )


def _plan_companion(definition: StackDefinition, actual: ActualState, *, account: str) -> StackPlan:
    """CloudFormation compares templates, so no update repairs a damaged stack: it is deleted and created again."""
    plan = _plan_stack(definition, actual)
    key = InstanceKey(account, definition.region)
    damage = actual.inspection.of(definition.name).get(key) if actual.inspection else None
    if damage is None or plan.change != "unchanged":
        return plan
    return replace(plan, change="unchanged" if damage.additions else "replace", damage=damage)


def _reverting(plan: StackPlan, actual: ActualState) -> StackPlan:
    """The same central stack, also updated if its resources were changed; one that is created again needs no more."""
    found = actual.inspection.of(plan.key.name) if actual.inspection else {}
    damage = next(iter(found.values()), None)
    if damage is None or plan.change not in {"unchanged", "update"}:
        return plan
    if not damage.problems:
        return replace(plan, damage=damage)
    known = {one.logical_id for one in plan.resources}
    reverted = (
        ResourceChange(
            action="Add" if one.is_missing else "Modify",
            logical_id=one.logical_id,
            type=one.type,
            details=one.changed,
        )
        for one in damage.resources
        if one.logical_id not in known
    )
    return replace(plan, change="update", resources=(*plan.resources, *reverted), damage=damage)


def _with_code_restored(plan: StackPlan, replaced: tuple[ReplacedCode, ...]) -> StackPlan:
    """The same, also for a stack whose template is unchanged; a stack that is created again needs nothing more."""
    if not replaced or plan.change not in {"unchanged", "update"}:
        return plan
    known = {one.logical_id for one in plan.resources}
    restored = (
        ResourceChange(action="Modify", logical_id=one.logical_id, type=FUNCTION_TYPE, details=("Code",))
        for one in replaced
        if one.logical_id not in known
    )
    names = tuple(one.function for one in replaced)
    return replace(plan, change="update", resources=(*plan.resources, *restored), restored_functions=names)


def _stack_change(definition: StackDefinition, state: StackState | None) -> Change:
    if state is None:
        return "create"
    if state.is_unusable:
        return "replace"
    settled = state.is_complete or state.status == "UPDATE_ROLLBACK_COMPLETE"
    return "unchanged" if settled and is_same(state.body, definition.body) else "update"


def _plan_stack_set(
    desired: DesiredStackSet,
    scope: Scope,
    state: StackSetState | None,
    siblings: Siblings,
    damaged: Mapping[InstanceKey, Damage],
) -> StackSetPlan:
    definition = desired.definition
    resources = template_changes(state.body if state else None, definition.body)
    is_whole = scope.is_whole(desired.coverage.organization)
    properties = _properties(definition, state, is_whole=is_whole) if state and not desired.is_retired else ()
    differs = (
        state is not None
        and not desired.is_retired
        and bool(resources or properties or not is_same(state.body, definition.body))
    )
    changed = differs and bool(is_whole or desired_instances(desired.coverage, scope))
    instances = plan_instances(desired.coverage, scope, state, rewritten=changed, siblings=siblings, damaged=damaged)
    targets = compile_targets(desired.coverage, Scope.whole(desired.coverage.organization))
    kept = instances.kept(state.auto_deployment_targets if state else {})
    existing = ExistingInstances(desired.coverage.organization, state)
    updated = (instances.desired & existing.keys) - instances_of(instances.withdraw) if changed else frozenset()
    is_limited = changed and not is_whole and bool(existing.keys)
    creates_first = is_limited and not updated
    if creates_first:
        instances = beginning_with_one(instances, desired.coverage.organization)
    return StackSetPlan(
        definition=definition,
        change=_stack_set_change(desired, state, instances, changed=changed),
        resources=resources,
        properties=properties,
        only=_only(existing, updated, instances) if is_limited else None,
        rewritten=len(updated),
        instances=instances,
        damaged=damaged,
        creates_first=creates_first,
        overreach=overreach(desired.coverage, targets, kept=kept),
        gaps=gaps(desired.coverage, targets, kept=kept),
        family=desired.family,
        loss=f"what it configured; afterwards: {desired.family.afterwards}" if desired.family else desired.loss,
    )


def _only(
    existing: ExistingInstances, updated: frozenset[InstanceKey], instances: InstancePlan
) -> tuple[InstanceOperation, ...]:
    """What an update of the StackSet is limited to: instances that exist, or the one that is created for it."""
    if updated:
        return existing.operations("UPDATE", updated)
    return (replace(instances.create[0], action="UPDATE"),)


def _stack_set_change(
    desired: DesiredStackSet, state: StackSetState | None, instances: InstancePlan, *, changed: bool
) -> Change:
    if state is None:
        return "create"
    if desired.is_retired:  # it is deleted with its last instance
        goes = instances_of(instances.delete)
        return "delete" if all(one.key in goes for one in state.instances) else "unchanged"
    return "update" if changed else "unchanged"


def _properties(definition: StackSetDefinition, state: StackSetState, *, is_whole: bool) -> tuple[str, ...]:
    """The differences, as text. Auto-deployment can only be changed together with all instances.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackSet.html (AutoDeployment)
    """
    found = {
        "description": state.description != definition.description,
        "automatic deployment is off": is_whole and not state.auto_deployment,
        "stacks are retained when an account leaves": is_whole and state.retain_on_removal,
        "dependencies": is_whole and set(state.depends_on) != set(definition.depends_on),
    }
    return tuple(name for name, differs in found.items() if differs)

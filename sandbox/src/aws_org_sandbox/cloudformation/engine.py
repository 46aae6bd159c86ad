"""Creating, updating and deleting whole stacks, with rollback: a state machine over `steps`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html has the statuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aws_org_sandbox.cloudformation.intrinsics import Scope, resolve
from aws_org_sandbox.cloudformation.stacks import Stack, StackResource, now
from aws_org_sandbox.cloudformation.steps import IMPORTED, StepFailed, Steps, known_type, replaces, unrecognized
from aws_org_sandbox.cloudformation.template import RETAINING, Template, TemplateError


@dataclass(frozen=True, kw_only=True)
class DesiredStack:
    """The desired state of a stack."""

    template: Template
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    imports: frozenset[str] = frozenset()
    """Logical ids of existing resources that are imported."""

    def apply(self, stack: Stack) -> None:
        """Store the desired parameters, tags and template in the stack."""
        stack.template = self.template
        stack.parameters = dict(self.parameters)
        stack.tags = dict(self.tags)
        stack.capabilities = self.capabilities
        stack.description = self.template.description


def check_resources(template: Template, *, region: str) -> None:
    """Raise TemplateError for an unsupported type, one that a region lacks, or an attribute that a type lacks."""
    for type_ in sorted(template.types):
        if region in known_type(type_).absent_from:
            raise unrecognized(type_)
    for logical_id, attribute in sorted(template.attributes):
        if attribute not in known_type(template.resources[logical_id].type).attribute_names:
            raise TemplateError(
                f"Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt"
            )


def check_update(stack: Stack, template: Template) -> None:
    """Raise TemplateError if a resource would become one of another type."""
    changed = sorted(
        logical_id
        for logical_id, item in dict(stack.resources).items()
        if logical_id in template.resources and template.resources[logical_id].type != item.type
    )
    if changed:
        raise TemplateError(
            "Update of resource type is not permitted. "
            f"The new template modifies resource type of the following resources: [{', '.join(changed)}]"
        )


def create(stack: Stack, desired: DesiredStack) -> None:
    """Deploy a new stack in CREATE_IN_PROGRESS; ends CREATE_COMPLETE, ROLLBACK_COMPLETE or worse."""
    desired.apply(stack)
    steps = Steps(stack, parameters=desired.parameters, tags=desired.tags)
    try:
        for logical_id in desired.template.order:
            definition = desired.template.resources[logical_id]
            make = steps.take_over if logical_id in desired.imports else steps.create
            make(definition, steps.resolved(definition))
        stack.outputs = _outputs(stack, desired)
    except (StepFailed, TemplateError) as failure:
        _roll_back_create(stack, steps, failure)
        return
    stack.set_status("CREATE_COMPLETE")


def _roll_back_create(stack: Stack, steps: Steps, failure: Exception) -> None:
    reason = _summary(failure, "create")
    if stack.disable_rollback:
        stack.set_status("CREATE_FAILED", reason)
        return
    stack.set_status("ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
    kept = [item for item in stack.resources.values() if _survives(item)]
    failed = _remove(stack, steps, list(stack.resources.values()), keep=kept)
    stack.set_status("ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE", failed)


def _survives(item: StackResource) -> bool:
    """Whether a resource remains after the rollback of the operation that added it."""
    return item.definition.deletion_policy == "Retain" or item.status == IMPORTED


def update(stack: Stack, desired: DesiredStack) -> None:
    """Change a stack in UPDATE_IN_PROGRESS; ends UPDATE_COMPLETE or UPDATE_ROLLBACK_COMPLETE, or worse."""
    before = _Before.of(stack)
    steps = Steps(stack, parameters=desired.parameters, tags=desired.tags)
    undo_steps: list[Callable[[], None]] = []
    replaced: list[StackResource] = []
    try:
        for logical_id in desired.template.order:
            _update_resource(steps, desired, logical_id, undo_steps=undo_steps, replaced=replaced)
        outputs = _outputs(stack, desired)
    except (StepFailed, TemplateError) as failure:
        _roll_back_update(stack, before, undo_steps, failure)
        return
    stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    gone = [item for logical_id, item in stack.resources.items() if logical_id not in desired.template.resources]
    kept = [item for item in gone if item.definition.deletion_policy in RETAINING]
    kept += [item for item in replaced if item.definition.update_replace_policy == "Retain"]
    _clean_up(steps, [*replaced, *reversed(gone)], keep=kept)
    for item in gone:
        del stack.resources[item.definition.logical_id]
    desired.apply(stack)
    stack.outputs = outputs
    stack.updated = now()
    stack.set_status("UPDATE_COMPLETE")


def _update_resource(
    steps: Steps,
    desired: DesiredStack,
    logical_id: str,
    *,
    undo_steps: list[Callable[[], None]],
    replaced: list[StackResource],
) -> None:
    """Update one resource to match the template, and record how to roll back."""
    definition, resources = desired.template.resources[logical_id], steps.stack.resources
    properties, old = steps.resolved(definition), resources.get(logical_id)
    if old is None:
        undo_steps.append(lambda: _undo(steps, logical_id, None))
        (steps.take_over if logical_id in desired.imports else steps.create)(definition, properties)
    elif old.properties == properties:
        resources[logical_id] = StackResource(**{**vars(old), "definition": definition})
    elif replaces(definition, old.properties, properties):
        undo_steps.append(lambda: _undo(steps, logical_id, old))
        steps.replace(old, definition, properties)
        replaced.append(old)
    else:
        # A failed step may have made changes: the rollback starts from the desired state.
        undo_steps.append(lambda: _restore(steps, old, properties))
        steps.update(old, definition, properties)


def _undo(steps: Steps, logical_id: str, old: StackResource | None) -> None:
    """Delete the new resource, if it was created, and restore the old one."""
    made = steps.stack.resources.pop(logical_id, None)
    if old is not None:
        steps.stack.resources[logical_id] = old
    if made is not None and made is not old:
        steps.delete(made, keep=made.status == IMPORTED)


def _restore(steps: Steps, old: StackResource, properties: Mapping[str, object]) -> None:
    changed = StackResource(**{**vars(old), "properties": properties})
    steps.update(changed, old.definition, old.properties)


def _roll_back_update(stack: Stack, before: _Before, undo_steps: list[Callable[[], None]], failure: Exception) -> None:
    stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", _summary(failure, "update"))
    failed: list[str] = []
    for step in reversed(undo_steps):
        try:
            step()
        except StepFailed as error:
            failed.append(error.logical_id)
    if failed:
        names = ", ".join(failed)
        stack.set_status("UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{names}].")
        return
    stack.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    before.restore(stack)
    stack.set_status("UPDATE_ROLLBACK_COMPLETE")


def delete(stack: Stack, *, retain: frozenset[str] = frozenset()) -> None:
    """Remove a stack in DELETE_IN_PROGRESS; ends DELETE_COMPLETE or DELETE_FAILED."""
    steps = Steps(stack, parameters=stack.parameters, tags=stack.tags)
    items = list(stack.resources.values())
    kept = [
        item for item in items if item.definition.deletion_policy in RETAINING or item.definition.logical_id in retain
    ]
    failed = _remove(stack, steps, items, keep=kept)
    if failed:
        stack.set_status("DELETE_FAILED", failed)
        return
    stack.deleted = now()
    stack.set_status("DELETE_COMPLETE")


def _remove(stack: Stack, steps: Steps, items: list[StackResource], *, keep: list[StackResource]) -> str | None:
    """Delete and forget resources, latest first; returns a sentence that names those that remain, or None."""
    failed: list[str] = []
    for item in reversed(items):
        logical_id = item.definition.logical_id
        try:
            steps.delete(item, keep=item in keep)
        except StepFailed:
            failed.append(logical_id)
        else:
            del stack.resources[logical_id]
    return f"The following resource(s) failed to delete: [{', '.join(failed)}]." if failed else None


def _clean_up(steps: Steps, items: list[StackResource], *, keep: list[StackResource]) -> None:
    """Remove old resources after an update. On failure the resource remains, as in AWS, and the events report it."""
    for item in items:
        try:
            steps.delete(item, keep=item in keep)
        except StepFailed:
            continue


def _outputs(stack: Stack, desired: DesiredStack) -> dict[str, str]:
    scope: Scope = stack.scope(parameters=desired.parameters)
    return {name: str(resolve(output["Value"], scope)) for name, output in desired.template.outputs.items()}


def _summary(failure: Exception, verb: str) -> str:
    if isinstance(failure, StepFailed):
        return f"The following resource(s) failed to {verb}: [{failure.logical_id}]."
    return str(failure)


@dataclass(frozen=True, kw_only=True)
class _Before:
    """The state that an update rolls back to."""

    resources: dict[str, StackResource]

    @classmethod
    def of(cls, stack: Stack) -> _Before:
        return cls(resources=dict(stack.resources))

    def restore(self, stack: Stack) -> None:
        """Definitions as they were; the physical resources were put back step by step."""
        stack.resources = {
            logical_id: StackResource(**{**vars(stack.resources[logical_id]), "definition": item.definition})
            for logical_id, item in self.resources.items()
        }

"""The changes of an update, for change sets; an update without changes is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aws_org_sandbox.cloudformation.engine import DesiredStack
from aws_org_sandbox.cloudformation.intrinsics import Scope, resolve
from aws_org_sandbox.cloudformation.stacks import Stack, StackResource
from aws_org_sandbox.cloudformation.steps import properties_of
from aws_org_sandbox.cloudformation.template import Definition, TemplateError, references
from aws_org_sandbox.resources.catalogue import TYPES
from aws_org_sandbox.resources.shapes import ShapeError

Action = Literal["Add", "Import", "Modify", "Remove"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One property that differs. `dynamic` ones depend on another resource and are known only after the update."""

    name: str
    recreation: Literal["Never", "Always", "Conditionally"]
    dynamic: bool
    cause: str | None = None

    def to_api(self) -> dict[str, Any]:
        """ResourceChangeDetail of DescribeChangeSet."""
        attribute = "Tags" if self.name == "Tags" else "Properties"
        target: dict[str, Any] = {"Attribute": attribute, "RequiresRecreation": self.recreation}
        if attribute == "Properties":
            target["Name"] = self.name
        detail: dict[str, Any] = {
            "Target": target,
            "Evaluation": "Dynamic" if self.dynamic else "Static",
            "ChangeSource": "DirectModification",
        }
        if self.cause:
            detail |= {
                "ChangeSource": "ResourceAttribute" if "." in self.cause else "ResourceReference",
                "CausingEntity": self.cause,
            }
        return detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The change of one resource."""

    action: Action
    logical_id: str
    type: str
    physical_id: str | None = None
    details: tuple[Detail, ...] = ()
    scope: tuple[str, ...] = ()

    @property
    def replacement(self) -> str:
        """True, False or Conditional, as in DescribeChangeSet."""
        recreations = {detail.recreation for detail in self.details}
        if "Always" in recreations:
            return "True"
        return "Conditional" if "Conditionally" in recreations else "False"

    def to_api(self) -> dict[str, Any]:
        """ResourceChange of DescribeChangeSet."""
        change: dict[str, Any] = {
            "Action": self.action,
            "LogicalResourceId": self.logical_id,
            "ResourceType": self.type,
            "Scope": list(self.scope),
            "Details": [detail.to_api() for detail in self.details],
        }
        if self.physical_id:
            change["PhysicalResourceId"] = self.physical_id
        if self.action == "Modify":
            change["Replacement"] = self.replacement
        return {"Type": "Resource", "ResourceChange": change}


def is_unchanged(stack: Stack, desired: DesiredStack) -> bool:
    """Whether an update would do nothing: no resource, no output and no tag of the stack differs."""
    try:
        if dict(desired.tags) != stack.tags or changes(stack, desired):
            return False
    except (ShapeError, TemplateError):
        return False  # the update itself reports the error, in the resource's event
    outputs = {
        name: resolve(output["Value"], _scope(stack, desired, frozenset()))
        for name, output in desired.template.outputs.items()
    }
    return outputs == stack.outputs


def changes(stack: Stack, desired: DesiredStack) -> list[Change]:
    """Every resource that differs, in the order of the template, removed ones last."""
    pending = frozenset(desired.template.resources.keys() - stack.resources.keys())
    found: list[Change] = []
    for logical_id in desired.template.order:
        definition, old = desired.template.resources[logical_id], stack.resources.get(logical_id)
        if old is None:
            found.append(Change(action="Add", logical_id=logical_id, type=definition.type))
            continue
        change = _modification(old, definition, desired, _scope(stack, desired, pending))
        if change is None:
            continue
        found.append(change)
        if change.replacement == "True":
            pending |= {logical_id}
    removed = [
        item for logical_id, item in dict(stack.resources).items() if logical_id not in desired.template.resources
    ]
    found += [
        Change(action="Remove", logical_id=item.definition.logical_id, type=item.type, physical_id=item.physical_id)
        for item in removed
    ]
    return found


def _scope(stack: Stack, desired: DesiredStack, pending: frozenset[str]) -> Scope:
    return stack.scope(parameters=desired.parameters, pending=pending)


def _modification(old: StackResource, definition: Definition, desired: DesiredStack, scope: Scope) -> Change | None:
    new = properties_of(definition, scope, desired.tags)
    details = tuple(
        _detail(definition, name, scope.pending)
        for name in sorted(old.properties.keys() | new.keys())
        if old.properties.get(name) != new.get(name)
    )
    touched = {"Tags" if detail.name == "Tags" else "Properties" for detail in details}
    touched |= _policies(old.definition, definition)
    if not touched:
        return None
    return Change(
        action="Modify",
        logical_id=definition.logical_id,
        type=definition.type,
        physical_id=old.physical_id,
        details=details,
        scope=tuple(sorted(touched)),
    )


def _policies(old: Definition, new: Definition) -> set[str]:
    differs = {
        "DeletionPolicy": old.deletion_policy != new.deletion_policy,
        "UpdateReplacePolicy": old.update_replace_policy != new.update_replace_policy,
    }
    return {name for name, changed in differs.items() if changed}


def _detail(definition: Definition, name: str, pending: frozenset[str]) -> Detail:
    causes = _causes(definition.properties, name, pending)
    replaces = name in TYPES[definition.type].replaced_by
    dynamic = bool(causes)
    recreation: Literal["Never", "Always", "Conditionally"] = "Never"
    if replaces:
        recreation = "Conditionally" if dynamic else "Always"
    return Detail(name=name, recreation=recreation, dynamic=dynamic, cause=causes[0] if causes else None)


def _causes(properties: Mapping[str, Any], name: str, pending: frozenset[str]) -> list[str]:
    mentioned = references(properties.get(name))
    return [f"{id_}.{attribute}" if attribute else id_ for id_, attribute in mentioned if id_ in pending]

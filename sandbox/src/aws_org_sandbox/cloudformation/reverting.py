"""Drift-aware change sets (DeploymentMode REVERT_DRIFT): resources compared as they are, and brought back.

Types without a reading are compared with what was deployed last, and so are properties that their template does not
set. Immutable properties are not reverted.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aws_org_sandbox.cloudformation.changes import Change, Detail
from aws_org_sandbox.cloudformation.drift import differences
from aws_org_sandbox.cloudformation.engine import DesiredStack
from aws_org_sandbox.cloudformation.stacks import Stack, StackResource
from aws_org_sandbox.cloudformation.steps import Steps
from aws_org_sandbox.resources import account_readings
from aws_org_sandbox.resources.catalogue import TYPES

Drift = Mapping[str, Mapping[str, Any] | None]
"""By logical id: the actual values of the properties that drifted; None for a resource that does not exist."""


def drift_of(stack: Stack, desired: DesiredStack) -> Drift:
    """What drifted of the resources that remain in the stack, read with the current credentials."""
    return dict(_drifted(stack, desired))


def _drifted(stack: Stack, desired: DesiredStack) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    steps = Steps(stack, parameters=stack.parameters, tags=stack.tags)
    for logical_id, item in list(stack.resources.items()):
        if logical_id not in desired.template.resources or not account_readings.is_compared(item.type):
            continue
        actual = account_readings.read(item.type, steps.context(item.definition), item.physical_id, item.properties)
        if actual is None:
            yield logical_id, None
        elif changed := _changed(item, actual):
            yield logical_id, changed


def _changed(item: StackResource, actual: Mapping[str, Any]) -> dict[str, Any]:
    compared = item.definition.properties.keys() & actual.keys() - {"Tags"} - set(TYPES[item.type].replaced_by)
    return {name: actual[name] for name in compared if any(differences({name: item.properties.get(name)}, actual))}


def with_drift(found: Iterable[Change], stack: Stack, drift: Drift) -> list[Change]:
    """The changes of a change set, with those that revert drift."""
    known = {one.logical_id: one for one in found}
    for logical_id, actual in drift.items():
        item = stack.resources[logical_id]
        known[logical_id] = Change(
            action="Add" if actual is None else "Modify",
            logical_id=logical_id,
            type=item.type,
            physical_id=item.physical_id,
            details=tuple(Detail(name=name, recreation="Never", dynamic=False) for name in sorted(actual or ())),
            scope=() if actual is None else ("Properties",),
        )
    return list(known.values())


def begin_with(stack: Stack, drift: Drift) -> None:
    """Let an update begin with the resources as they are."""
    for logical_id, actual in drift.items():
        if actual is None:
            del stack.resources[logical_id]
        else:
            item = stack.resources[logical_id]
            stack.resources[logical_id] = StackResource(**{**vars(item), "properties": {**item.properties, **actual}})

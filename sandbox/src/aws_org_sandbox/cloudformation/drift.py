"""Drift detection: the properties that a template sets, compared with those that the resources have.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from aws_org_sandbox.cloudformation.deployment import DEPLOYABLE, StackFailed
from aws_org_sandbox.cloudformation.service_role import execution_credentials
from aws_org_sandbox.cloudformation.stacks import Stack, StackResource, now, stacks_in
from aws_org_sandbox.cloudformation.steps import Steps
from aws_org_sandbox.resources.clients import acting_as
from aws_org_sandbox.resources.readings import READINGS, actual_properties

ResourceStatus = Literal["IN_SYNC", "MODIFIED", "DELETED", "NOT_CHECKED"]
DifferenceType = Literal["ADD", "REMOVE", "NOT_EQUAL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A property that differs: `path` is a JSON pointer, the values are as AWS shows them."""

    path: str
    expected: str
    actual: str
    type: DifferenceType


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDrift:
    """What drift detection found about one resource of a stack."""

    stack_id: str
    logical_id: str
    physical_id: str
    type: str
    status: ResourceStatus
    differences: tuple[Difference, ...] = ()
    at: datetime

    @property
    def is_drifted(self) -> bool:
        return self.status in {"MODIFIED", "DELETED"}


def detect_drift(*, account: str, region: str, name: str) -> tuple[ResourceDrift, ...]:
    """The drift of each resource of a stack; raises StackFailed for a stack that cannot be checked."""
    stack = stacks_in(account, region).find(name)
    if stack is None or stack.deleted is not None:
        raise StackFailed(f"Stack [{name}] does not exist")
    if stack.status not in DEPLOYABLE:
        raise StackFailed(f"Drift detection cannot be performed on stack {stack.id} in status {stack.status}")
    with acting_as(execution_credentials(account)):
        try:
            return tuple(_drift(stack, item) for item in list(stack.resources.values()))
        except (ClientError, BotoCoreError) as error:
            raise StackFailed(str(error), stack_id=stack.id) from error


def _drift(stack: Stack, item: StackResource) -> ResourceDrift:
    status: ResourceStatus = "NOT_CHECKED"
    found: tuple[Difference, ...] = ()
    if item.type in READINGS:
        context = Steps(stack, parameters=stack.parameters, tags=stack.tags).context(item.definition)
        actual = actual_properties(item.type, context, item.physical_id)
        found = () if actual is None else tuple(differences(_declared(item), actual))
        status = "DELETED" if actual is None else "MODIFIED" if found else "IN_SYNC"
    return ResourceDrift(
        stack_id=stack.id,
        logical_id=item.definition.logical_id,
        physical_id=item.physical_id,
        type=item.type,
        status=status,
        differences=found,
        at=now(),
    )


def _declared(item: StackResource) -> dict[str, Any]:
    """Only properties that the template sets are compared."""
    return {key: value for key, value in item.properties.items() if key in item.definition.properties}


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Difference]:
    """The declared properties that differ, in any order of lists."""
    for name, value in expected.items():
        yield from _compare(f"/{name}", value, actual.get(name))


def _compare(path: str, expected: Any, actual: Any) -> Iterator[Difference]:
    if _text(expected) == _text(actual):
        return
    if actual is None or expected is None:
        type_: DifferenceType = "REMOVE" if actual is None else "ADD"
        yield Difference(path=path, expected=_text(expected), actual=_text(actual), type=type_)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys()):
            yield from _compare(f"{path}/{key}", expected.get(key), actual.get(key))
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from _compare_lists(path, sorted(expected, key=_text), sorted(actual, key=_text))
    else:
        yield Difference(path=path, expected=_text(expected), actual=_text(actual), type="NOT_EQUAL")


def _compare_lists(path: str, expected: list[Any], actual: list[Any]) -> Iterator[Difference]:
    for index in range(max(len(expected), len(actual))):
        pair = (items[index] if index < len(items) else None for items in (expected, actual))
        yield from _compare(f"{path}/{index}", *pair)


def _text(value: Any) -> str:
    """A value as AWS shows it, equal for equal values: services return numbers and switches as text."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(_ordered(value), sort_keys=True, separators=(",", ":"))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(item) for item in value), key=_text)
    return _text(value)

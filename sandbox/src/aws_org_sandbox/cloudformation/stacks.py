"""Stacks with their resources, events and outputs, and the store of all stacks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from aws_org_sandbox.cloudformation.intrinsics import KnownResource, Scope, pseudo_parameters
from aws_org_sandbox.cloudformation.template import Definition, Template
from aws_org_sandbox.seams import on_reset

PARTITION = "aws"


@dataclass(kw_only=True)
class StackResource:
    """A resource that exists, as it was last deployed: `properties` are resolved."""

    definition: Definition
    physical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, str] = field(default_factory=dict)
    status: str = "CREATE_IN_PROGRESS"
    reason: str | None = None
    changed: datetime

    @property
    def type(self) -> str:
        return self.definition.type

    @property
    def known(self) -> KnownResource:
        return KnownResource(physical_id=self.physical_id, attributes=self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent:
    """One line of DescribeStackEvents."""

    id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str | None
    properties: str | None
    at: datetime


@dataclass(kw_only=True)
class Stack:
    """A stack; only one operation at a time changes it, admitted under `Stacks.lock`."""

    account: str
    region: str
    name: str
    id: str
    created: datetime
    status: str = "REVIEW_IN_PROGRESS"
    status_reason: str | None = None
    updated: datetime | None = None
    deleted: datetime | None = None
    template: Template | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    description: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    resources: dict[str, StackResource] = field(default_factory=dict)
    events: list[StackEvent] = field(default_factory=list)
    termination_protection: bool = False
    disable_rollback: bool = False
    role_arn: str | None = None

    @property
    def is_busy(self) -> bool:
        return self.status.endswith("IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def pseudo(self) -> Mapping[str, Any]:
        return pseudo_parameters(
            account=self.account, region=self.region, partition=PARTITION, stack_name=self.name, stack_id=self.id
        )

    def scope(self, *, parameters: Mapping[str, str], pending: frozenset[str] = frozenset()) -> Scope:
        """The values that a template of this stack may currently refer to."""
        known = {logical_id: resource.known for logical_id, resource in dict(self.resources).items()}
        return Scope(pseudo=self.pseudo, parameters=parameters, resources=known, pending=pending)

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Set the status and record its event."""
        self.status, self.status_reason = status, reason
        self.record(self.name, self.id, type_="AWS::CloudFormation::Stack", status=status, reason=reason)

    def record(  # noqa: PLR0913 - an event has that many parts
        self,
        logical_id: str,
        physical_id: str,
        *,
        type_: str,
        status: str,
        reason: str | None = None,
        properties: str | None = None,
    ) -> None:
        """Add an event; DescribeStackEvents shows the latest first."""
        self.events.append(
            StackEvent(
                id=f"{logical_id}-{status}-{uuid.uuid4()}",
                logical_id=logical_id,
                physical_id=physical_id,
                type=type_,
                status=status,
                reason=reason,
                properties=properties,
                at=now(),
            )
        )


class Stacks:
    """The stacks of one account and region, the deleted ones included."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._stacks: dict[str, Stack] = {}
        self.change_sets: dict[str, Any] = {}

    def add(self, *, account: str, region: str, name: str) -> Stack:
        """A new stack with this name, in review until something is deployed."""
        id_ = f"arn:{PARTITION}:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}"
        stack = Stack(account=account, region=region, name=name, id=id_, created=now())
        with self.lock:
            self._stacks[id_] = stack
        return stack

    def find(self, name_or_id: str) -> Stack | None:
        """The stack with this name that is not deleted, or with this id, deleted or not."""
        if name_or_id in self._stacks:
            return self._stacks[name_or_id]
        return next((stack for stack in self if stack.name == name_or_id and stack.deleted is None), None)

    def owner(self, type_: str, physical_id: str) -> Stack | None:
        """The stack that a resource belongs to."""
        for stack in self:
            if any(item.type == type_ and item.physical_id == physical_id for item in list(stack.resources.values())):
                return stack
        return None

    def __iter__(self) -> Iterator[Stack]:
        with self.lock:
            return iter(tuple(self._stacks.values()))


_stacks: dict[tuple[str, str], Stacks] = {}
"""By account and region; not in moto's backend of CloudFormation, which loads the models of every service it has."""


def stacks_in(account: str, region: str) -> Stacks:
    """The stacks of an account and region."""
    return _stacks.setdefault((account, region), Stacks())


@on_reset
def _forget() -> None:
    _stacks.clear()


def now() -> datetime:
    """The time of events."""
    return datetime.now(UTC)

"""AWS in memory, as far as a roll-out and its removal use it: stacks, StackSets, a bucket and a table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from deployer.errors import DeployerError
from deployer.organization import Organization
from deployer.rollout.cloud import Cloud
from deployer.rollout.progress import count_results
from deployer.stack_sets import (
    Instance,
    InstanceKey,
    InstanceOperation,
    InstanceResult,
    Operation,
    ResultStatus,
    StackSetDefinition,
    StackSetState,
)
from deployer.stacks import FUNCTION_TYPE, OnStackEvent, ResourceChange, StackDefinition, StackState
from tests.clocks import timeless
from tests.deployer.stack_set_rules import targeted


@dataclass
class FakeStacks:
    """Stacks of the caller's account, by name and region."""

    there: dict[tuple[str, str], StackState] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    broken: set[str] = field(default_factory=set)
    """Names of stacks that nothing can be done with."""
    reverted: list[str] = field(default_factory=list)
    """Names of stacks whose manual changes were reverted, once for each time."""

    def describe(self, name: str, *, region: str) -> StackState | None:
        self.asked["describe"] += 1
        return self.there.get((name, region))

    def preview(self, definition: StackDefinition) -> tuple[ResourceChange, ...]:
        self.asked["preview"] += 1
        return (ResourceChange(action="Modify", logical_id="Thing", type="AWS::SQS::Queue", details=("A",)),)

    def apply(self, definition: StackDefinition, on_event: OnStackEvent, *, reverts: bool = False) -> None:
        self._check(definition.name)
        self.reverted += [definition.name] * reverts
        self.there[definition.name, definition.region] = StackState(
            name=definition.name, region=definition.region, status="CREATE_COMPLETE", body=definition.body
        )

    def delete(self, name: str, *, region: str, on_event: OnStackEvent) -> None:
        self._check(name)
        self.there.pop((name, region), None)

    def _check(self, name: str) -> None:
        if name in self.broken:
            raise DeployerError(f"stack {name} is broken")


@dataclass
class FakeStackSets:
    """StackSets whose operations finish immediately; instances in `stuck` are never changed."""

    organization: Organization
    there: dict[str, StackSetState] = field(default_factory=dict)
    stuck: set[InstanceKey] = field(default_factory=set)
    done: dict[str, tuple[InstanceResult, ...]] = field(default_factory=dict)
    counts: bool = True
    """Whether an operation has counts, as from SDK 1.44.6 on."""
    bodies: dict[tuple[str, InstanceKey], str] = field(default_factory=dict)
    """The template that each instance has."""

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.there))

    def describe(self, name: str) -> StackSetState | None:
        return self.there.get(name)

    def recall(self, name: str) -> StackSetState | None:
        return self.describe(name)

    def create(self, definition: StackSetDefinition) -> str:
        self.there[definition.name] = StackSetState(
            name=definition.name,
            arn=f"arn:aws:cloudformation:eu-west-1:1:stackset/{definition.name}:1",
            body=definition.body,
            description=definition.description,
            auto_deployment=True,
            retain_on_removal=False,
            depends_on=definition.depends_on,
        )
        return self.there[definition.name].arn

    def update(self, definition: StackSetDefinition, *, only: InstanceOperation | None) -> str:
        name = definition.name
        keys = set(self._instances(name)) if only is None else set(self._targeted(name, only))
        self.there[name] = replace(
            self.there[name],
            body=definition.body,
            description=definition.description,
            depends_on=definition.depends_on,
            instances=tuple(_outdated(one) for one in self.there[name].instances),
        )
        return self._run(name, "UPDATE", keys)

    def refresh(self, definition: StackSetDefinition, operation: InstanceOperation) -> str:
        assert self.there[definition.name].description == definition.description
        return self._run(definition.name, "UPDATE", set(self._targeted(definition.name, operation)))

    def operate(self, name: str, operation: InstanceOperation) -> str:
        found = self._targeted(name, operation)
        state = self.there[name]
        targets = {ou_id: set(regions) for ou_id, regions in state.auto_deployment_targets.items()}
        for ou_id in operation.targets.ou_ids:
            if operation.action == "CREATE":
                targets.setdefault(ou_id, set()).update(operation.regions)
            elif operation.action == "DELETE" and operation.targets.account_filter == "NONE":
                targets.get(ou_id, set()).difference_update(operation.regions)
        self.there[name] = replace(
            state, auto_deployment_targets={ou_id: frozenset(regions) for ou_id, regions in targets.items() if regions}
        )
        return self._run(name, operation.action, set(found), ous=found)

    def _instances(self, name: str) -> dict[InstanceKey, Instance]:
        return {one.key: one for one in self.there[name].instances}

    def _targeted(self, name: str, operation: InstanceOperation) -> dict[InstanceKey, str]:
        registered = self.there[name].auto_deployment_targets
        return targeted(self.organization, operation, self._instances(name), registered)

    def _run(
        self,
        name: str,
        action: Literal["CREATE", "UPDATE", "DELETE"],
        keys: set[InstanceKey],
        *,
        ous: Mapping[InstanceKey, str] = {},
    ) -> str:
        instances = self._instances(name)
        if action == "DELETE":
            keys &= instances.keys()
        for key in keys:
            ou_id = instances[key].ou_id if key in instances else ous[key]
            if key in self.stuck:
                status: Literal["OUTDATED", "INOPERABLE"] = "INOPERABLE" if action == "DELETE" else "OUTDATED"
                instances[key] = _instance(key, ou_id, status, "it is stuck")
            elif action == "DELETE":
                del instances[key]
                self.bodies.pop((name, key), None)
            else:
                instances[key] = _instance(key, ou_id, "CURRENT")
                self.bodies[name, key] = self.there[name].body
        self.there[name] = replace(self.there[name], instances=tuple(instances[key] for key in sorted(instances)))
        operation_id = f"{action} {len(self.done)}"
        self.done[operation_id] = tuple(_result(key, stuck=key in self.stuck) for key in sorted(keys))
        return operation_id

    def delete(self, name: str) -> None:
        assert not self.there[name].instances, "AWS keeps a StackSet that has instances"
        del self.there[name]

    def operation(self, name: str, operation_id: str) -> Operation:
        counts = count_results(self.done[operation_id]) if self.counts else None
        return Operation(id=operation_id, action="UPDATE", status="SUCCEEDED", counts=counts)

    def results(
        self, name: str, operation_id: str, *, status: ResultStatus | None = None
    ) -> tuple[InstanceResult, ...]:
        return tuple(one for one in self.done[operation_id] if status in {None, one.status})

    def operations_in_progress(self, name: str) -> tuple[Operation, ...]:
        return ()


def _instance(
    key: InstanceKey, ou_id: str, status: Literal["CURRENT", "OUTDATED", "INOPERABLE"], reason: str = ""
) -> Instance:
    detailed = "SUCCEEDED" if status == "CURRENT" else "FAILED"
    return Instance(
        account=key.account, region=key.region, ou_id=ou_id, status=status, detailed_status=detailed, reason=reason
    )


def _outdated(instance: Instance) -> Instance:
    return replace(instance, status="OUTDATED") if instance.is_current else instance


def _result(key: InstanceKey, *, stuck: bool) -> InstanceResult:
    return InstanceResult(
        account=key.account,
        region=key.region,
        status="FAILED" if stuck else "SUCCEEDED",
        reason="it is stuck" if stuck else "",
    )


@dataclass
class FakeArtifacts:
    """The bucket for the handler's zip."""

    there: dict[str, bytes] = field(default_factory=dict)

    def has(self, key: str) -> bool:
        return key in self.there

    def fetch(self, key: str) -> bytes | None:
        return self.there.get(key)

    def upload(self, key: str, data: bytes) -> None:
        self.there[key] = data


@dataclass
class Kept:
    """The bucket or the table, which its stack retains."""

    is_there: bool = True

    def exists(self) -> bool:
        return self.is_there

    def remove(self) -> None:
        self.is_there = False


@dataclass
class FakeFunctions:
    """Functions that run what their stack deployed, except `replaced`."""

    stacks: FakeStacks
    replaced: dict[str, str] = field(default_factory=dict)
    """Digests of code by the function's name."""

    def code_digest(self, name: str) -> str | None:
        functions = dict(self._functions())
        return self.replaced.get(name, functions.get(name))

    def _functions(self) -> Iterator[tuple[str, str]]:
        for state in self.stacks.there.values():
            for one in json.loads(state.body)["Resources"].values():
                if one["Type"] == FUNCTION_TYPE:
                    key = one["Properties"]["Code"]["S3Key"]
                    yield one["Properties"]["FunctionName"], key.removeprefix("handler/").removesuffix(".zip")


class FakeCloud:
    """All fakes; `cloud` is what the deployer uses."""

    def __init__(self, organization: Organization) -> None:
        self.stacks = FakeStacks()
        self.stack_sets = FakeStackSets(organization)
        self.artifacts = FakeArtifacts()
        self.functions = FakeFunctions(self.stacks)
        self.cloud = Cloud(
            stacks=self.stacks,
            stack_sets=self.stack_sets,
            artifacts=self.artifacts,
            functions=self.functions,
            clock=timeless(),
        )

"""The context of a check: clients, names of this run, the journal of its resources, and waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from acceptance.access import Access, Environment, Side
from acceptance.errors import WaitError
from acceptance.journal import Journal, Resource
from acceptance.removal import remove
from deployer.aws.errors import code_of
from deployer.clock import SYSTEM_CLOCK, Clock
from deployer.polling import polls
from templates.names import Names

Value = TypeVar("Value")

TIMEOUT = 1200.0
"""Seconds to wait if AWS documents no limit; successful runs wait far less."""


@dataclass(kw_only=True)
class Lab:
    """One run. Resources that checks share are created once; a failure to do so is shared too."""

    access: Access
    environment: Environment
    journal: Journal
    folder: Path
    """Files of this run, such as the config for the roll-out."""
    profile: str | None = None
    """The AWS profile of the central account, for commands of `deployer`."""
    report: Callable[[str], None] = lambda _: None
    clock: Clock = SYSTEM_CLOCK
    timeout: float = TIMEOUT
    kept: set[str] = field(default_factory=set)
    """Keys of shared resources, which are kept until the end of the run."""
    _shared: dict[str, Any] = field(default_factory=dict)
    _sharing: int = 0

    @property
    def prefix(self) -> str:
        """Prefix of the names of all resources of this run."""
        return self.journal.run

    def name(self, what: str) -> str:
        return f"{self.prefix}-{what}"

    @property
    def names(self) -> Names:
        """The names of an installation with this run's prefix."""
        return Names(
            prefix=self.prefix,
            organization_id=self.environment.organization_id,
            central_account=self.environment.central_account,
            central_region=self.environment.region,
            partition=self.access.session("central").identity.partition,
        )

    def client(self, side: Side, service: str, region: str | None = None) -> Any:
        return self.access.client(side, service, region or self.environment.region)

    # Creating

    def create(self, resource: Resource, call: Callable[[], Value]) -> Value:
        """Create a resource with `call`, after recording it in the journal, so that it is always removed."""
        self.journal.creating(resource)
        if self._sharing:
            self.kept.add(resource.key)
        self.report(f"Creating {resource}")
        return call()

    def remove(self, resource: Resource) -> None:
        """Remove a resource before the end of the run."""
        remove(resource, self.access, self.clock)
        self.journal.gone(resource)

    def stack(self, side: Side, name: str, template: Mapping[str, Any], *, region: str | None = None) -> None:
        """Create a stack and wait; raises StackError with the events of each failure."""
        region = region or self.environment.region
        resource = Resource(kind="stack", side=side, region=region, name=self.name(name))
        client = self.client(side, "cloudformation", region)
        self.create(
            resource,
            lambda: client.create_stack(
                StackName=resource.name,
                TemplateBody=json.dumps(template, sort_keys=True),
                Capabilities=["CAPABILITY_NAMED_IAM"],
                OnFailure="DO_NOTHING",
            ),
        )
        wait_for_stack(client, resource.name, self)

    def shared(self, name: str, build: Callable[[], Value]) -> Value:
        """The result or error of `build`, which runs once, for the first check that needs it."""
        if name not in self._shared:
            self._sharing += 1
            try:
                self._shared[name] = build()
            except Exception as error:  # noqa: BLE001 - raised below, for every check
                self._shared[name] = error
            finally:
                self._sharing -= 1
        if isinstance(self._shared[name], Exception):
            raise self._shared[name]
        value: Value = self._shared[name]
        return value

    # Waiting

    def wait(self, what: str, poll: Callable[[], Value | None], *, limit: float | None = None) -> Value:
        """Call `poll` until it returns a value; raises WaitError after the limit."""
        limit = min(limit or self.timeout, self.timeout)
        for _ in polls(self.clock, limit=limit):
            found = poll()
            if found is not None:
                return found
        raise WaitError(f"{what}: timed out after {limit:.0f} s")

    def wait_while(self, codes: set[str], call: Callable[[], Value], *, limit: float = 60.0) -> Value:
        """Repeat `call` while AWS returns one of these codes, because new resources take time to propagate."""
        for _ in polls(self.clock, limit=min(limit, self.timeout)):
            try:
                return call()
            except ClientError as error:
                if code_of(error) not in codes:
                    raise
        return call()


class StackError(Exception):
    """A stack was not created; `events` are the CloudFormation events of the failures."""

    def __init__(self, name: str, events: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{one['LogicalResourceId']}: {one['ResourceStatusReason']}" for one in events))
        self.name = name
        self.events = events


def wait_for_stack(client: Any, name: str, lab: Lab) -> None:
    """Wait until a stack is created; raises StackError otherwise."""

    def status() -> str | None:
        found: str = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if found.endswith("_IN_PROGRESS") else found

    if lab.wait(f"stack {name}", status) != "CREATE_COMPLETE":
        events = client.describe_stack_events(StackName=name)["StackEvents"]
        keys = ("LogicalResourceId", "ResourceType", "ResourceStatus", "ResourceStatusReason")
        failed = [one for one in events if "FAILED" in one["ResourceStatus"] and one.get("ResourceStatusReason")]
        raise StackError(name, [{key: one.get(key, "") for key in keys} for one in failed])

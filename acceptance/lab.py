"""What a check works with: clients, names of this run, a journal that knows what is created, and waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from acceptance.access import Access, Place, Side
from acceptance.errors import WaitError
from acceptance.journal import Journal, Resource
from acceptance.removal import remove
from deployer.aws.errors import code_of
from deployer.clock import SYSTEM_CLOCK, Clock
from deployer.polling import polls
from templates.names import Names

Value = TypeVar("Value")

PATIENCE = 1200.0
"""Seconds that AWS may take for what has no documented limit; nothing waits as long when it works."""


@dataclass(kw_only=True)
class Lab:
    """One run. Whatever checks share is built once; whether that failed is shared, too."""

    access: Access
    place: Place
    journal: Journal
    folder: Path
    """For files of this run, such as the config that the main job rolls out."""
    profile: str | None = None
    """The AWS profile of the central account, for commands of `deployer`."""
    report: Callable[[str], None] = lambda _: None
    clock: Clock = SYSTEM_CLOCK
    patience: float = PATIENCE
    kept: set[str] = field(default_factory=set)
    """Keys of what several checks share, which stays until the end of the run."""
    _shared: dict[str, Any] = field(default_factory=dict)
    _sharing: int = 0

    @property
    def prefix(self) -> str:
        """Begins the name of everything that this run creates."""
        return self.journal.run

    def name(self, what: str) -> str:
        return f"{self.prefix}-{what}"

    @property
    def names(self) -> Names:
        """The names that `deployer` would give, with this run's prefix."""
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
        """Create something by `call`, written down beforehand, so that it is removed whatever happens."""
        self.journal.creating(resource)
        if self._sharing:
            self.kept.add(resource.key)
        self.report(f"creates {resource}")
        return call()

    def remove(self, resource: Resource) -> None:
        """Remove something now that would be removed at the end."""
        remove(resource, self.access, self.clock)
        self.journal.gone(resource)

    def stack(self, side: Side, name: str, template: Mapping[str, Any], *, region: str | None = None) -> None:
        """Create a stack and wait; raises StackError with what CloudFormation said about each failure."""
        place = region or self.environment.region
        resource = Resource(kind="stack", side=side, region=place, name=self.name(name))
        client = self.client(side, "cloudformation", place)
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
        """What `build` gives or raises, built for the first check that asks."""
        if name not in self._shared:
            self._sharing += 1
            try:
                self._shared[name] = build()
            except Exception as error:  # noqa: BLE001 - raised below, for every check that asks
                self._shared[name] = error
            finally:
                self._sharing -= 1
        if isinstance(self._shared[name], Exception):
            raise self._shared[name]
        value: Value = self._shared[name]
        return value

    # Waiting

    def wait(self, what: str, look: Callable[[], Value | None], *, limit: float | None = None) -> Value:
        """What `look` gives when it gives something; raises WaitError when it does not in time."""
        limit = min(limit or self.patience, self.patience)
        for _ in polls(self.clock, limit=limit):
            found = look()
            if found is not None:
                return found
        raise WaitError(f"{what}: not within {limit:.0f} s")

    def wait_while(self, codes: set[str], call: Callable[[], Value], *, limit: float = 60.0) -> Value:
        """What `call` gives, repeated while AWS answers one of these codes: it needs time to know what is new."""
        for _ in polls(self.clock, limit=min(limit, self.patience)):
            try:
                return call()
            except ClientError as error:
                if code_of(error) not in codes:
                    raise
        return call()


class StackError(Exception):
    """A stack was not created; `events` are those of CloudFormation that say why."""

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

"""The interface of resource types for the stack engine: shape, replacement and operations."""

from __future__ import annotations

import json
import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from aws_org_sandbox.resources import clients
from aws_org_sandbox.resources.shapes import Shape

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceContext:
    """The location of a resource: account, region, and its name in the stack."""

    account: str
    region: str
    partition: str
    stack_name: str
    logical_id: str

    def client(self, service: str) -> Any:
        return clients.client(service, self.region)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def generated_name(self, limit: int = 64) -> str:
        """A name for a resource that its template does not name, as CloudFormation generates it."""
        suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
        return f"{self.stack_name}-{self.logical_id}"[: limit - 13] + f"-{suffix}"


class ResourceError(Exception):
    """A resource that its service, or CloudFormation itself, refuses. `reason` is the reason in the stack event."""

    def __init__(self, reason: str, *, code: str = "InvalidRequest") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Resource(ABC):
    """One CloudFormation type. Physical ids are the values of `Ref`."""

    type_name: ClassVar[str]
    shape: ClassVar[Shape]
    replaced_by: ClassVar[Collection[str]] = ()
    """Properties whose change requires replacement; all others are updated in place."""
    name_property: ClassVar[str | None] = None
    """The property that fixes the physical name, so that a replacement under the same name is refused."""
    attribute_names: ClassVar[Collection[str]] = ()
    """Attributes of `Fn::GetAtt`; some exist only with certain settings, such as the stream of a table."""
    absent_from: ClassVar[Collection[str]] = ()
    """Regions without the type."""
    tagged: ClassVar[bool] = False
    """Whether `Tags` includes the stack's tags."""

    @abstractmethod
    def create(self, context: ResourceContext, properties: Properties) -> str:
        """Create it and return the physical id. From then on it exists, and a rollback deletes it."""

    def complete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        """The steps of its creation after the first call."""
        del context, physical_id, properties

    @abstractmethod
    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        """Change it in place from `old` to `new`."""

    @abstractmethod
    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        """Remove it; does nothing if it no longer exists."""

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        """Whether it exists already and could be imported; False for types that do not support import."""
        del context, physical_id
        return False

    def read(self, context: ResourceContext, physical_id: str) -> None:
        """Read all of its settings with the caller's permissions, as CloudFormation does before an import."""
        del context, physical_id

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        """The values of `Fn::GetAtt` by name."""
        del context, physical_id, properties
        return {}

    def identifier(self, context: ResourceContext, properties: Properties) -> str | None:
        """The physical id if the properties determine it before creation, None if it is generated."""
        del context
        name = properties.get(self.name_property) if self.name_property else None
        return str(name) if name else None


def text(document: Any) -> str:
    """A policy as APIs accept it."""
    return json.dumps(document, separators=(",", ":"))


def tag_map(properties: Properties) -> dict[str, str]:
    """Tags as one mapping."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most services accept them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def changed(old: Properties, new: Properties, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The new values of the properties in `defaults` that differ; an omitted one has its default."""
    return {
        key: new.get(key, default)
        for key, default in defaults.items()
        if old.get(key, default) != new.get(key, default)
    }


def sync_tags(
    old: Properties, new: Properties, *, tag: Callable[[dict[str, str]], Any], untag: Callable[[list[str]], Any]
) -> None:
    """Change tags from `old` to `new` with the fewest calls."""
    before, after = tag_map(old), tag_map(new)
    if gone := sorted(before.keys() - after.keys()):
        untag(gone)
    if changed := {key: value for key, value in after.items() if before.get(key) != value}:
        tag(changed)


def unless_gone(call: Callable[[], Any], *codes: str) -> None:
    """Delete; an error code in `codes` means that the resource no longer exists."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


def exists(call: Callable[[], Any], *missing: str) -> bool:
    """Whether describing something finds it; an error code in `missing` means that it does not."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in missing:
            raise
        return False
    return True


def already_exists(type_name: str, identifier: str) -> ResourceError:
    """The refusal of a create handler whose API would silently overwrite."""
    return ResourceError(
        f"Resource of type '{type_name}' with identifier '{identifier}' already exists.", code="AlreadyExists"
    )

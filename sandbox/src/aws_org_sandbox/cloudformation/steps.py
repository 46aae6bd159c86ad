"""One resource at a time: create, update, replace or delete it, and write the stack events that AWS writes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.cloudformation.intrinsics import Scope, resolve
from aws_org_sandbox.cloudformation.stacks import PARTITION, Stack, StackResource, now, stacks_in
from aws_org_sandbox.cloudformation.template import Definition, TemplateError
from aws_org_sandbox.resources.catalogue import TYPES
from aws_org_sandbox.resources.resource import Resource, ResourceContext, ResourceError, tag_list
from aws_org_sandbox.resources.shapes import ShapeError, conform

_HANDLER_CODES = {
    "AccessDenied": "AccessDenied",
    "NotFound": "NotFound",
    "NoSuch": "NotFound",
    "Exist": "AlreadyExists",
    "InUse": "AlreadyExists",
    "AlreadyOwned": "AlreadyExists",
    "Throttl": "Throttling",
    "TooManyRequests": "Throttling",
    "SlowDown": "Throttling",
    "LimitExceeded": "ServiceLimitExceeded",
}
"""Parts of services' error codes, and what CloudFormation's resource handlers call them; the first match counts."""


IMPORTED = "IMPORT_COMPLETE"
"""Status of a resource that existed before its stack: a rollback keeps it."""


class StepFailed(Exception):  # noqa: N818 - the statuses of AWS are called so
    """A resource that could not be created, changed or removed; its event is already written."""

    def __init__(self, logical_id: str, reason: str) -> None:
        super().__init__(f"{logical_id}: {reason}")
        self.logical_id = logical_id
        self.reason = reason


def properties_of(definition: Definition, scope: Scope, tags: Mapping[str, str]) -> dict[str, Any]:
    """The desired properties of a resource: resolved, checked, and with the stack's tags if the type supports tags."""
    resource = TYPES[definition.type]
    properties = conform(resolve(definition.properties, scope), resource.shape)
    if not resource.tagged or not tags:
        return properties
    own = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}
    merged = {**tags, **own}
    return {**properties, "Tags": tag_list(merged)}


def replaces(definition: Definition, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether going from `old` to `new` takes a new resource."""
    return any(old.get(name) != new.get(name) for name in TYPES[definition.type].replaced_by)


class Steps:
    """The steps of one operation on a stack, with the parameters and tags that it deploys."""

    def __init__(self, stack: Stack, *, parameters: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self.stack = stack
        self.parameters = parameters
        self.tags = tags

    def resolved(self, definition: Definition) -> dict[str, Any]:
        """The currently resolved properties of a resource; raises StepFailed."""
        try:
            return properties_of(definition, self.stack.scope(parameters=self.parameters), self.tags)
        except (ShapeError, TemplateError) as error:
            raise self._failed(definition, "", _status_of(self.stack), error) from error

    def create(self, definition: Definition, properties: Mapping[str, Any]) -> StackResource:
        """Create a resource and add it to the stack, which keeps it for the rollback if its creation fails."""
        resource, context = TYPES[definition.type], self.context(definition)
        self._event(definition, "", "CREATE_IN_PROGRESS")
        made = None
        try:
            self._refuse_owned(definition, resource.identifier(context, properties))
            physical_id = resource.create(context, properties)
            made = StackResource(definition=definition, physical_id=physical_id, properties=properties, changed=now())
            self.stack.resources[definition.logical_id] = made
            self._event(definition, physical_id, "CREATE_IN_PROGRESS", "Resource creation Initiated", properties)
            resource.complete(context, physical_id, properties)
            made.attributes = resource.attributes(context, physical_id, properties)
        except _FAILURES as error:
            raise self._failed(definition, made.physical_id if made else "", "CREATE_FAILED", error) from error
        made.status = "CREATE_COMPLETE"
        self._event(definition, physical_id, "CREATE_COMPLETE", properties=properties)
        return made

    def take_over(self, definition: Definition, properties: Mapping[str, Any]) -> None:
        """Import an existing resource without changing it; differences from the template are drift."""
        resource, context = TYPES[definition.type], self.context(definition)
        physical_id = resource.identifier(context, properties) or ""
        self._event(definition, physical_id, "IMPORT_IN_PROGRESS", "Resource import started.", properties)
        try:
            self._refuse_owned(definition, physical_id)
            resource.read(context, physical_id)
            attributes = resource.attributes(context, physical_id, properties)
        except _FAILURES as error:
            raise self._failed(definition, physical_id, "IMPORT_FAILED", error) from error
        self.stack.resources[definition.logical_id] = StackResource(
            definition=definition,
            physical_id=physical_id,
            properties=properties,
            attributes=attributes,
            status=IMPORTED,
            changed=now(),
        )
        self._event(definition, physical_id, IMPORTED, "Resource import completed.", properties)

    def update(self, item: StackResource, definition: Definition, properties: Mapping[str, Any]) -> None:
        """Change a resource in place; what the new template omits returns to its default (assumption A35)."""
        if is_altered(Behaviour.OMITTED_PROPERTIES_STAY):
            properties = {**item.properties, **properties}
        resource, context = TYPES[definition.type], self.context(definition)
        self._event(definition, item.physical_id, "UPDATE_IN_PROGRESS", properties=properties)
        try:
            resource.update(context, item.physical_id, old=item.properties, new=properties)
            attributes = resource.attributes(context, item.physical_id, properties)
        except _FAILURES as error:
            raise self._failed(definition, item.physical_id, "UPDATE_FAILED", error) from error
        self.stack.resources[definition.logical_id] = StackResource(
            definition=definition,
            physical_id=item.physical_id,
            properties=properties,
            attributes=attributes,
            status="UPDATE_COMPLETE",
            changed=now(),
        )
        self._event(definition, item.physical_id, "UPDATE_COMPLETE", properties=properties)

    def replace(self, item: StackResource, definition: Definition, properties: Mapping[str, Any]) -> None:
        """Create a new resource next to the old one, which the operation's clean-up removes."""
        resource = TYPES[definition.type]
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
        self._event(definition, item.physical_id, "UPDATE_IN_PROGRESS", reason)
        name = resource.identifier(self.context(definition), properties)
        if name is not None and name == item.physical_id:
            refusal = ResourceError(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again."
            )
            raise self._failed(definition, item.physical_id, "UPDATE_FAILED", refusal)
        self.create(definition, properties)
        self.stack.resources[definition.logical_id].status = "UPDATE_COMPLETE"

    def delete(self, item: StackResource, *, keep: bool = False) -> None:
        """Delete a resource, or only remove it from the stack and keep it in the account."""
        definition = item.definition
        if keep:
            self._event(definition, item.physical_id, "DELETE_SKIPPED")
            return
        self._event(definition, item.physical_id, "DELETE_IN_PROGRESS")
        try:
            TYPES[definition.type].delete(self.context(definition), item.physical_id, item.properties)
        except _FAILURES as error:
            raise self._failed(definition, item.physical_id, "DELETE_FAILED", error) from error
        self._event(definition, item.physical_id, "DELETE_COMPLETE")

    def context(self, definition: Definition) -> ResourceContext:
        """The location of a resource of this stack."""
        stack = self.stack
        return ResourceContext(
            account=stack.account,
            region=stack.region,
            partition=PARTITION,
            stack_name=stack.name,
            logical_id=definition.logical_id,
        )

    def _refuse_owned(self, definition: Definition, identifier: str | None) -> None:
        stacks = stacks_in(self.stack.account, self.stack.region)
        owner = stacks.owner(definition.type, identifier) if identifier else None
        if owner is not None:
            raise ResourceError(f"{identifier} already exists in stack {owner.id}", code="AlreadyExists")

    def _event(
        self,
        definition: Definition,
        physical_id: str,
        status: str,
        reason: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> None:
        text = json.dumps(properties) if properties is not None else None
        self.stack.record(
            definition.logical_id, physical_id, type_=definition.type, status=status, reason=reason, properties=text
        )

    def _failed(self, definition: Definition, physical_id: str, status: str, error: Exception) -> StepFailed:
        reason = reason_of(definition, error)
        self._event(definition, physical_id, status, reason)
        return StepFailed(definition.logical_id, reason)


_FAILURES = (ResourceError, ShapeError, TemplateError, ClientError, BotoCoreError)


def reason_of(definition: Definition, error: Exception) -> str:
    """The ResourceStatusReason of a failure, in the words of CloudFormation."""
    match error:
        case ResourceError(reason=reason):
            return reason
        case ShapeError():
            return f"Properties validation failed for resource {definition.logical_id} with message:\n{error}"
        case ClientError():
            return _handler_message(definition.type.split("::")[1].capitalize(), error)
        case ParamValidationError():
            return f"Properties validation failed for resource {definition.logical_id} with message:\n#: {error}"
    return str(error)


def _handler_message(service: str, error: ClientError) -> str:
    metadata = error.response.get("ResponseMetadata", {})
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    handler_code = next((value for part, value in _HANDLER_CODES.items() if part in code), "GeneralServiceException")
    status, request = metadata.get("HTTPStatusCode", 400), metadata.get("RequestId", uuid.uuid4())
    return (
        f'Resource handler returned message: "{message} (Service: {service}, Status Code: {status}, '
        f'Request ID: {request})" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {handler_code})'
    )


def _status_of(stack: Stack) -> str:
    return "CREATE_FAILED" if stack.status.startswith("CREATE") else "UPDATE_FAILED"


def known_type(type_: str) -> Resource:
    """The class behind a type name; raises TemplateError for a type that the sandbox does not have."""
    try:
        return TYPES[type_]
    except KeyError:
        raise unrecognized(type_) from None


def unrecognized(type_: str) -> TemplateError:
    """The refusal of a type that CloudFormation does not have in a region."""
    return TemplateError(f"Template format error: Unrecognized resource types: [{type_}]")

"""Existing resources that a change set imports: ImportExistingResources.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html: the name must be
in the template, the resource must be in no stack, and must be one that the stack will not delete.
"""

from __future__ import annotations

from aws_org_sandbox.cloudformation.engine import DesiredStack
from aws_org_sandbox.cloudformation.stacks import Stack, stacks_in
from aws_org_sandbox.cloudformation.steps import Steps, properties_of
from aws_org_sandbox.cloudformation.template import RETAINING, Definition
from aws_org_sandbox.resources.catalogue import TYPES


class ImportRefused(Exception):  # noqa: N818 - becomes the change set's StatusReason
    """Resources to import exist, but their template allows their deletion."""


def find_existing(stack: Stack, desired: DesiredStack) -> frozenset[str]:
    """Logical ids of the resources that exist already; raises ImportRefused for those that could be deleted."""
    found = [
        definition
        for logical_id, definition in desired.template.resources.items()
        if logical_id not in stack.resources and _exists(stack, desired, definition)
    ]
    if unsafe := [definition for definition in found if definition.deletion_policy not in RETAINING]:
        affected = ", ".join(f"{item.logical_id} ({{{_name_property(item)}={_name(item)}}})" for item in unsafe)
        raise ImportRefused(
            "CloudFormation is attempting to import some resources because they already exist in your account. "
            "The resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the "
            f"template for successful import. The affected resources are {affected}"
        )
    return frozenset(definition.logical_id for definition in found)


def identifier_of(stack: Stack, desired: DesiredStack, definition: Definition) -> str | None:
    """The physical id that the template fixes; None for a name that is generated or referred to."""
    if not isinstance(_name(definition), str):
        return None
    pending = frozenset(desired.template.resources)
    properties = properties_of(definition, stack.scope(parameters=desired.parameters, pending=pending), desired.tags)
    context = Steps(stack, parameters=desired.parameters, tags=desired.tags).context(definition)
    return TYPES[definition.type].identifier(context, properties)


def _exists(stack: Stack, desired: DesiredStack, definition: Definition) -> bool:
    identifier = identifier_of(stack, desired, definition)
    if identifier is None or stacks_in(stack.account, stack.region).owner(definition.type, identifier):
        return False
    context = Steps(stack, parameters=desired.parameters, tags=desired.tags).context(definition)
    return TYPES[definition.type].exists(context, identifier)


def _name_property(definition: Definition) -> str:
    return TYPES[definition.type].name_property or ""


def _name(definition: Definition) -> object:
    return definition.properties.get(_name_property(definition))

"""Validation of a change set before anything is deployed: properties, and names that are already taken.

Since November 2025 the change set's own reason only says that a validation failed; DescribeEvents has the details.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from aws_org_sandbox.cloudformation.engine import DesiredStack
from aws_org_sandbox.cloudformation.imports import identifier_of
from aws_org_sandbox.cloudformation.stacks import Stack, stacks_in
from aws_org_sandbox.cloudformation.steps import Steps, properties_of
from aws_org_sandbox.cloudformation.template import Definition
from aws_org_sandbox.resources.catalogue import TYPES
from aws_org_sandbox.resources.resource import already_exists
from aws_org_sandbox.resources.shapes import ShapeError

_HOOKS = {
    "PROPERTY_VALIDATION": "AWS::EarlyValidation::PropertyValidation",
    "NAME_CONFLICT_VALIDATION": "AWS::EarlyValidation::ResourceExistenceCheck",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An error that one validation found in one resource."""

    validation: str
    definition: Definition
    reason: str
    path: str
    physical_id: str = ""


class EarlyValidationFailed(Exception):  # noqa: N818 - becomes the change set's StatusReason
    """The change set fails; its reason names the validations, and no resource."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        hooks = ", ".join(sorted({_HOOKS[finding.validation] for finding in self.findings}))
        super().__init__(
            f"The following hook(s)/validation failed: [{hooks}]. To troubleshoot Early Validation errors, "
            "use the DescribeEvents API for detailed failure information."
        )


def validate_properties(stack: Stack, desired: DesiredStack) -> None:
    """Raise EarlyValidationFailed for properties of any resource that do not match their schema."""
    if findings := [*_properties(stack, desired)]:
        raise EarlyValidationFailed(findings)


def validate_names(stack: Stack, desired: DesiredStack, *, imports_existing: bool) -> None:
    """Raise EarlyValidationFailed for new resources whose names are taken, unless they are imported.

    A change set that imports what exists has looked for all of them: only a resource of another stack is left.
    """
    if findings := [*_names(stack, desired, reads=not imports_existing)]:
        raise EarlyValidationFailed(findings)


def _properties(stack: Stack, desired: DesiredStack) -> Iterator[Finding]:
    scope = stack.scope(parameters=desired.parameters, pending=frozenset(desired.template.resources))
    for definition in desired.template.resources.values():
        try:
            properties_of(definition, scope, desired.tags)
        except ShapeError as error:
            yield _finding("PROPERTY_VALIDATION", definition, reason=str(error))


def _names(stack: Stack, desired: DesiredStack, *, reads: bool) -> Iterator[Finding]:
    for logical_id, definition in desired.template.resources.items():
        if logical_id in stack.resources or logical_id in desired.imports:
            continue
        identifier = identifier_of(stack, desired, definition)
        if identifier is None:
            continue
        if _is_owned(stack, definition, identifier) or (reads and _is_found(stack, desired, definition, identifier)):
            reason = already_exists(definition.type, identifier).reason
            yield _finding("NAME_CONFLICT_VALIDATION", definition, reason=reason, physical_id=identifier)


def _is_owned(stack: Stack, definition: Definition, identifier: str) -> bool:
    return stacks_in(stack.account, stack.region).owner(definition.type, identifier) is not None


def _is_found(stack: Stack, desired: DesiredStack, definition: Definition, identifier: str) -> bool:
    """Whether it exists, if the deployer may read it: names that may not be read are not validated."""
    context = Steps(stack, parameters=desired.parameters, tags=desired.tags).context(definition)
    try:
        return TYPES[definition.type].exists(context, identifier)
    except ClientError as error:
        if "AccessDenied" not in error.response["Error"]["Code"]:
            raise
        return False


def _finding(validation: str, definition: Definition, *, reason: str, physical_id: str = "") -> Finding:
    return Finding(
        validation=validation,
        definition=definition,
        reason=reason,
        path=f"/Resources/{definition.logical_id}/Properties",
        physical_id=physical_id,
    )

"""Templates: read, checked as a whole before anything is created, and ordered.

JSON only. Sections that the sandbox does not evaluate (Conditions, Mappings, Transform) are
refused, so that no template has another meaning here than in AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

from aws_org_sandbox.cloudformation import limits

INLINE_LIMIT = 51_200
"""Bytes of TemplateBody; https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
URL_LIMIT = 1_048_576

RETAINING = frozenset({"Retain", "RetainExceptOnCreate"})
_POLICIES = frozenset({"Delete", *RETAINING})
_SECTIONS = frozenset({"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Resources", "Outputs"})
_RESOURCE_KEYS = frozenset({"Type", "Properties", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"})
_INTRINSICS = frozenset({"Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Select", "Fn::Split"})
_SUBSTITUTION = re.compile(r"\$\{([^!}][^}]*)\}")


class TemplateError(Exception):
    """A template that CloudFormation refuses before it creates anything (ValidationError)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A resource as in the template, unresolved."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"


@dataclass(frozen=True, kw_only=True)
class Template:
    """A checked template; `body` is the original text."""

    body: str = field(repr=False)
    resources: Mapping[str, Definition]
    parameters: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    description: str | None = None

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Logical ids so that each stands after all that it refers to or depends on; otherwise as in the template."""
        try:
            return tuple(TopologicalSorter(self._needs).static_order())
        except CycleError as error:
            ring = ", ".join(sorted(set(error.args[1])))
            raise TemplateError(f"Circular dependency between resources: [{ring}]") from error

    def needs(self, logical_id: str) -> frozenset[str]:
        """Logical ids of the resources that one must come after."""
        return self._needs[logical_id]

    @cached_property
    def _needs(self) -> Mapping[str, frozenset[str]]:
        found = {}
        for id_, definition in self.resources.items():
            mentioned = {name for name, _ in references(definition.properties)}
            found[id_] = frozenset((mentioned & self.resources.keys()) | set(definition.depends_on))
        return found

    @cached_property
    def attributes(self) -> frozenset[tuple[str, str]]:
        """Each (logical id, attribute) that `Fn::GetAtt` and `Fn::Sub` ask for, in resources and outputs."""
        values = [item.properties for item in self.resources.values()]
        values += [output.get("Value", {}) for output in self.outputs.values()]
        return frozenset((name, attribute) for name, attribute in references(values) if attribute is not None)

    @property
    def types(self) -> frozenset[str]:
        return frozenset(definition.type for definition in self.resources.values())

    @property
    def capabilities(self) -> frozenset[str]:
        """What a caller must acknowledge: CAPABILITY_NAMED_IAM for IAM resources with a name of their own."""
        roles = [item for item in self.resources.values() if item.type.startswith("AWS::IAM::")]
        if any(key.endswith("Name") for role in roles for key in role.properties if key != "PolicyName"):
            return frozenset({"CAPABILITY_NAMED_IAM"})
        return frozenset({"CAPABILITY_IAM"}) if roles else frozenset()


@lru_cache(maxsize=64)
def parse(body: str) -> Template:
    """Read and check a template; raises TemplateError in CloudFormation's words."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise TemplateError(f"Template format error: JSON not well-formed. ({error})") from error
    if not isinstance(document, dict):
        raise TemplateError("Template format error: unsupported structure.")
    if unknown := sorted(document.keys() - _SECTIONS):
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
    if not document.get("Resources"):
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    for problem in limits.broken(document):
        raise TemplateError(problem)
    template = Template(
        body=body,
        resources={id_: _definition(id_, resource) for id_, resource in document["Resources"].items()},
        parameters=document.get("Parameters", {}),
        outputs=document.get("Outputs", {}),
        description=document.get("Description"),
    )
    _check_references(template)
    assert template.order
    return template


def _definition(logical_id: str, resource: Any) -> Definition:
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", logical_id):
        raise TemplateError(f"Template format error: Resource name {logical_id} is non alphanumeric.")
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise TemplateError(
            f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
        )
    if unknown := sorted(resource.keys() - _RESOURCE_KEYS):
        raise TemplateError(f"Invalid template resource property '{unknown[0]}'")
    policies = {name: resource.get(name, "Delete") for name in ("DeletionPolicy", "UpdateReplacePolicy")}
    for name, value in policies.items():
        if value not in _POLICIES or (name == "UpdateReplacePolicy" and value == "RetainExceptOnCreate"):
            raise TemplateError(f"Template error: Unrecognized {name} {value} for resource {logical_id}")
    depends_on = resource.get("DependsOn", [])
    return Definition(
        logical_id=logical_id,
        type=resource["Type"],
        properties=resource.get("Properties", {}),
        depends_on=(depends_on,) if isinstance(depends_on, str) else tuple(depends_on),
        deletion_policy=policies["DeletionPolicy"],
        update_replace_policy=policies["UpdateReplacePolicy"],
    )


def _check_references(template: Template) -> None:
    known = template.resources.keys() | template.parameters.keys()
    for definition in template.resources.values():
        mentioned = {name for name, _ in references(definition.properties)}
        _check_known(mentioned - known, "Unresolved resource dependencies [{}] in the Resources block of the template")
        _check_known(
            set(definition.depends_on) - template.resources.keys(),
            "Unresolved resource dependencies [{}] in the Resources block of the template",
        )
    for output in template.outputs.values():
        if unknown := sorted(output.keys() - {"Value", "Description"}):
            raise TemplateError(f"Template format error: output property {unknown[0]} is not supported by the sandbox")
        mentioned = {name for name, _ in references(output.get("Value"))}
        _check_known(mentioned - known, "Unresolved resource dependencies [{}] in the Outputs block of the template")
    if undefined := sorted(name for name, _ in template.attributes if name not in template.resources):
        raise TemplateError(f"Template error: instance of Fn::GetAtt references undefined resource {undefined[0]}")


def _check_known(missing: set[str], message: str) -> None:
    if missing:
        raise TemplateError("Template format error: " + message.format(", ".join(sorted(missing))))


def references(value: Any) -> Iterator[tuple[str, str | None]]:
    """Each (name, attribute) that intrinsic functions in `value` mention; pseudo parameters are left out."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
        return
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        if key == "Ref" and len(value) == 1:
            found: list[tuple[str, str | None]] = [(item, None)]
        elif key == "Fn::GetAtt":
            found = [attribute_reference(item)]
        elif key == "Fn::Sub":
            found = substitutions(item)
            yield from references(item[1] if isinstance(item, list) else None)
        else:
            if key.startswith("Fn::") and key not in _INTRINSICS:
                raise TemplateError(f"Template error: {key} is not supported by the sandbox")
            yield from references(item)
            continue
        yield from ((name, attribute) for name, attribute in found if not name.startswith("AWS::"))


def attribute_reference(argument: Any) -> tuple[str, str]:
    """Name and attribute of a `Fn::GetAtt`, in either of its spellings."""
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise TemplateError(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, "
            "the resource name and the resource attribute"
        )
    return parts[0], parts[1]


def substitutions(argument: Any) -> list[tuple[str, str | None]]:
    """The references in the `${…}` of a `Fn::Sub`, without the names that it defines itself."""
    template, own = (argument[0], argument[1]) if isinstance(argument, list) else (argument, {})
    if not isinstance(template, str):
        raise TemplateError("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments.")
    found = []
    for name in _SUBSTITUTION.findall(template):
        if name not in own:
            resource, _, attribute = name.partition(".")
            found.append((resource, attribute or None))
    return found

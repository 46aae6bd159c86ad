"""Intrinsic functions: evaluates a template's values for one account, region and stack. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_org_sandbox.cloudformation.template import TemplateError, attribute_reference
from aws_org_sandbox.resources.shapes import KNOWN_AFTER_APPLY

_NO_VALUE = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownResource:
    """The values of `Ref` and `Fn::GetAtt` for an existing resource."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """All that a value may refer to. `pending` are resources whose values are not known yet."""

    pseudo: Mapping[str, Any]
    parameters: Mapping[str, Any]
    resources: Mapping[str, KnownResource]
    pending: frozenset[str] = frozenset()

    def ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self.pending:
            return KNOWN_AFTER_APPLY
        if name in self.resources:
            return self.resources[name].physical_id
        for values in (self.parameters, self.pseudo):
            if name in values:
                return values[name]
        raise TemplateError(f"Template format error: Unresolved resource dependencies [{name}]")

    def attribute(self, name: str, attribute: str) -> str:
        if name in self.pending:
            return KNOWN_AFTER_APPLY
        try:
            return self.resources[name].attributes[attribute]
        except KeyError:
            raise TemplateError(
                f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            ) from None


def pseudo_parameters(*, account: str, region: str, partition: str, stack_name: str, stack_id: str) -> dict[str, Any]:
    """The `AWS::…` names; https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html"""
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": partition,
        "AWS::StackName": stack_name,
        "AWS::StackId": stack_id,
        "AWS::URLSuffix": suffix,
        "AWS::NotificationARNs": [],
    }


def resolve(value: Any, scope: Scope) -> Any:
    """`value` with every intrinsic function evaluated; keys and items that are AWS::NoValue are left out."""
    if isinstance(value, list):
        return [item for item in (resolve(item, scope) for item in value) if item is not _NO_VALUE]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((key, argument),) = value.items()
        if key in _FUNCTIONS:
            return _FUNCTIONS[key](argument, scope)
    resolved = ((key, resolve(item, scope)) for key, item in value.items())
    return {key: item for key, item in resolved if item is not _NO_VALUE}


def _get_att(argument: Any, scope: Scope) -> Any:
    return scope.attribute(*attribute_reference(argument))


def _sub(argument: Any, scope: Scope) -> str:
    text, own = (argument[0], resolve(argument[1], scope)) if isinstance(argument, list) else (argument, {})

    def replacement(match: re.Match[str]) -> str:
        name = match.group(1)
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if name in own:
            return str(own[name])
        resource, _, attribute = name.partition(".")
        return str(scope.attribute(resource, attribute) if attribute else scope.ref(name))

    return re.sub(r"\$\{([^}]+)\}", replacement, text)


def _join(argument: Any, scope: Scope) -> str:
    delimiter, items = argument
    return str(delimiter).join(str(item) for item in resolve(items, scope))


def _select(argument: Any, scope: Scope) -> Any:
    index, items = resolve(argument, scope)
    try:
        return items[int(index)]
    except IndexError:
        raise TemplateError(
            "Template error: Fn::Select cannot select nonexistent value at index " + str(index)
        ) from None


def _split(argument: Any, scope: Scope) -> list[str]:
    delimiter, text = resolve(argument, scope)
    return str(text).split(delimiter)


_FUNCTIONS = {
    "Ref": lambda argument, scope: scope.ref(argument),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
}


def parameter_values(declared: Mapping[str, Mapping[str, Any]], requested: Mapping[str, str]) -> dict[str, str]:
    """The value of each declared parameter; raises TemplateError for a missing, unknown or disallowed one."""
    if unknown := sorted(requested.keys() - declared.keys()):
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {name: item.get("Default") for name, item in declared.items()}
    values |= requested
    if missing := sorted(name for name, value in values.items() if value is None):
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, item in declared.items():
        if "AllowedValues" in item and values[name] not in [str(value) for value in item["AllowedValues"]]:
            raise TemplateError(f"Parameter '{name}' must be one of AllowedValues")
        if "AllowedPattern" in item and not re.fullmatch(item["AllowedPattern"], str(values[name])):
            raise TemplateError(f"Parameter '{name}' must match pattern {item['AllowedPattern']}")
    return {name: str(value) for name, value in values.items()}

"""Lifecycle policies that ECR refuses; moto (5.2.5) lacks the archive and most checks across rules.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html has the properties,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html the rules of the archive.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from aws_org_sandbox.ecr.rules import check_length, refuse

MAX_RULES: Final = 50
MAX_WILDCARDS: Final = 4
MIN_DAYS_IN_ARCHIVE: Final = 90

_ACTIONS: Final = {
    "imageCountMoreThan": ("expire", "transition"),
    "sinceImagePushed": ("expire", "transition"),
    "sinceImagePulled": ("transition",),
    "sinceImageTransitioned": ("expire",),
}
"""Count types, and the actions allowed for the images that they count."""
_TAG_STATUSES: Final = ("any", "tagged", "untagged")
_TAG_LISTS: Final = ("tagPatternList", "tagPrefixList")
_SELECTION: Final = ("tagStatus", "countType", "countNumber")


def check_lifecycle_policy(text: str) -> None:
    """Refuse a policy for its first error, with ECR's message if known."""
    check_length("LifecyclePolicyText", text, least=100, most=30_720)
    for problem in _problems(text):
        raise refuse("LifecyclePolicyText", f"Lifecycle policy validation failure: {problem}")


def _problems(text: str) -> Iterator[str]:
    """Only the first is used: later checks assume that earlier ones passed."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        yield "Could not map policyString into LifecyclePolicy."
        return
    if not isinstance(rules := document.get("rules"), list):
        yield 'object has missing required properties (["rules"])'
        return
    if not 1 <= len(rules) <= MAX_RULES:
        yield f"rules must have 1 to {MAX_RULES} elements but instance has {len(rules)}"
    for rule in rules:
        yield from _rule_problems(rule)
    yield from _problems_between(rules)


def _rule_problems(rule: Any) -> Iterator[str]:
    yield from _object_problems(rule, required=("rulePriority", "selection", "action"), optional=("description",))
    yield from _count_problems("rulePriority", rule["rulePriority"])
    if not isinstance(rule.get("description", ""), str):
        yield "description must be a string"
    selection, action = rule["selection"], rule["action"]
    optional = (*_TAG_LISTS, "storageClass", "countUnit")
    yield from _object_problems(selection, required=_SELECTION, optional=optional)
    yield from _object_problems(action, required=("type",), optional=("targetStorageClass",))
    yield from _enum_problems(selection["tagStatus"], _TAG_STATUSES)
    yield from _enum_problems(selection["countType"], _ACTIONS)
    yield from _tag_problems(selection)
    yield from _selection_problems(selection)
    yield from _action_problems(action, str(selection["countType"]))


def _tag_problems(selection: Mapping[str, Any]) -> Iterator[str]:
    lists = [name for name in _TAG_LISTS if name in selection]
    if selection["tagStatus"] == "tagged" and len(lists) != 1:
        yield "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED."
    if selection["tagStatus"] != "tagged" and lists:
        yield f"{lists[0]} is allowed only when tagStatus=TAGGED."
    for name in lists:
        values = selection[name]
        if not isinstance(values, list) or not values or not all(isinstance(value, str) and value for value in values):
            yield f"{name} must be a list of strings"
        elif name == "tagPatternList" and any(value.count("*") > MAX_WILDCARDS for value in values):
            yield f"a tag pattern must have at most {MAX_WILDCARDS} wildcards"


def _selection_problems(selection: Mapping[str, Any]) -> Iterator[str]:
    count_type, number = selection["countType"], selection["countNumber"]
    yield from _count_problems("countNumber", number)
    if ("countUnit" in selection) == (count_type == "imageCountMoreThan"):
        yield "instance failed to match exactly one schema (matched 0 out of 2)"
    yield from _enum_problems(selection.get("countUnit", "days"), ("days",))
    archived = count_type == "sinceImageTransitioned"
    if archived and "storageClass" not in selection:
        yield 'object has missing required properties (["storageClass"])'
    yield from _enum_problems(_storage_class(selection), ("archive",) if archived else ("standard",))
    if archived and number < MIN_DAYS_IN_ARCHIVE:
        yield f"numeric instance is lower than the required minimum (minimum: {MIN_DAYS_IN_ARCHIVE}, found: {number})"


def _action_problems(action: Mapping[str, Any], count_type: str) -> Iterator[str]:
    yield from _enum_problems(action["type"], _ACTIONS[count_type])
    if (action["type"] == "transition") != ("targetStorageClass" in action):
        yield "targetStorageClass is required if, and only if, the action's type is transition"
    yield from _enum_problems(action.get("targetStorageClass", "archive"), ("archive",))


def _problems_between(rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    priorities = [rule["rulePriority"] for rule in rules]
    if len(set(priorities)) != len(priorities):
        yield "rulePriority must be unique"
    for storage_class in ("standard", "archive"):
        selecting = [rule for rule in rules if _storage_class(rule["selection"]) == storage_class]
        in_order = sorted(selecting, key=lambda rule: int(rule["rulePriority"]))
        statuses = [rule["selection"]["tagStatus"] for rule in in_order]
        if statuses.count("untagged") > 1:
            yield "Only one rule can select Untagged images per storage class."
        if "any" in statuses[:-1]:
            yield "Rule for tagStatus=ANY must have the lowest priority per storage class."


def _storage_class(selection: Mapping[str, Any]) -> Any:
    return selection.get("storageClass", "standard")


def _object_problems(value: Any, *, required: Collection[str], optional: Collection[str]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f'instance type ({_type(value)}) does not match any allowed primitive type (allowed: ["object"])'
        return
    if missing := sorted(set(required) - value.keys()):
        yield f"object has missing required properties ({json.dumps(missing)})"
    if unknown := sorted(value.keys() - {*required, *optional}):
        yield f"object instance has properties which are not allowed by the schema: ({json.dumps(unknown)})"


def _enum_problems(value: Any, allowed: Collection[str]) -> Iterator[str]:
    if value not in list(allowed):
        yield f"instance value ({json.dumps(value)}) not found in enum (possible values: {json.dumps(list(allowed))})"


def _count_problems(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield f'{name}: instance type ({_type(value)}) does not match any allowed primitive type (allowed: ["integer"])'
    elif value < 1:
        yield f"numeric instance is lower than the required minimum (minimum: 1, found: {value})"


def _type(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")

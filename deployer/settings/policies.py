"""Requirements of ECR on lifecycle policies that can be checked without calling ECR.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html.
Requirements of the archive are in https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html.
Each check gives the location and the problem.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import TypeGuard

from deployer.settings.yaml_source import KeyPath

Found = Iterator[tuple[KeyPath, str]]

TAG_STATUSES = ("tagged", "untagged", "any")
COUNT_TYPES = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
ACTIONS = ("expire", "transition")
ONLY_ACTIONS = {"sinceImagePulled": "transition", "sinceImageTransitioned": "expire"}
STORAGE_CLASSES = ("standard", "archive")
TAG_LISTS = ("tagPrefixList", "tagPatternList")
RULE_KEYS = ("rulePriority", "description", "selection", "action")
SELECTION_KEYS = ("tagStatus", *TAG_LISTS, "storageClass", "countType", "countUnit", "countNumber")
ACTION_KEYS = ("type", "targetStorageClass")
MOST_WILDCARDS = 4
MOST_RULES = 50
LEAST_DAYS_IN_ARCHIVE = 90


def check_lifecycle_policy(policy: Mapping[str, object]) -> Found:
    """Rules with unique priorities, a valid selection and an action."""
    rules = policy.get("rules")
    if not isinstance(rules, list) or not rules:
        yield ("rules",), "a lifecycle policy has a list of rules, at least one"
        return
    if len(rules) > MOST_RULES:
        yield ("rules",), f"{len(rules)} rules; ECR accepts at most {MOST_RULES}"
    priorities: set[int] = set()
    for index, rule in enumerate(rules):
        at: KeyPath = ("rules", index)
        if not isinstance(rule, Mapping):
            yield at, "a rule is an object"
            continue
        yield from _unknown_keys(rule, RULE_KEYS, at)
        priority = rule.get("rulePriority")
        if not _is_count(priority):
            yield (*at, "rulePriority"), "each rule has a rulePriority, a whole number from 1"
        elif priority in priorities:
            yield (*at, "rulePriority"), f"another rule has priority {priority}; ECR requires unique priorities"
        else:
            priorities.add(priority)
        if not isinstance(rule.get("description", ""), str):
            yield (*at, "description"), "a description is a string"
        yield from _check_selection(rule.get("selection"), (*at, "selection"))
        yield from _check_action(rule.get("action"), (*at, "action"))
        yield from _check_archive(rule, at)
    yield from _check_one_for_untagged(rules)
    yield from _check_any_is_last(rules)


def _check_selection(selection: object, at: KeyPath) -> Found:
    if not isinstance(selection, Mapping):
        yield at, "each rule has a selection"
        return
    yield from _unknown_keys(selection, SELECTION_KEYS, at)
    status, count_type = selection.get("tagStatus"), selection.get("countType")
    if status not in TAG_STATUSES:
        yield (*at, "tagStatus"), "tagStatus is " + ", ".join(TAG_STATUSES)
    filters = [key for key in TAG_LISTS if key in selection]
    if status == "tagged" and len(filters) != 1:
        yield at, "tagStatus tagged requires either a tagPrefixList or a tagPatternList"
    if status in ("untagged", "any") and filters:
        yield (*at, filters[0]), f"{filters[0]} requires tagStatus tagged"
    for key in filters:
        yield from _check_tag_list(selection[key], (*at, key))
    if count_type not in COUNT_TYPES:
        yield (*at, "countType"), "countType is " + ", ".join(COUNT_TYPES)
    elif (count_type == "imageCountMoreThan") == ("countUnit" in selection):
        yield at, "countUnit (days) is required with the since… count types, and only with them"
    elif selection.get("countUnit", "days") != "days":
        yield (*at, "countUnit"), "countUnit must be days, the only unit of ECR"
    if not _is_count(selection.get("countNumber")):
        yield (*at, "countNumber"), "countNumber is a whole number from 1"


def _check_tag_list(listed: object, at: KeyPath) -> Found:
    if not isinstance(listed, list) or not listed:
        yield at, "a list of strings, at least one"
        return
    for index, item in enumerate(listed):
        if not isinstance(item, str) or not item:
            yield (*at, index), "must be a string"
        elif at[-1] == "tagPatternList" and item.count("*") > MOST_WILDCARDS:
            yield (*at, index), f"{item.count('*')} wildcards; ECR accepts at most {MOST_WILDCARDS} in a pattern"


def _check_action(action: object, at: KeyPath) -> Found:
    if not isinstance(action, Mapping) or action.get("type") not in ACTIONS:
        yield at, "the type of an action is " + " or ".join(ACTIONS)
        return
    yield from _unknown_keys(action, ACTION_KEYS, at)
    if action["type"] == "transition" and action.get("targetStorageClass") != "archive":
        yield at, "a transition has a targetStorageClass, and it is archive"
    if action["type"] == "expire" and "targetStorageClass" in action:
        yield (*at, "targetStorageClass"), "targetStorageClass requires type transition"


def _unknown_keys(value: Mapping[str, object], known: Collection[str], at: KeyPath) -> Found:
    """ECR refuses keys that it does not know."""
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else "known here: " + ", ".join(known)
            yield (*at, key), f"unknown key, which ECR refuses; {hint}"


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _check_archive(rule: Mapping[str, object], at: KeyPath) -> Found:
    """Archived images have a count type, a storage class and actions of their own."""
    count_type, storage_class = _selected(rule, "countType"), _selected(rule, "storageClass", "standard")
    action = rule.get("action")
    if count_type not in COUNT_TYPES or not isinstance(action, Mapping):
        return
    archived = count_type == "sinceImageTransitioned"
    if storage_class not in STORAGE_CLASSES or archived != (storage_class == "archive"):
        yield (*at, "selection"), "storageClass archive and countType sinceImageTransitioned require each other"
    only = ONLY_ACTIONS.get(count_type)
    if only and action.get("type") in ACTIONS and action["type"] != only:
        yield (*at, "action", "type"), f"with countType {count_type}, ECR accepts only the action {only}"
    days = _selected(rule, "countNumber")
    if archived and _is_count(days) and days < LEAST_DAYS_IN_ARCHIVE:
        yield (
            (*at, "selection", "countNumber"),
            f"archived images are kept for at least {LEAST_DAYS_IN_ARCHIVE} days, not {days}",
        )


def _check_one_for_untagged(rules: list[object]) -> Found:
    seen: list[object] = []
    for index, rule in enumerate(rules):
        if _selected(rule, "tagStatus") == "untagged":
            storage_class = _selected(rule, "storageClass", "standard")
            if storage_class in seen:
                yield ("rules", index, "selection"), "ECR accepts one rule for tagStatus untagged in each storage class"
            seen.append(storage_class)


def _check_any_is_last(rules: list[object]) -> Found:
    """ECR requires the rule for tagStatus any to have the highest priority number of those for its storage class."""
    known = [rule for rule in rules if isinstance(rule, Mapping) and _is_count(rule.get("rulePriority"))]
    for index, rule in enumerate(rules):
        if rule not in known or _selected(rule, "tagStatus") != "any":
            continue
        storage_class = _selected(rule, "storageClass", "standard")
        comparable = [item for item in known if _selected(item, "storageClass", "standard") == storage_class]
        if rule["rulePriority"] < max(item["rulePriority"] for item in comparable):
            location: KeyPath = ("rules", index, "rulePriority")
            yield (
                location,
                f"a rule for tagStatus any has the highest rulePriority of all for storage class {storage_class}",
            )


def _selected(rule: object, key: str, default: object = None) -> object:
    """A value of the selection of a rule, or the default."""
    selection = rule.get("selection") if isinstance(rule, Mapping) else None
    return selection.get(key, default) if isinstance(selection, Mapping) else default

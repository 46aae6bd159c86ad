"""Lifecycle policies that ECR accepts and refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.core.exceptions import ServiceException

from aws_org_sandbox.ecr.lifecycle_policies import check_lifecycle_policy

EXPIRE: dict[str, Any] = {"type": "expire"}
TRANSITION: dict[str, Any] = {"type": "transition", "targetStorageClass": "archive"}
PULLED: dict[str, Any] = {"countType": "sinceImagePulled", "countUnit": "days", "countNumber": 90}
PUSHED = PULLED | {"countType": "sinceImagePushed"}
ARCHIVED = PULLED | {"countType": "sinceImageTransitioned", "storageClass": "archive"}
TAGGED: dict[str, Any] = {"tagStatus": "tagged", "tagPrefixList": ["v"]}
ANY: dict[str, Any] = {"tagStatus": "any"}


def rule(priority: int = 1, *, action: Any = EXPIRE, **selection: Any) -> dict[str, Any]:
    stated = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1} | selection
    return {"rulePriority": priority, "description": "x" * 100, "selection": stated, "action": action}


def policy(*rules: Any) -> str:
    return json.dumps({"rules": rules})


def without(key: str, selection: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in selection.items() if name != key}


ACCEPTED = [
    pytest.param(policy(rule()), id="untagged by number"),
    pytest.param(policy(rule(storageClass="standard")), id="the standard class by name"),
    pytest.param(policy(rule(**TAGGED)), id="tagged by a prefix"),
    pytest.param(policy(rule(tagStatus="tagged", tagPatternList=["*a*b*c*"])), id="tagged by four wildcards"),
    pytest.param(policy(rule(**PUSHED), rule(2, **ANY)), id="untagged by age, then any"),
    pytest.param(policy(rule(1, **TAGGED), rule(2, **TAGGED)), id="tagged twice"),
    pytest.param(policy(rule(action=TRANSITION, **PULLED)), id="to the archive when not pulled"),
    pytest.param(policy(rule(action=TRANSITION, **PUSHED)), id="to the archive by age"),
    pytest.param(policy(rule(action=TRANSITION)), id="to the archive by number"),
    pytest.param(policy(rule(**ARCHIVED)), id="out of the archive"),
    pytest.param(
        policy(rule(1, action=TRANSITION, **ANY, **PULLED), rule(2, **ANY, **ARCHIVED)), id="any in either class"
    ),
    pytest.param(policy(rule(1, action=TRANSITION, **PULLED), rule(2, **ARCHIVED)), id="untagged in either class"),
    pytest.param(policy(*(rule(number, **TAGGED) for number in range(1, 51))), id="fifty rules"),
]
REFUSED = [
    pytest.param('{"rules": []}' + " " * 100, "1 to 50 elements", id="an empty list of rules"),
    pytest.param(policy(*(rule(number, **TAGGED) for number in range(1, 52))), "1 to 50 elements", id="51 rules"),
    pytest.param('{"rule": []}' + " " * 100, r'required properties \(\["rules"\]\)', id="missing rules"),
    pytest.param(policy("x" * 100), 'allowed: \\["object"\\]', id="a rule that is not an object"),
    pytest.param(policy(rule(), {"rulePriority": 2}), r'\["action", "selection"\]', id="an incomplete rule"),
    pytest.param(policy(rule() | {"priority": 1}), r'not allowed by the schema: \(\["priority"\]\)', id="unknown key"),
    pytest.param(policy(rule(age=1)), r'not allowed by the schema: \(\["age"\]\)', id="unknown key of a selection"),
    pytest.param(policy(rule(action="expire")), 'allowed: \\["object"\\]', id="an action that is not an object"),
    pytest.param(policy(rule(action={"type": "delete"})), r'"delete"\) not found in enum', id="unknown action"),
    pytest.param(policy(rule(tagStatus="all")), r'"all"\) not found in enum', id="unknown status"),
    pytest.param(policy(rule(countType=["x"])), "not found in enum", id="a list as count type"),
    pytest.param(policy(rule(countNumber=0)), "minimum: 1, found: 0", id="a number of 0"),
    pytest.param(policy(rule(countNumber=True)), "type .boolean.", id="a number that is not an integer"),
    pytest.param(policy(rule(1), rule(1)), "rulePriority must be unique", id="a duplicate priority"),
    pytest.param(policy(rule(tagStatus="tagged")), "Must specify tagPrefixList or tagPatternList", id="no prefixes"),
    pytest.param(policy(rule(tagPrefixList=["v"])), "only when tagStatus=TAGGED", id="prefixes for untagged images"),
    pytest.param(policy(rule(tagPrefixList=[])), "only when tagStatus=TAGGED", id="no prefixes for untagged images"),
    pytest.param(policy(rule(**TAGGED, tagPatternList=["v*"])), "Must specify", id="prefixes and patterns together"),
    pytest.param(policy(rule(tagStatus="tagged", tagPrefixList=[])), "list of strings", id="an empty list"),
    pytest.param(policy(rule(tagStatus="tagged", tagPatternList=["*a*b*c*d*"])), "4 wildcards", id="five wildcards"),
    pytest.param(policy(rule(countType="sinceImagePushed")), "matched 0 out of 2", id="an age without a unit"),
    pytest.param(policy(rule(countUnit="days")), "matched 0 out of 2", id="a number with a unit"),
    pytest.param(policy(rule(**PUSHED | {"countUnit": "hours"})), r'"hours"\) not found in enum', id="hours"),
    pytest.param(policy(rule(**PULLED)), r'"expire"\) not found in enum', id="deleted when not pulled"),
    pytest.param(policy(rule(action=TRANSITION, **ARCHIVED)), r'"transition"\) not found', id="archived twice"),
    pytest.param(policy(rule(**without("storageClass", ARCHIVED))), r'\(\["storageClass"\]\)', id="an unknown class"),
    pytest.param(policy(rule(storageClass="archive")), r'"archive"\) not found in enum', id="the archive by number"),
    pytest.param(policy(rule(**ARCHIVED | {"countNumber": 89})), "minimum: 90, found: 89", id="89 days in the archive"),
    pytest.param(policy(rule(action={"type": "transition"})), "targetStorageClass is required", id="no target class"),
    pytest.param(policy(rule(action=EXPIRE | {"targetStorageClass": "archive"})), "only if", id="a target to delete"),
    pytest.param(
        policy(rule(1), rule(2, **PUSHED)), "Only one rule can select Untagged images per", id="two for untagged"
    ),
    pytest.param(
        policy(rule(1, **ANY), rule(2)), "tagStatus=ANY must have the lowest priority per", id="any before the last"
    ),
    pytest.param(
        policy(rule(1, action=TRANSITION, **ANY, **PULLED), rule(2, **ANY)), "lowest priority per", id="two for any"
    ),
]  # fmt: skip


@pytest.mark.parametrize("text", ACCEPTED)
def test_policies_that_ecr_accepts(text: str) -> None:
    check_lifecycle_policy(text)


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_policies_that_ecr_refuses(text: str, message: str) -> None:
    with pytest.raises(ServiceException, match=f"Lifecycle policy validation failure: .*{message}"):
        check_lifecycle_policy(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{"rules": []}', "greater than or equal to 100", id="below 100 characters"),
        pytest.param(policy(rule()) + " " * 30_720, "less than or equal to 30720", id="above 30,720 characters"),
        pytest.param("x" * 100, "Could not map policyString", id="invalid JSON"),
    ],
)
def test_strings_that_are_not_a_policy(text: str, message: str) -> None:
    with pytest.raises(ServiceException, match=message):
        check_lifecycle_policy(text)

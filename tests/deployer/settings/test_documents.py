# ruff: noqa: E501 - tables of messages read best with each row whole
from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.settings import load, read
from tests.deployer.settings.conftest import Write

RULE: dict[str, Any] = {
    "rulePriority": 1,
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
    "action": {"type": "expire"},
}
STATEMENT: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}


UNTAGGED = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}
ARCHIVED = {
    "tagStatus": "any",
    "storageClass": "archive",
    "countType": "sinceImageTransitioned",
    "countUnit": "days",
    "countNumber": 90,
}


def _problems(write: Write, text: str, *, key: str = "lifecycle_policy") -> list[str]:
    write("ous/prod.yaml", f"ou: Workloads/Prod\nrepository: {{{key}: policies/p.json}}\n")
    folder = write("policies/p.json", text)
    return [str(found).partition("policies/p.json:")[2] for found in read(folder)[1]]


def _lifecycle(**changes: Any) -> str:
    selection = RULE["selection"] | changes.pop("selection", {})
    return json.dumps({"rules": [RULE | {"selection": selection} | changes]})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "{", "1:2: not JSON: Expecting property name enclosed in double quotes", id="an incomplete object"
        ),
        pytest.param("[]", "1:1: a policy is a JSON object: { … }", id="a list"),
        pytest.param("", "1:1: not JSON: Expecting value", id="an empty file"),
        pytest.param('{"a": 1,\n\t"a": 2}', "2:2: a: duplicate key, first in line 1", id="a duplicate key"),
        pytest.param('{"a": NaN}', "1:1: not usable as JSON: NaN is not JSON", id="NaN"),
        pytest.param(
            '{"rules":[]}', "1:1: 12 characters; ECR accepts no lifecycle policy of fewer than 100", id="too short"
        ),
    ],
)
def test_json_that_ecr_would_refuse_is_refused(write: Write, text: str, problem: str) -> None:
    assert problem in _problems(write, text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(_lifecycle(), None, id="a valid policy"),
        pytest.param(_lifecycle(rulePriority=0), "each rule has a rulePriority, a whole number from 1", id="priority 0"),
        pytest.param(
            json.dumps({"rules": [RULE, RULE]}), "another rule has priority 1; ECR requires unique priorities", id="a duplicate priority"
        ),
        pytest.param(
            _lifecycle(selection={"tagStatus": "all"}), "tagStatus is tagged, untagged, any", id="unknown status"
        ),
        pytest.param(
            _lifecycle(selection={"tagStatus": "tagged"}),
            "tagStatus tagged requires either a tagPrefixList or a tagPatternList",
            id="tagged without a list",
        ),
        pytest.param(
            _lifecycle(selection={"tagPrefixList": ["v"]}),
            "tagPrefixList requires tagStatus tagged",
            id="a list without tagged",
        ),
        pytest.param(
            _lifecycle(selection={"countType": "sinceImagePushed"}),
            "countUnit (days) is required with the since… count types, and only with them",
            id="days without a unit",
        ),
        pytest.param(_lifecycle(selection={"countNumber": 0}), "countNumber is a whole number from 1", id="count of 0"),
        pytest.param(
            _lifecycle(action={"type": "delete"}), "the type of an action is expire or transition", id="unknown action"
        ),
        pytest.param(
            json.dumps({"rules": [RULE, RULE | {"rulePriority": 2, "selection": RULE["selection"] | {"tagStatus": "untagged"}}]}),
            "a rule for tagStatus any has the highest rulePriority of all for storage class standard",
            id="any before another",
        ),
        pytest.param(_lifecycle(rulePriority=True), "each rule has a rulePriority, a whole number from 1", id="true as a priority"),
        pytest.param(_lifecycle(selection={"tagStatus": ["any"]}), "tagStatus is tagged, untagged, any", id="a list as status"),
        pytest.param(_lifecycle(descripton="x"), "unknown key, which ECR refuses; did you mean description?", id="a typo in a rule"),
        pytest.param(_lifecycle(selection={"countNumbr": 1}), "unknown key, which ECR refuses; did you mean countNumber?", id="a typo in a selection"),
        pytest.param(_lifecycle(description=1), "a description is a string", id="a number as description"),
        pytest.param(
            _lifecycle(selection={"countType": "sinceImagePushed", "countUnit": "hours"}), "countUnit must be days, the only unit of ECR", id="hours"
        ),
        pytest.param(
            _lifecycle(selection={"tagStatus": "tagged", "tagPatternList": ["*a*b*c*d*"]}),
            "5 wildcards; ECR accepts at most 4 in a pattern",
            id="five wildcards",
        ),
        pytest.param(
            _lifecycle(selection={"tagStatus": "tagged", "tagPrefixList": "v"}), "a list of strings, at least one", id="a string as list"
        ),
        pytest.param(_lifecycle(action={"type": "transition"}), "a transition has a targetStorageClass, and it is archive", id="a transition without a target"),
        pytest.param(
            _lifecycle(action={"type": "transition", "targetStorageClass": "archive"}), None, id="to the archive"
        ),
        pytest.param(
            json.dumps({"rules": [RULE | {"rulePriority": number + 1, "selection": UNTAGGED} for number in range(2)]}),
            "ECR accepts one rule for tagStatus untagged in each storage class",
            id="two rules for untagged images",
        ),
        pytest.param(
            _lifecycle(selection={"countType": "sinceImagePulled", "countUnit": "days"}),
            "with countType sinceImagePulled, ECR accepts only the action transition",
            id="deleted because it was not pulled",
        ),
        pytest.param(
            _lifecycle(selection=ARCHIVED | {"countNumber": 89}), "archived images are kept for at least 90 days, not 89", id="out of the archive too early"
        ),
        pytest.param(
            _lifecycle(selection={"storageClass": "archive"}),
            "storageClass archive and countType sinceImageTransitioned require each other",
            id="the archive's images by number",
        ),
        pytest.param(_lifecycle(selection=ARCHIVED), None, id="out of the archive"),
    ],
)  # fmt: skip
def test_a_lifecycle_policy_is_checked_by_ecrs_rules(write: Write, text: str, problem: str | None) -> None:
    messages = [line.rpartition(": ")[2] for line in _problems(write, text)]
    assert messages == ([] if problem is None else [problem])


def test_problems_of_a_policy_are_reported_at_their_line(write: Write) -> None:
    text = json.dumps({"rules": [RULE | {"action": {"type": "delete"}}]}, indent="\t")
    assert _problems(write, text) == ["10:14: rules[0].action: the type of an action is expire or transition"]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        pytest.param({"Statement": [STATEMENT]}, None, id="a valid policy"),
        pytest.param({"Statement": STATEMENT}, None, id="one statement without a list"),
        pytest.param({}, "a repository policy has a Statement, at least one", id="no statement"),
        pytest.param(
            {"Statement": [STATEMENT | {"Effect": "allow"}]}, "Effect is Allow or Deny", id="an effect in lower case"
        ),
        pytest.param(
            {"Statement": [{"Effect": "Allow", "Action": "ecr:*"}]},
            "a statement of a repository policy names a Principal",
            id="no principal",
        ),
        pytest.param(
            {"Statement": [{"Effect": "Allow", "Principal": "*"}]}, "a statement names an Action", id="no action"
        ),
        pytest.param(
            {"Statement": [STATEMENT | {"Effect": ["Allow"]}]}, "Effect is Allow or Deny", id="a list as effect"
        ),
        pytest.param(
            {"Statement": [STATEMENT | {"Resource": "*"}]},
            "ECR accepts no Resource in a repository policy, which always applies to its own repository",
            id="a resource",
        ),
        pytest.param({"Statement": [STATEMENT | {"Action": ["ecr:*", "*"]}]}, None, id="every action"),
        pytest.param(
            {"Statement": [STATEMENT | {"Action": ["ecr:BatchGetImage", "s3:GetObject"]}]},
            "s3:GetObject is not an action of ECR, and a repository policy accepts no others",
            id="an action of another service",
        ),
    ],
)
def test_a_repository_policy_is_checked_by_ecrs_rules(write: Write, document: Any, problem: str | None) -> None:
    messages = [line.rpartition(": ")[2] for line in _problems(write, json.dumps(document), key="repository_policy")]
    assert messages == ([] if problem is None else [problem])


def test_limits_are_those_of_the_minified_text(write: Write) -> None:
    wide = json.dumps({"Statement": [STATEMENT | {"Sid": "x" * 10_000}]}, indent=400)
    assert _problems(write, wide, key="repository_policy") == []
    long = json.dumps({"Statement": [STATEMENT | {"Sid": "x" * 10_240}]})
    (problem,) = _problems(write, long, key="repository_policy")
    assert "ECR accepts at most 10,240 for a repository policy" in problem


def test_a_policy_is_minified(write: Write) -> None:
    write("ous/prod.yaml", "ou: Workloads/Prod\nrepository: {lifecycle_policy: policies/p.json}\n")
    folder = write("policies/p.json", json.dumps(json.loads(_lifecycle()), indent=4))
    text = load(folder).documents["policies/p.json"].text
    assert text == json.dumps(json.loads(_lifecycle()), separators=(",", ":"))

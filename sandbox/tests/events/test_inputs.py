"""What a target receives of an event: paths, constants and templates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_org_sandbox.events.inputs import InputError, shape

EVENT = {
    "id": "e-1",
    "time": "2026-01-02T03:04:05Z",
    "detail": {"name": 'team-"a"', "count": 2, "list": [{"key": "x"}], "dotted.name": True},
}
RULE = "arn:aws:events:eu-west-1:200000000001:rule/central/all"


def shaped(target: dict[str, Any]) -> Any:
    return json.loads(shape(EVENT, target, rule_arn=RULE, ingestion_time="now"))


def template(text: str, **paths: str) -> dict[str, Any]:
    return {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": text}}


@pytest.mark.parametrize(
    ("target", "payload"),
    [
        pytest.param({}, EVENT, id="the whole event"),
        pytest.param({"Input": '{"a": 1}'}, {"a": 1}, id="a constant"),
        pytest.param({"InputPath": "$"}, EVENT, id="the path to the whole event"),
        pytest.param({"InputPath": "$.detail.count"}, 2, id="the path to a value"),
        pytest.param({"InputPath": "$.detail.list[0].key"}, "x", id="an element of an array"),
        pytest.param({"InputPath": "$.detail['dotted.name']"}, True, id="a name with a dot"),
        pytest.param({"InputPath": "$.detail.gone"}, None, id="a missing value"),
        pytest.param(template('{"n": "<n>"}', n="$.id"), {"n": "e-1"}, id="a quoted string"),
        pytest.param(template('{"n": <n>}', n="$.detail.name"), {"n": 'team-"a"'}, id="a string that is not quoted"),
        pytest.param(template('"<n> is <m>."', n="$.id", m="$.detail.count"), "e-1 is 2.", id="values within a string"),
        pytest.param(template('"all: <n>"', n="$.detail.list"), "all: [{key: x}]", id="an array within a string"),
        pytest.param(template('{"n": <n>}', n="$.detail.count"), {"n": 2}, id="a number"),
        pytest.param(template('{"n": "<n>"}', n="$.gone"), {"n": ""}, id="a quoted placeholder without a value"),
        pytest.param(template('"<aws.events.rule-name>"'), "all", id="the rule's name"),
        pytest.param(template("<aws.events.event.json>"), EVENT, id="the event"),
    ],
)
def test_the_payload_of_a_target(target: dict[str, Any], payload: Any) -> None:
    assert shaped(target) == payload


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param({"InputPath": "detail"}, "must begin with", id="a path without a root"),
        pytest.param({"InputPath": "$.a[*]"}, "Invalid path", id="a wildcard in a path"),
        pytest.param(template('{"n": <n>}', n="$.gone"), "no JSON", id="a template with a missing value"),
        pytest.param(template('{"n": "<n>"}', n="$.detail.name"), "no JSON", id="an unescaped quote"),
    ],
)
def test_an_input_that_does_not_produce_json_is_an_error(target: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        shaped(target)

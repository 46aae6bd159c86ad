from __future__ import annotations

import json
from typing import Any

import pytest

from aws_org_sandbox.cloudformation.intrinsics import (
    KnownResource,
    Scope,
    parameter_values,
    pseudo_parameters,
    resolve,
)
from aws_org_sandbox.cloudformation.template import TemplateError, parse
from aws_org_sandbox.resources.shapes import KNOWN_AFTER_APPLY

QUEUE = {"Type": "AWS::SQS::Queue"}
SCOPE = Scope(
    pseudo=pseudo_parameters(
        account="111111111111", region="us-east-1", partition="aws", stack_name="stack", stack_id="arn:stack"
    ),
    parameters={"Prefix": "deployer"},
    resources={"Queue": KnownResource(physical_id="https://queue", attributes={"Arn": "arn:queue"})},
    pending=frozenset({"New"}),
)


def body(resources: Any, **sections: Any) -> str:
    return json.dumps({"Resources": resources, **sections})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("Resources: {}", "JSON not well-formed", id="not JSON"),
        pytest.param("[]", "unsupported structure", id="not an object"),
        pytest.param("{}", "At least one Resources member", id="no resources"),
        pytest.param(
            body({"A": QUEUE}, AWSTemplateFormatVersion="2020-01-01"), "not a supported", id="an unknown version"
        ),
        pytest.param(body({"A": QUEUE}, Description="d" * 1025), "greater than 1024", id="a long description"),
        pytest.param(body({f"A{number}": QUEUE for number in range(501)}), "allowed, 500", id="501 resources"),
        pytest.param(
            body({"A": QUEUE}, Parameters={"P": {"Type": "Strin"}}), "type: Strin", id="an unknown parameter type"
        ),
        pytest.param(body({"A": QUEUE}, Parameters={"P": {}}), "Type member", id="a parameter without a type"),
        pytest.param(
            body({"A": QUEUE}, Outputs={"a_b": {"Value": "x"}}), "Output name a_b", id="an invalid output name"
        ),
        pytest.param(body({"A": QUEUE}, Conditions={}), r"\[Conditions\]", id="a section that is not evaluated"),
        pytest.param(body({"A-B": QUEUE}), "non alphanumeric", id="an invalid logical id"),
        pytest.param(body({"A": {}}), "must contain a Type", id="no type"),
        pytest.param(body({"A": {**QUEUE, "UpdatePolicy": {}}}), "UpdatePolicy", id="an unknown attribute"),
        pytest.param(
            body({"A": {**QUEUE, "DeletionPolicy": "Keep"}}), "DeletionPolicy Keep", id="an unknown deletion policy"
        ),
        pytest.param(
            body({"A": {**QUEUE, "UpdateReplacePolicy": "RetainExceptOnCreate"}}),
            "UpdateReplacePolicy",
            id="a deletion policy for updates",
        ),
        pytest.param(body({"A": {**QUEUE, "DependsOn": "B"}}), r"Unresolved.*\[B\]", id="DependsOn a missing resource"),
        pytest.param(
            body({"A": {**QUEUE, "Properties": {"QueueName": {"Ref": "B"}}}}),
            r"Unresolved.*\[B\].*Resources",
            id="Ref to a missing resource",
        ),
        pytest.param(
            body({"A": {**QUEUE, "Properties": {"QueueName": {"Fn::Sub": "${B.Arn}"}}}}),
            r"Unresolved.*\[B\]",
            id="Sub with a missing resource",
        ),
        pytest.param(
            body({"A": QUEUE}, Outputs={"O": {"Value": {"Fn::GetAtt": ["B", "Arn"]}}}),
            r"\[B\].*Outputs",
            id="an output of a missing resource",
        ),
        pytest.param(
            body(
                {"A": {**QUEUE, "Properties": {"QueueName": {"Fn::Sub": "${P.Arn}"}}}},
                Parameters={"P": {"Type": "String"}},
            ),
            "Fn::GetAtt references undefined resource P",
            id="an attribute of a parameter",
        ),
        pytest.param(
            body({"A": QUEUE}, Outputs={"O": {"Value": "x", "Export": {"Name": "x"}}}), "Export", id="an export"
        ),
        pytest.param(
            body({"A": {**QUEUE, "Properties": {"QueueName": {"Fn::ImportValue": "x"}}}}),
            "Fn::ImportValue",
            id="an import",
        ),
        pytest.param(
            body({"A": {**QUEUE, "DependsOn": "B"}, "B": {**QUEUE, "DependsOn": ["A"]}}),
            r"Circular dependency between resources: \[A, B\]",
            id="a cycle",
        ),
    ],
)
def test_an_invalid_template_is_refused(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse(text)


def test_resources_are_ordered_by_dependency_and_otherwise_as_in_the_template() -> None:
    template = parse(
        body(
            {
                "Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue"}]}},
                "First": {**QUEUE, "DependsOn": "Last"},
                "Queue": QUEUE,
                "Last": {
                    **QUEUE,
                    "Properties": {"QueueName": {"Fn::Sub": ["${x}", {"x": {"Fn::GetAtt": "Queue.Arn"}}]}},
                },
            }
        )
    )
    order = template.order
    assert set(order) == {"Policy", "First", "Queue", "Last"}
    assert order.index("Queue") < order.index("Last") < order.index("First")
    assert order.index("Queue") < order.index("Policy")


@pytest.mark.parametrize(
    ("resources", "capabilities"),
    [
        pytest.param({"A": QUEUE}, set(), id="none"),
        pytest.param({"A": {"Type": "AWS::IAM::Role", "Properties": {}}}, {"CAPABILITY_IAM"}, id="a role"),
        pytest.param(
            {"A": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "x"}}},
            {"CAPABILITY_NAMED_IAM"},
            id="a named role",
        ),
    ],
)
def test_iam_resources_determine_the_capabilities(resources: Any, capabilities: set[str]) -> None:
    assert parse(body(resources)).capabilities == capabilities


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"Ref": "Queue"}, "https://queue", id="Ref of a resource"),
        pytest.param({"Ref": "Prefix"}, "deployer", id="Ref of a parameter"),
        pytest.param({"Ref": "AWS::Region"}, "us-east-1", id="Ref of a pseudo parameter"),
        pytest.param({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue", id="GetAtt"),
        pytest.param({"Fn::GetAtt": "Queue.Arn"}, "arn:queue", id="GetAtt in one string"),
        pytest.param(
            {"Fn::Sub": "${AWS::AccountId}/${Queue.Arn}/${Prefix}"},
            "111111111111/arn:queue/deployer",
            id="Sub",
        ),
        pytest.param(
            {"Fn::Sub": ["${a}-${!Literal}", {"a": {"Ref": "Prefix"}}]},
            "deployer-${Literal}",
            id="Sub with its own variables",
        ),
        pytest.param({"Fn::Join": [":", ["a", {"Ref": "Prefix"}]]}, "a:deployer", id="Join"),
        pytest.param({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b", id="Select and Split"),
        pytest.param({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}, id="NoValue"),
        pytest.param({"Ref": "New"}, KNOWN_AFTER_APPLY, id="a value known after apply"),
        pytest.param(
            {"Ref": "Queue", "more": 1}, {"Ref": "Queue", "more": 1}, id="a mapping with two keys is not a function"
        ),
    ],
)
def test_functions_are_resolved(value: Any, expected: Any) -> None:
    assert resolve(value, SCOPE) == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"Fn::GetAtt": ["Queue", "Nothing"]}, id="an attribute that the type does not have"),
        pytest.param({"Ref": "Nothing"}, id="a missing name"),
        pytest.param({"Fn::Select": [3, ["a"]]}, id="an index past the end"),
        pytest.param({"Fn::GetAtt": ["Queue"]}, id="GetAtt without an attribute"),
    ],
)
def test_unresolvable_functions_are_an_error(value: Any) -> None:
    with pytest.raises(TemplateError):
        resolve(value, SCOPE)


def test_parameters_have_defaults_and_limits() -> None:
    declared: dict[str, dict[str, Any]] = {
        "A": {"Type": "String", "Default": "a"},
        "B": {"Type": "Number", "AllowedValues": [1, 2]},
        "C": {"Type": "String", "Default": "x1", "AllowedPattern": "x[0-9]"},
    }
    assert parameter_values(declared, {"B": "2"}) == {"A": "a", "B": "2", "C": "x1"}
    for given, message in (
        ({}, r"\[B\] must have values"),
        ({"B": "3"}, "AllowedValues"),
        ({"B": "1", "C": "y"}, "pattern"),
        ({"B": "1", "D": "y"}, r"\[D\] do not exist"),
    ):
        with pytest.raises(TemplateError, match=message):
            parameter_values(declared, given)

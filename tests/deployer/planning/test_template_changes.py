"""Two templates, compared resource by resource."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.planning.template_changes import is_same, template_changes
from deployer.stacks import ResourceChange


def _template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


_ROLE = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "a", "Path": "/"}}


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param(
            None,
            _template(Role=_ROLE),
            (ResourceChange(action="Add", logical_id="Role", type="AWS::IAM::Role"),),
            id="a new template adds everything",
        ),
        pytest.param(_template(Role=_ROLE), _template(Role=_ROLE), (), id="equal templates"),
        pytest.param(
            _template(Role=_ROLE),
            _template(),
            (ResourceChange(action="Remove", logical_id="Role", type="AWS::IAM::Role"),),
            id="a resource that is removed",
        ),
        pytest.param(
            _template(Role=_ROLE),
            _template(Role=_ROLE | {"Properties": {"RoleName": "b"}, "DeletionPolicy": "Retain"}),
            (
                ResourceChange(
                    action="Modify",
                    logical_id="Role",
                    type="AWS::IAM::Role",
                    details=("Path", "RoleName", "DeletionPolicy"),
                ),
            ),
            id="different properties and attributes are named",
        ),
        pytest.param(
            "AWSTemplateFormatVersion: yaml",
            _template(Role=_ROLE),
            (ResourceChange(action="Add", logical_id="Role", type="AWS::IAM::Role"),),
            id="a template of another tool",
        ),
    ],
)
def test_changes(before: str | None, after: str, changes: tuple[ResourceChange, ...]) -> None:
    assert template_changes(before, after) == changes


def test_formatting_and_order_make_no_difference() -> None:
    assert is_same('{"a": 1, "b": {"c": 2}}', '{"b":{"c":2},"a":1}')
    assert not is_same('{"a": 1}', '{"a": 2}')
    assert not is_same("a: 1", '{"a": 1}')

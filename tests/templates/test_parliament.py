"""Parliament's findings on the roles' policies: existing actions with suitable resources and condition keys."""

from __future__ import annotations

import json
import warnings
from types import ModuleType
from typing import Any

import pytest
from troposphere import Template

from templates.names import Names
from tests.templates.reading import Templates, resources
from tests.templates.resolving import Stack


@pytest.fixture(scope="module")
def parliament() -> ModuleType:
    """Its import leaves two of its data files open and uses `pkg_resources`, which is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import parliament  # noqa: PLC0415

        return parliament  # type: ignore[no-any-return]


def test_parliament_finds_nothing(parliament: ModuleType, templates: Templates, names: Names) -> None:
    """In no policy of any role of any template."""
    found = [
        f"{name} {logical_id}: {finding}"
        for name, template in templates.items()
        for logical_id, resource in resources(template).items()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in _deployed(template, names).resource(logical_id).get("Policies", [])
        for finding in findings(parliament, policy["PolicyDocument"])
    ]
    assert found == []


def _deployed(template: Template, names: Names) -> Stack:
    return Stack(template=template, account=names.central_account, region=names.central_region)


def test_parliament_would_find_a_mistake(parliament: ModuleType) -> None:
    statement = {"Effect": "Allow", "Action": "ecr:CreateRepositorys", "Resource": "*"}
    assert findings(parliament, {"Version": "2012-10-17", "Statement": [statement]}) != []


def findings(parliament: ModuleType, document: dict[str, Any]) -> list[str]:
    analyzed = parliament.analyze_policy_string(json.dumps(document))
    return [f"{finding.issue}: {finding.detail} {finding.location}" for finding in analyzed.findings]

"""Parliament's opinion on what roles may do: actions that exist, resources and condition keys that fit them."""

from __future__ import annotations

import json
import warnings
from types import ModuleType
from typing import Any

import pytest

from templates.names import Names
from tests.templates.reading import Templates
from tests.templates.resolving import Stack


@pytest.fixture(scope="module")
def parliament() -> ModuleType:
    """Its import leaves two files of its own data open, which is no concern of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        import parliament  # noqa: PLC0415

        return parliament  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("stack", "role"), [("central", "HandlerRole"), ("access", "CreatorRole"), ("access", "ForwardingRole")]
)
def test_parliament_finds_nothing(
    stack: str, role: str, parliament: ModuleType, templates: Templates, names: Names
) -> None:
    deployed = Stack(template=templates[stack], account=names.central_account, region=names.central_region)
    for policy in deployed.resource(role)["Policies"]:
        assert findings(parliament, policy["PolicyDocument"]) == []


def test_parliament_would_find_a_mistake(parliament: ModuleType) -> None:
    statement = {"Effect": "Allow", "Action": "ecr:CreateRepositorys", "Resource": "*"}
    assert findings(parliament, {"Version": "2012-10-17", "Statement": [statement]}) != []


def findings(parliament: ModuleType, document: dict[str, Any]) -> list[str]:
    analyzed = parliament.analyze_policy_string(json.dumps(document))
    return [f"{finding.issue}: {finding.detail} {finding.location}" for finding in analyzed.findings]

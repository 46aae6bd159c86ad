"""The merged statements of an operator policy allow no action on a resource of another service."""

from __future__ import annotations

from typing import Any

import pytest

from templates.permissions import BY_CLOUDFORMATION, VIA_CLOUDFORMATION
from tests.iam_simulate.installation import CENTRAL, NAMES
from tests.iam_simulate.judge import Call, is_installed, is_required, judge
from tests.operator_policies import operator_policy

pytestmark = pytest.mark.slow

if not is_installed() and not is_required():
    pytest.skip("the judge of IAM policies is not installed (make node)", allow_module_level=True)

CONTEXT = {key: [value] for condition in VIA_CLOUDFORMATION.values() for key, value in condition.items()}


def test_no_merged_action_applies_to_a_resource_of_another_service() -> None:
    merged = next(one for one in operator_policy(NAMES, "rollout")["Statement"] if one["Sid"] == BY_CLOUDFORMATION)
    policy = {"Version": "2012-10-17", "Statement": [merged]}
    resources: Any = merged["Resource"]
    of_service = {resource.split(":")[2]: resource.replace("*", "0") for resource in resources}
    actions = [action for action in merged["Action"] if "*" not in action]
    pairs = [(action, service) for action in actions for service in of_service]
    calls = [
        Call(
            principal=f"arn:aws:iam::{CENTRAL}:user/someone",
            action=action,
            resource=of_service[service],
            account=CENTRAL,
            context=CONTEXT,
            identity_policies=[policy],
        )
        for action, service in pairs
    ]
    verdicts = judge(calls)
    allowed = {pair for pair, one in zip(pairs, verdicts, strict=True) if not one.error and one.is_allowed}
    assert len(pairs) > 500
    assert {service for _, service in allowed} == of_service.keys()
    assert {(action, service) for action, service in allowed if action.partition(":")[0] != service} == set()

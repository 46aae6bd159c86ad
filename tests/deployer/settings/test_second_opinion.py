"""cfn-lint's rule for repository policies of ECR compared with ours: it must not refuse what we accept.

It is no dependency of `deployer`: it takes seconds, brings sympy, and names no line of a file. Nor is parliament,
which does not know policies of repositories, and imports what setuptools no longer has.
"""

from __future__ import annotations

import json
from typing import Any

from tests.deployer.settings.test_repository_policies import ACCEPTED, CASES, REFUSED

RULE = "E3513"
SESSIONS_OF_USERS = "federated-user"
"""IAM documents these principals; cfn-lint does not know them."""


def _found(policies: list[dict[str, Any]]) -> set[int]:
    """The indexes of the policies that cfn-lint refuses."""
    from cfnlint.api import ManualArgs, lint  # noqa: PLC0415 - takes 50 MB of each worker

    resources = {
        f"R{index}": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": policy}}
        for index, policy in enumerate(policies)
    }
    problems = lint(json.dumps({"Resources": resources}), config=ManualArgs(regions=["eu-west-1"]))
    return {int(str(problem.path[1])[1:]) for problem in problems if problem.rule.id == RULE}


def test_cfn_lint_refuses_nothing_that_validate_accepts_and_much_that_it_refuses() -> None:
    accepted = [policy for policy in ACCEPTED if SESSIONS_OF_USERS not in json.dumps(policy)]
    assert len(accepted) == len(ACCEPTED) - 1
    cases = [json.loads(file.read_text()) for file in sorted(CASES.glob("*.json")) if file.stem != "no-such-action"]
    refused = [*(row.values[0] for row in REFUSED), *cases]
    found = _found([*accepted, *refused])
    assert {index for index in found if index < len(accepted)} == set()
    assert len(found) > len(refused) / 2

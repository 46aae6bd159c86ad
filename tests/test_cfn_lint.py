"""cfn-lint about our templates, about those that we print, and about what `validate` accepts and refuses.

Its rule for repository policies of ECR must not refuse what we accept. cfn-lint is no dependency of `deployer`: it
takes seconds, brings sympy, and names no line of a file. Nor is parliament, which does not know policies of
repositories, and imports what setuptools no longer has.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployer.rendering.policies import organization_policies_in_cloudformation, role_policy_in_cloudformation
from templates.permissions import policy_of
from tests.deployer.rendering.test_policies import POLICIES
from tests.deployer.settings.test_repository_policies import ACCEPTED, CASES, REFUSED

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden"
TEMPLATES = ("artifacts", "central", "access", "forwarding", "registry-scanning", "registry-creation-templates")

RULE = "E3513"
SESSIONS_OF_USERS = "federated-user"
"""IAM documents these principals; cfn-lint does not know them."""
JUDGED = [policy for policy in ACCEPTED if SESSIONS_OF_USERS not in json.dumps(policy)]
"""Policies that `validate` accepts and cfn-lint is asked about."""
REFUSALS = [
    *(row.values[0] for row in REFUSED),
    *(json.loads(file.read_text()) for file in sorted(CASES.glob("*.json")) if file.stem != "no-such-action"),
]


PROGRAM = """
import json, pathlib, sys
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
regions = ["eu-west-1", "us-east-1", "eu-central-1"]
strict = {"E3012": {"strict": True}}  # a number is a number, not a text of digits
found = []
for file in map(pathlib.Path, sys.argv[1:]):
    options = {} if file.stem == "repository-policies" else {"include_checks": ["I"], "configure_rules": strict}
    found += [
        {"file": file.stem, "rule": problem.rule.id, "path": list(problem.path), "message": problem.message}
        for problem in lint_file(file, ManualArgs(regions=regions, **options))
    ]
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What cfn-lint finds in a file."""

    file: str
    rule: str
    path: list[str | int]
    message: str


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> list[Problem]:
    """All that cfn-lint finds, in one process, which ends: its import takes two seconds, and 70 MB."""
    folder = tmp_path_factory.mktemp("templates")
    for name, template in {"printed": printed(), "repository-policies": repository_policies()}.items():
        (folder / f"{name}.json").write_text(json.dumps(template), encoding="utf-8")
    files = [*(GOLDEN / f"{name}.json" for name in TEMPLATES), *folder.glob("*.json")]
    ran = subprocess.run([sys.executable, "-c", PROGRAM, *files], check=True, capture_output=True, text=True)
    return [Problem(**found) for found in json.loads(ran.stdout)]


def printed() -> dict[str, Any]:
    """The templates that `deployer` prints for policies of operators and of organizations, as one."""
    templates: list[Any] = [
        role_policy_in_cloudformation(f"deployer-{name}", policy_of(POLICIES[name])) for name in POLICIES
    ]
    guard: Any = organization_policies_in_cloudformation(
        {
            f"deployer-guard-{kind.lower()}": (kind, policy_of(POLICIES["failures"]))
            for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
        }
    )
    resources = {f"Policy{number}": one["Resources"]["Policy"] for number, one in enumerate(templates)}
    return {**templates[0], "Resources": resources | guard["Resources"]}


def repository_policies() -> dict[str, Any]:
    """A repository for each policy, numbered."""
    return {
        "Resources": {
            f"R{index}": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": policy}}
            for index, policy in enumerate([*JUDGED, *REFUSALS])
        }
    }


@pytest.mark.parametrize("name", [*TEMPLATES, "printed"])
def test_cfn_lint_finds_nothing(name: str, problems: list[Problem]) -> None:
    """With all rules, including informational ones."""
    assert [problem for problem in problems if problem.file == name] == []


def test_cfn_lint_refuses_nothing_that_validate_accepts_and_much_that_it_refuses(problems: list[Problem]) -> None:
    assert len(JUDGED) == len(ACCEPTED) - 1
    found = {int(str(problem.path[1])[1:]) for problem in problems if problem.rule == RULE}
    assert {index for index in found if index < len(JUDGED)} == set()
    assert len(found) > len(REFUSALS) / 2

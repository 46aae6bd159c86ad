"""`@cloud-copilot/iam-simulate`, an independent simulator of IAM's rules and AWS's actions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

Policy = Mapping[str, Any]

ANYTHING: Policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
"""All permissions, so that only the policy of the other side can deny a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to AWS: principal, action, resource, context, and the applicable policies."""

    principal: str
    action: str
    resource: str
    account: str
    """Account that owns the resource."""
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    identity_policies: Sequence[Policy] = ()
    resource_policy: Policy | None = None
    service_control_policies: Sequence[Policy] = ()
    """Of the root, besides the one that allows everything."""
    resource_control_policies: Sequence[Policy] = ()

    def simulation(self) -> dict[str, Any]:
        """The call in the simulator's format; one service control policy allows everything, as by default."""
        document: dict[str, Any] = {
            "request": {
                "principal": self.principal,
                "action": self.action,
                "resource": {"resource": self.resource, "accountId": self.account},
                "contextVariables": dict(self.context),
            },
            "identityPolicies": [
                {"name": f"policy-{number}", "policy": policy} for number, policy in enumerate(self.identity_policies)
            ],
            "serviceControlPolicies": _of_root(ANYTHING, *self.service_control_policies),
            "resourceControlPolicies": _of_root(*self.resource_control_policies),
        }
        if self.resource_policy is not None:
            document["resourcePolicy"] = self.resource_policy
        return document


def _of_root(*policies: Policy) -> list[dict[str, Any]]:
    named = [{"name": f"policy-{number}", "policy": policy} for number, policy in enumerate(policies)]
    return [{"orgIdentifier": "r-exam", "policies": named}] if named else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of the simulator; `ignored` are context keys that AWS does not send with such a call."""

    result: str
    ignored: Sequence[str]
    error: str | None

    @property
    def is_allowed(self) -> bool:
        assert self.error is None, self.error
        return self.result == "Allowed"


def is_installed() -> bool:
    """Whether node and the simulator are installed."""
    return shutil.which("node") is not None and (HERE.parent / "node_modules" / "@cloud-copilot").is_dir()


def is_required() -> bool:
    """Whether its absence is a failure: in CI it is."""
    return bool(os.environ.get("CI"))


def judge(calls: Sequence[Call]) -> list[Verdict]:
    """A verdict for each call, all in one run of node."""
    node = shutil.which("node")
    assert node is not None
    run = subprocess.run(
        [node, str(HERE / "judge.mjs")],
        input=json.dumps([call.simulation() for call in calls]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [Verdict(**verdict) for verdict in json.loads(run.stdout)]

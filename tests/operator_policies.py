"""The policies that `deployer policy` prints for operators."""

from __future__ import annotations

from templates.names import Names
from templates.operator_policy import permissions
from templates.permissions import policy_of
from templates.policy_documents import Policy


def operator_policy(names: Names, *commands: str) -> Policy:
    """The policy document of one or several of `templates.operator_policy.COMMANDS`."""
    return policy_of([one for command in commands for one in permissions(names, command)])

"""docs/operator-policy.md: the permissions for each command, by statement and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from templates.names import Names
from templates.operator_policy import COMMANDS, VIA_CLOUDFORMATION, Permission, operator_policy, permissions
from tools.page import render_page


def render(names: Names) -> str:
    """The whole page, in Markdown."""
    lines = (line for command in COMMANDS for line in _section(names, command))
    return render_page("operator-policy", policies="\n".join(lines).rstrip())


def _section(names: Names, command: str) -> Iterator[str]:
    yield f"## {command}"
    yield ""
    yield f"{COMMANDS[command]}."
    yield ""
    yield "| Statement | Actions | Resources | Why |"
    yield "| --- | --- | --- | --- |"
    for permission in permissions(names, command):
        yield _row(permission)
    yield ""
    yield "<details><summary>The policy</summary>"
    yield ""
    yield "```json"
    yield json.dumps(operator_policy(names, command), indent=2)
    yield "```"
    yield ""
    yield "</details>"
    yield ""


def _row(permission: Permission) -> str:
    resources = ", ".join(f"`{resource}`" for resource in permission.resources)
    condition = permission.condition or {}
    only = " by CloudFormation only" if condition.items() >= VIA_CLOUDFORMATION.items() else ""
    return (
        f"| `{permission.sid}` | {', '.join(f'`{action}`' for action in permission.actions)}{only} | {resources} "
        f"| {permission.why} |"
    )

"""docs/operator-policy.md: what whoever runs the commands has to be allowed, by statement and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from templates.names import Names
from templates.operator_policy import COMMANDS, VIA_CLOUDFORMATION, Permission, operator_policy, permissions

INTRODUCTION = """\
# What an operator has to be allowed

The smallest policies that the commands work with, for a role or user of the central account. `make golden` writes this
page from `templates/operator_policy.py`, with the names of the example organization: put your organization's id,
central account, region and prefix in their place. The tests run each command in the sandbox under a role that has
exactly its policy, with IAM enforced, and have every call judged by an independent judge of IAM besides.

No policy allows a call in a member account: there StackSets act with a role of their own, and the commands that look
into members or look after failures take on roles that `rollout` makes (see [permissions.md](permissions.md)). For those
`sts:AssumeRole` on the role is all that an operator needs, with `sts:SetSourceIdentity` and `sts:TagSession` where
sessions have a source identity or transitive tags.

CloudFormation deploys the two central stacks with its caller's permissions. What it needs for that is allowed only when
CloudFormation makes the call (`aws:CalledVia`), and roles may be passed to the one service that gets them
(`iam:PassedToService`). Whoever may roll out may write the policies of the handler's roles, and so could give those any
permission in the central account: keep that policy to people and pipelines that may deploy there anyway.

They are for a delegated administrator. Where the management account runs `deployer`, its own stacks of the templates
for members (companions) come on top, which no policy here covers: allow what they hold besides
([permissions.md](permissions.md) lists it).
"""


def render(names: Names) -> str:
    """The whole page, in Markdown."""
    return "\n".join([INTRODUCTION, *(line for command in COMMANDS for line in _section(names, command))]) + "\n"


def _section(names: Names, command: str) -> Iterator[str]:
    yield f"## {command}"
    yield ""
    yield f"{COMMANDS[command]}."
    yield ""
    yield "| Statement | May | On | Why |"
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

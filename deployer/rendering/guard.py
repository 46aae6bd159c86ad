"""The guard of an OU as Terraform, as CloudFormation, and as a table of reasons. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.rendering.policies import (
    explanation_lines,
    organization_policies_in_cloudformation,
    organization_policy_in_terraform,
)
from deployer.rendering.text import Line, wrapped
from deployer.settings.guarding import GuardedOu
from templates.permissions import Permission
from templates.policy_documents import Policy, Statement

_WHY = {
    "OutsideOrganization": "Deny pushes of callers outside the organization.",
    "OtherPrincipals": "Deny pushes of callers that create.principals.allow does not permit.",
    "DeniedPrincipals": "Deny pushes of callers that create.principals.deny refuses.",
    "DeniedNames": "Deny pushes of callers that create.principals.deny refuses.",
}


def guard_terraform(guarded: GuardedOu) -> str:
    """A resource for each policy that denies anything."""
    return "\n\n".join(
        organization_policy_in_terraform(_name(kind, guarded), document, kind=kind.upper(), attach_to=target)
        for kind, target, document in _policies(guarded)
    )


def guard_cloudformation(guarded: GuardedOu) -> dict[str, object]:
    """A template with a resource for each policy that denies anything."""
    return organization_policies_in_cloudformation(
        {_name(kind, guarded): (kind.upper(), document) for kind, _, document in _policies(guarded)}
    )


def guard_lines(guarded: GuardedOu) -> Iterator[Line]:
    """Both policies with the reason of each statement, what else they refuse, and what they do not."""
    for kind, target, document in _policies(guarded):
        what = f"{kind.replace('_', ' ').capitalize()}, to attach to {target}"
        yield from explanation_lines(what, (_permission(one) for one in document["Statement"]))
        yield Line("")
    for heading, sentences in (("Also refused:", guarded.also_refused), ("Not refused:", guarded.guard.not_refused)):
        if sentences:
            yield Line(heading, "heading")
        for sentence in sentences:
            yield from wrapped(sentence, indent=2)


def _policies(guarded: GuardedOu) -> Iterator[tuple[str, str, Policy]]:
    """Kind, target and document of each policy that denies anything."""
    found, ou = guarded.guard, f"the OU {guarded.path} ({guarded.ou_id})"
    if found.resource_control_policy:
        yield "resource_control_policy", ou, found.resource_control_policy
    if found.service_control_policy:
        yield "service_control_policy", f"the root ({guarded.root_id})", found.service_control_policy


def _name(kind: str, guarded: GuardedOu) -> str:
    return f"deployer-guard-{kind.partition('_')[0]}-{guarded.ou_id}"


def _permission(statement: Statement) -> Permission:
    resources = statement["Resource"]
    assert isinstance(resources, list), statement
    return Permission(
        sid=statement["Sid"],
        why=_WHY[statement["Sid"]],
        actions=tuple(statement["Action"]),
        resources=tuple(resources),
        condition=statement["Condition"],
    )

"""What a plan rests on, as text by section and item, so that two moments can be compared item by item. Pure.

Contents (config files, templates, the handler's zip, settings) appear as digests. So nothing here is secret, and two
machines that read the same files and the same actual state have the same basis.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from deployer.organization import Organization
from deployer.planning.states import ActualState, DesiredState
from deployer.stack_sets import InstanceKey, StackSetState
from handler.inspection import Damage

Basis = Mapping[str, Mapping[str, str]]
"""Section -> item -> value. An item that does not exist has no value."""

DEPLOYER, INSPECTED = "deployer", "resources in member accounts were read"
ACCOUNTS, OUS, FILES = "accounts", "OUs", "config files"


class Difference(NamedTuple):
    """One item that differs; None if it does not exist."""

    section: str
    item: str
    before: str | None
    after: str | None


def basis_of(desired: DesiredState, actual: ActualState, *, files: Mapping[str, str], version: str) -> Basis:
    """`files` are the digests of the config files by path, `version` is deployer's own."""
    sections = {
        DEPLOYER: {"version": version, **({INSPECTED: "yes"} if actual.inspection else {})},
        FILES: dict(files),
        "code": {"handler's zip": desired.bundle_key, **dict(_desired_templates(desired))},
        **_organization(desired.organization),
        "central account": dict(_central(actual)),
        **{f"resources of StackSet {name}": dict(_damage(found)) for name, found in _damaged(actual).items()},
        **{f"StackSet {name}": dict(_stack_set(state)) for name, state in actual.stack_sets.items()},
    }
    return {section: dict(sorted(items.items())) for section, items in sections.items()}


def differences(before: Basis, after: Basis) -> tuple[Difference, ...]:
    """Every item of two moments that is not the same, section by section."""
    return tuple(
        Difference(section, item, one.get(item), other.get(item))
        for section in dict.fromkeys([*before, *after])
        for one, other in [(before.get(section, {}), after.get(section, {}))]
        for item in sorted(one.keys() | other.keys())
        if one.get(item) != other.get(item)
    )


def digest(content: str | bytes) -> str:
    """`sha256:` and the digest in hex."""
    return f"sha256:{hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()}"


def _desired_templates(desired: DesiredState) -> Iterator[tuple[str, str]]:
    for stack in (desired.artifacts, desired.central, *desired.companions):
        yield f"template of stack {stack.name} in {stack.region}", digest(stack.body)
    for one in desired.stack_sets:
        yield f"template of StackSet {one.definition.name}", digest(one.definition.body)


def _organization(organization: Organization) -> Basis:
    return {
        "organization": {"id": organization.id, "management account": organization.management_account_id},
        OUS: {ou_id: organization.path(ou_id) for ou_id in organization.ous},
        ACCOUNTS: {
            account.id: f"{account.name} in {organization.path(account.parent_id)} ({account.parent_id}),"
            f" {account.state}"
            for account in organization.accounts.values()
        },
    }


def _central(actual: ActualState) -> Iterator[tuple[str, str]]:
    for key, state in actual.stacks.items():
        yield f"stack {key.name} in {key.region}", state.status
        yield f"template of stack {key.name} in {key.region}", digest(state.body)
    for one in actual.replaced_code:
        yield f"code of {one.function}, which was replaced without CloudFormation", f"sha256:{one.digest}"
    yield "handler's zip in the bucket", "uploaded" if actual.bundle_is_uploaded else "missing"
    if actual.settings_in_force is not None:
        yield "settings in force", digest(actual.settings_in_force)


def _damaged(actual: ActualState) -> Mapping[str, Mapping[InstanceKey, Damage]]:
    return actual.inspection.damaged if actual.inspection else {}


def _damage(found: Mapping[InstanceKey, Damage]) -> Iterator[tuple[str, str]]:
    for key, damage in found.items():
        yield f"{key.account} in {key.region}", "; ".join(damage.texts)


def _stack_set(state: StackSetState) -> Iterator[tuple[str, str]]:
    yield "template", digest(state.body)
    yield "description", state.description
    retained = "retains" if state.retain_on_removal else "deletes"
    yield "auto-deployment", f"{'on' if state.auto_deployment else 'off'}, {retained} stacks of accounts that leave"
    yield "dependencies", ", ".join(sorted(state.depends_on)) or "none"
    for ou_id, regions in state.auto_deployment_targets.items():
        yield f"future accounts of {ou_id}", ", ".join(sorted(regions))
    for one in state.instances:
        detail = f" {one.detailed_status}" if one.detailed_status else ""
        yield f"{one.account} in {one.region}", f"{one.status}{detail}, by {one.ou_id or 'no OU'}"

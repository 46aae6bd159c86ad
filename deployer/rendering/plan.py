"""A plan as text of 80 columns: what changes in which accounts, what is skipped and why. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from deployer.organization import Organization
from deployer.planning.plan import Plan, StackPlan
from deployer.planning.settings_changes import SettingsChange
from deployer.planning.skips import Skip
from deployer.rendering.resources import SIGNS, resource_lines
from deployer.rendering.scopes import scope_text
from deployer.rendering.stack_sets import stack_set_lines
from deployer.rendering.suspended import skipped_lines
from deployer.rendering.text import Line, wrapped
from deployer.rendering.unread import unread_lines
from deployer.rollout.operations import describe_operation
from deployer.words import SHOWN, account_name, account_names, counted, listed

_SETTINGS_SHOWN = 8
_COMMANDS = {"disabled": "enable-region", "unknown": "get-region-opt-status"}
PREVIEW_DENIED = (
    "! a comparison of templates, since cloudformation:CreateChangeSet was denied; which resources CloudFormation would"
    " replace is not known"
)


def plan_lines(plan: Plan, organization: Organization, *, caller: str) -> list[Line]:
    """The plan, top to bottom in the order in which it is carried out."""
    lines = wrapped(f"Plan for organization {organization.id}, as {caller}", indent=0, tone="heading")
    for busy in plan.under_way:
        what = describe_operation(busy.operation, over=busy.over, total=busy.total)
        text = f"! StackSet {busy.stack_set} is busy: {what}"
        lines += wrapped(text, indent=0, tone="change")
    lines += _opt_in_warnings(plan, organization)
    lines.append(Line(""))
    lines += _stack(plan.artifacts)
    lines += _bundle(plan)
    lines += _stack(plan.central)
    lines += _function_url(plan)
    for stack_set in plan.stack_sets:
        lines += stack_set_lines(stack_set, organization)
    for companion in plan.companions:
        lines += _stack(companion, note="management account")
    lines += _skips(plan, organization)
    lines += skipped_lines(organization, plan.skipped)
    lines += unread_lines(plan.inspection.unread if plan.inspection else {}, organization)
    lines += _totals(plan, organization)
    return lines


def _opt_in_warnings(plan: Plan, organization: Organization) -> Iterator[Line]:
    management = account_name(organization, organization.management_account_id)
    for region, status in plan.opt_in_warnings:
        found = "is not enabled" if status == "disabled" else "has to be enabled"
        known = "" if status == "disabled" else ", which only that account itself can check"
        text = (
            f"! {region} {found} in the management account {management}{known}: stack instances there fail otherwise."
            f" With its credentials: `aws account {_COMMANDS[status]} --region-name {region}`"
        )
        yield from wrapped(text, indent=0, tone="change")


def _stack(plan: StackPlan, *, note: str = "") -> Iterator[Line]:
    sign, tone = SIGNS[plan.change]
    suffix = f" ({note})" if note else ""
    unchanged = ": unchanged" if plan.change == "unchanged" else ""
    replaced = ": its creation failed, so it is deleted and created again" if plan.change == "replace" else ""
    yield from wrapped(
        f"{sign} stack {plan.key.name} in {plan.key.region}{suffix}{unchanged}{replaced}", indent=0, tone=tone
    )
    if plan.is_preview_denied:
        yield from wrapped(PREVIEW_DENIED, indent=4, tone="quiet")
    yield from resource_lines(plan.resources)


def _function_url(plan: Plan) -> Iterator[Line]:
    """The public endpoint that `ensure: {url: true}` adds to the central account."""
    region = plan.central.key.region
    if plan.function_url == "deployed":
        text = "function URL: a public endpoint that answers only calls signed by principals of this organization"
        yield from wrapped(text, indent=4, tone="change")
    elif plan.function_url == "unavailable":
        text = (
            f"! no function URL, which `ensure: {{url: true}}` requests: {region} has none."
            " `deployer ensure` uses events instead."
        )
        yield from wrapped(text, indent=4, tone="change")


def _bundle(plan: Plan) -> Iterator[Line]:
    if plan.uploads_bundle:
        yield from wrapped(f"+ upload of {plan.bundle_name}", indent=0, tone="add")
    for change in plan.settings:
        yield from _settings(change)


def _settings(change: SettingsChange) -> Iterator[Line]:
    where = listed([*change.ous, *(f"account {account}" for account in change.accounts)])
    values = {value.key: value for value in change.values}
    switch = values.get("enabled")
    if switch is not None and switch.before is None:
        regions = _readable(values["regions"].after)
        yield from wrapped(f"+ settings of {where}: covered from now on, in {regions}", indent=2, tone="add")
    elif switch is not None and switch.after is None:
        yield from wrapped(f"- settings of {where}: no longer covered", indent=2, tone="remove")
    else:
        yield from wrapped(f"~ settings of {where}", indent=2, tone="change")
        for value in change.values[:_SETTINGS_SHOWN]:
            yield from wrapped(f"{value.key}: {_readable(value.before)} -> {_readable(value.after)}", indent=6)
        if (more := len(change.values) - _SETTINGS_SHOWN) > 0:
            yield Line(f"      and {more} more; --json has them all", "quiet")


def _readable(value: str | None) -> str:
    """A value of the settings, given as JSON, in the form of the config files."""
    if value is None:
        return "not set"
    found = json.loads(value) if value[:1] in {'"', "["} else None
    if isinstance(found, list):
        plain = all(isinstance(item, str) for item in found)
        return (", ".join(found) or "none") if plain else value
    return found if isinstance(found, str) and found else value


def _skips(plan: Plan, organization: Organization) -> Iterator[Line]:
    if plan.skips:
        yield Line("")
        yield Line("Left out", "heading")
    by_reason: dict[str, list[Skip]] = defaultdict(list)
    for skip in plan.skips:
        by_reason[skip.reason].append(skip)
        if len(by_reason[skip.reason]) <= SHOWN:
            names = account_names(organization, skip.accounts)
            yield from wrapped(f"{organization.path(skip.ou_id)}: {names}: {skip.reason}", indent=2, tone="quiet")
    for reason, skips in by_reason.items():
        if more := skips[SHOWN:]:
            accounts = counted(sum(len(skip.accounts) for skip in more), "account")
            yield from wrapped(f"{counted(len(more), 'more OU')}: {accounts}: {reason}", indent=2, tone="quiet")


def _totals(plan: Plan, organization: Organization) -> Iterator[Line]:
    yield Line("")
    if plan.is_empty:
        yield from wrapped(f"Nothing to change in {scope_text(plan.scope, organization)}.", indent=0, tone="heading")
        return
    stacks = sum(stack.change != "unchanged" for stack in plan.stacks)
    stack_sets = sum(one.change != "unchanged" for one in plan.stack_sets)
    yield from wrapped(
        f"{counted(stacks, 'stack')} and {counted(stack_sets, 'StackSet')} to change; instances:"
        f" {plan.creations:,} to create, {plan.updates:,} to update, {plan.deletions:,} to delete,"
        f" {plan.unchanged:,} unchanged.",
        indent=0,
        tone="remove" if plan.deletions else "heading",
    )

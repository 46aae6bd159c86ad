"""The changes of settings in a plan, those that are alike as one. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

from deployer.planning.plan import Plan
from deployer.planning.settings_changes import SettingsChange, ValueChange
from deployer.rendering.text import Line, wrapped
from deployer.words import SHOWN, counted, listed, some_ous

_SETTINGS_SHOWN = 8


def settings_changes(plan: Plan, *, everything: bool) -> list[Line]:
    """Settings that change, and the OUs and accounts that they change in."""
    changes = list(_joined(plan.settings))
    shown = changes if everything else changes[:SHOWN]
    lines = [line for change in shown for line in _settings(change, everything=everything)]
    if rest := changes[len(shown) :]:
        ous = len({ou for change in rest for ou in change.ous})
        lines.append(Line(f"  ~ {counted(len(rest), 'more change')} of {counted(ous, 'OU')}", "change"))
    return lines


def _joined(changes: Sequence[SettingsChange]) -> Iterator[SettingsChange]:
    """Those that are shown alike as one."""
    found: dict[tuple[ValueChange, ...], list[SettingsChange]] = defaultdict(list)
    for change in changes:
        found[_shown_values(change)].append(change)
    for values, some in found.items():
        ous = tuple(sorted(ou for one in some for ou in one.ous))
        accounts = tuple(sorted(account for one in some for account in one.accounts))
        yield SettingsChange(ous=ous, accounts=accounts, values=values)


def _shown_values(change: SettingsChange) -> tuple[ValueChange, ...]:
    """All, or only the regions if OUs are covered from now on, or nothing more if they no longer are."""
    values = {value.key: value for value in change.values}
    switch = values.get("enabled")
    if switch is not None and switch.before is None:
        return switch, values["regions"]
    return (switch,) if switch is not None and switch.after is None else change.values


def _settings(change: SettingsChange, *, everything: bool) -> Iterator[Line]:
    ous = ", ".join(change.ous) if everything else some_ous(change.ous)
    accounts = [f"account {account}" for account in change.accounts]
    where = ", ".join(part for part in (ous, ", ".join(accounts) if everything else listed(accounts)) if part)
    values = {value.key: value for value in change.values}
    switch = values.get("enabled")
    if switch is not None and switch.before is None:
        regions = _value(values["regions"].after)
        yield from wrapped(f"+ {where}: covered from now on, in {regions}", indent=2, tone="add")
    elif switch is not None and switch.after is None:
        yield from wrapped(f"- {where}: no longer covered", indent=2, tone="remove")
    else:
        yield from wrapped(f"~ {where}", indent=2, tone="change")
        shown = change.values if everything else change.values[:_SETTINGS_SHOWN]
        for value in shown:
            yield from wrapped(f"{value.key}: {_value(value.before)} -> {_value(value.after)}", indent=6)
        if more := len(change.values) - len(shown):
            yield Line(f"      and {more} more", "quiet")


def _value(value: str | None) -> str:
    """A value of the settings, which comes as JSON, as people write it."""
    if value is None:
        return "not set"
    if value == "null":
        return "none"
    found = json.loads(value) if value[:1] in {'"', "["} else None
    if isinstance(found, list):
        plain = all(isinstance(item, str) for item in found)
        return (", ".join(found) or "none") if plain else value
    return found if isinstance(found, str) and found else value

"""Changes of a template's resources as text, alike for stacks and StackSets. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from deployer.planning.plan import Change
from deployer.rendering.text import Line, Tone, wrapped
from deployer.stacks import ResourceChange
from deployer.words import counted

SIGNS: dict[Change, tuple[str, Tone]] = {
    "create": ("+", "add"),
    "update": ("~", "change"),
    "replace": ("±", "change"),
    "delete": ("-", "remove"),
    "unchanged": ("=", "quiet"),
}
_RESOURCE_SIGNS: dict[str, tuple[str, Tone]] = {
    "Add": ("+", "add"),
    "Import": ("+", "add"),
    "Modify": ("~", "change"),
    "Dynamic": ("~", "change"),
    "Remove": ("-", "remove"),
}


def resource_lines(resources: Iterable[ResourceChange], *, indent: int = 4) -> Iterator[Line]:
    """Additions are counted by type; changes and removals are listed one by one."""
    added: dict[str, int] = defaultdict(int)
    for resource in resources:
        if resource.action in {"Add", "Import"}:
            added[resource.type] += 1
            continue
        sign, tone = _RESOURCE_SIGNS[resource.action]
        replaced = {"True": "; REPLACED", "Conditional": "; may be REPLACED"}.get(resource.replacement, "")
        details = f": {', '.join(resource.details)}" if resource.details else ""
        text = f"{sign} {resource.logical_id} ({resource.type}){details}{replaced}"
        yield from wrapped(text, indent=indent, tone="remove" if replaced else tone)
    if added:
        listed = ", ".join(f"{type_} x{count}" if count > 1 else type_ for type_, count in sorted(added.items()))
        yield from wrapped(f"+ {counted(sum(added.values()), 'resource')}: {listed}", indent=indent, tone="add")

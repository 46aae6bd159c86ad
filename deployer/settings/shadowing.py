"""Rules that can never apply: a namespace after a wider one, an allow that is denied, a duplicate entry.

They are warnings: the settings are valid, but a rule has no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from deployer.settings.glob_sets import covers_arn, covers_name, names_overlap
from deployer.settings.yaml_source import KeyPath
from handler.settings import Settings

Found = Iterator[tuple[KeyPath, str]]
NAMES: KeyPath = ("create", "names")
PRINCIPALS: KeyPath = ("create", "principals")


def shadowed_rules(settings: Settings) -> Found:
    """The location and the reason of each."""
    yield from _listed_twice(settings)
    yield from _unreachable_namespaces(settings)
    names, principals = settings.create.names, settings.create.principals
    yield from _denied(names.allow, names.deny, NAMES, covers_name)
    yield from _denied(principals.allow, principals.deny, PRINCIPALS, covers_arn)
    for at, patterns, covers in (
        ((*NAMES, "allow"), names.allow, covers_name),
        ((*NAMES, "deny"), names.deny, covers_name),
        ((*PRINCIPALS, "allow"), principals.allow, covers_arn),
        ((*PRINCIPALS, "deny"), principals.deny, covers_arn),
    ):
        yield from _redundant(patterns, at, covers)


def _listed_twice(settings: Settings) -> Found:
    for at, values in ((("regions",), settings.regions), (("create", "on"), settings.create.on)):
        for index, value in enumerate(values):
            if value in values[:index]:
                yield (*at, index), f"{value} is listed twice"


def _unreachable_namespaces(settings: Settings) -> Found:
    names = settings.create.names
    for index, namespace in enumerate(settings.namespaces):
        at: KeyPath = ("namespaces", index, "match")
        for earlier, before in enumerate(settings.namespaces[:index]):
            if covers_name(before.match, namespace.match):
                yield at, f"never reached: namespaces[{earlier}] ({before.match}) matches first"
                break
        else:
            if not any(names_overlap(allow, namespace.match) for allow in names.allow):
                yield at, "never reached: create.names.allow allows no such name"
            elif any(covers_name(deny, namespace.match) for deny in names.deny):
                yield at, "never reached: create.names.deny refuses every such name"


def _denied(allow: Sequence[str], deny: Sequence[str], at: KeyPath, covers: Callable[[str, str], bool]) -> Found:
    for index, pattern in enumerate(allow):
        by = next((denied for denied in deny if covers(denied, pattern)), None)
        if by is not None:
            yield (*at, "allow", index), f"has no effect: deny has {by}, which refuses all of it"


def _redundant(patterns: Sequence[str], at: KeyPath, covers: Callable[[str, str], bool]) -> Found:
    for index, pattern in enumerate(patterns):
        for other_index, other in enumerate(patterns):
            if other_index == index or not covers(other, pattern):
                continue
            if other_index > index and covers(pattern, other):
                continue  # equal: the later one is reported
            yield (*at, index), f"has no effect: {other} in the same list matches all of it"
            break

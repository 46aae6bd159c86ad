"""Rules that can never apply: a namespace after a wider one, an allow that is denied, a duplicate entry.

They are warnings: the settings are valid, but a rule has no effect. Globs that are too hard to compare get none.
"""

from __future__ import annotations

from collections.abc import Iterator

from deployer.settings.glob_lists import arn_globs, name_globs
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
    for at, rules, globs in ((NAMES, names, name_globs), (PRINCIPALS, principals, arn_globs)):
        allow, deny = globs(tuple(rules.allow)), globs(tuple(rules.deny))
        for index, pattern in enumerate(allow.patterns):
            if (by := deny.covering(pattern)) is not None:
                yield (*at, "allow", index), f"has no effect: deny has {by}, which refuses all of it"
        for key, listed in (("allow", allow), ("deny", deny)):
            for index, other in listed.redundant:
                yield (*at, key, index), f"has no effect: {other} in the same list matches all of it"


def _listed_twice(settings: Settings) -> Found:
    for at, values in ((("regions",), settings.regions), (("create", "on"), settings.create.on)):
        seen: set[str] = set()
        for index, value in enumerate(values):
            if value in seen:
                yield (*at, index), f"{value} is listed twice"
            seen.add(value)


def _unreachable_namespaces(settings: Settings) -> Found:
    matches = name_globs(tuple(namespace.match for namespace in settings.namespaces))
    allow, deny = name_globs(tuple(settings.create.names.allow)), name_globs(tuple(settings.create.names.deny))
    for index, pattern in enumerate(matches.patterns):
        at: KeyPath = ("namespaces", index, "match")
        if (earlier := matches.covering(pattern, before=index)) is not None:
            yield at, f"never reached: namespaces[{matches.first[earlier]}] ({earlier}) matches first"
        elif not allow.overlap(pattern):
            yield at, "never reached: create.names.allow allows no such name"
        elif deny.covering(pattern) is not None:
            yield at, "never reached: create.names.deny refuses every such name"

"""All checks: the modules of `acceptance.checks`, each with a CHECK; assumptions by number, the main job last."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from acceptance import checks
from acceptance.check import Check, Need
from acceptance.errors import UsageError


@cache
def catalogue() -> tuple[Check, ...]:
    """Every check."""
    modules = (
        importlib.import_module(f"{checks.__name__}.{one.name}") for one in pkgutil.iter_modules(checks.__path__)
    )
    found: list[Check] = [module.CHECK for module in modules]
    return tuple(sorted(found, key=lambda check: (check.number is None, check.number or 0)))


def select(ids: Iterable[str]) -> tuple[Check, ...]:
    """The checks of these ids, all of them without any; raises UsageError for an id that does not exist."""
    expected = [id_.strip() for id_ in ids if id_.strip()]
    known = {check.id: check for check in catalogue()}
    if unknown := [id_ for id_ in expected if id_ not in known]:
        raise UsageError(f"No such check: {', '.join(unknown)}", next_step=f"Checks: {', '.join(known)}.")
    return tuple(check for id_, check in known.items() if not expected or id_ in expected)


def missing(check: Check, available: frozenset[Need]) -> tuple[Need, ...]:
    """What a check needs and there is not."""
    return tuple(sorted(check.needs - available))

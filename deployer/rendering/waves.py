"""How a plan will be carried out: its waves, conflicting operations, and preferences without effect. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deployer.operation_preferences import OperationPreferences, cautions, standing_cautions
from deployer.planning.instances import instances_of
from deployer.planning.plan import Plan
from deployer.rendering.text import Line, wrapped
from deployer.waves import Wave
from deployer.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a plan will be carried out."""

    waves: Sequence[Wave] = ()
    preferences: OperationPreferences = field(default_factory=OperationPreferences)


def wave_lines(plan: Plan, waves: Sequence[Wave]) -> list[Line]:
    """Nothing without waves, or for a plan without changes to instances."""
    changed = _changed(plan)
    if not changed or len(waves) < 2:
        return []
    lines: list[Line] = []
    for wave in waves:
        instances = sum(count for (account, _, _), count in changed.items() if account in wave.accounts)
        text = f"{wave.number}. {wave.name}: {counted(len(wave.accounts), 'account')}, {counted(instances, 'instance')}"
        lines += wrapped(text, indent=2)
    return lines


def course_cautions(plan: Plan, course: Course) -> list[str]:
    """Preferences that have no effect as configured; none for a plan without changes to instances."""
    changed = _changed(plan)
    return list(_cautions(changed, course.waves, course.preferences)) if changed else []


def _changed(plan: Plan) -> Counter[tuple[str, str, str]]:
    """Account, region and StackSet of each instance that changes."""
    found: Counter[tuple[str, str, str]] = Counter()
    for one in plan.stack_sets:
        operations = (*one.instances.create, *one.instances.update, *one.instances.delete)
        touched = set(instances_of(operations))
        if one.rewritten:
            touched |= one.instances.desired
        found.update((key.account, key.region, one.definition.name) for key in touched)
    return found


def _cautions(
    changed: Counter[tuple[str, str, str]], waves: Sequence[Wave], preferences: OperationPreferences
) -> Iterator[str]:
    """Each preference once, for the largest operation to which it applies."""
    seen: set[str] = set()
    for key, message in standing_cautions(preferences):
        seen.add(key)
        yield f"{key}: {message}"
    for accounts in sorted(_sizes(changed, waves), reverse=True):
        for key, message in cautions(preferences, accounts):
            if key not in seen:
                seen.add(key)
                yield f"{key}: {message}"


def _sizes(changed: Counter[tuple[str, str, str]], waves: Sequence[Wave]) -> set[int]:
    """Accounts that an operation has in a region, as far as it is known beforehand."""
    turns = {account: wave.number for wave in waves for account in wave.accounts}
    sizes = Counter((turns.get(account), region, name) for account, region, name in changed)
    return set(sizes.values())

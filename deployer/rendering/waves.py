"""How a plan will be carried out: its waves, conflicting operations, and preferences without effect. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from deployer.operation_preferences import OperationPreferences, cautions, standing_cautions
from deployer.planning.instances import instances_of
from deployer.planning.plan import Plan
from deployer.rendering.text import Line, wrapped
from deployer.waves import Wave
from deployer.words import counted


def course_lines(plan: Plan, waves: Sequence[Wave], preferences: OperationPreferences) -> list[Line]:
    """Nothing for a plan without changes to instances."""
    changed = _changed(plan)
    if not changed:
        return []
    lines: list[Line] = []
    if len(waves) > 1:
        lines.append(Line("Waves, each finished and healthy before the next", "heading"))
    for wave in waves if len(waves) > 1 else ():
        instances = sum(count for (account, _, _), count in changed.items() if account in wave.accounts)
        text = f"{wave.number}. {wave.name}: {counted(len(wave.accounts), 'account')}, {counted(instances, 'instance')}"
        lines += wrapped(text, indent=2)
    for text in _cautions(changed, waves, preferences):
        lines += wrapped(f"! {text}", indent=0, tone="change")
    return lines


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
    """Each preference once, for the largest operation that it concerns."""
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

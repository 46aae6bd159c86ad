"""The stacks and StackSets that a plan changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.organization import Organization
from deployer.planning.plan import Plan, StackPlan
from deployer.rendering.resources import SIGNS, resource_lines
from deployer.rendering.stack_sets import stack_set_lines, waiting_lines
from deployer.rendering.text import Line, wrapped

PREVIEW_DENIED = (
    "! a comparison of templates, since cloudformation:CreateChangeSet was denied; which resources CloudFormation would"
    " replace is not known"
)


def stacks_and_stack_sets(plan: Plan, organization: Organization, *, everything: bool) -> list[Line]:
    """Those that change; the others are only counted in the totals."""
    lines = [*_stack(plan.artifacts, everything=everything)]
    if plan.uploads_bundle:
        lines += wrapped(f"+ upload of {plan.bundle_name}", indent=2, tone="add")
    lines += _stack(plan.central, everything=everything)
    for stack_set in plan.stack_sets:
        if (
            everything
            or stack_set.change != "unchanged"
            or stack_set.instances.repaired
            or stack_set.instances.moving
            or stack_set.instances.withdraw
        ):
            lines += stack_set_lines(stack_set, organization, everything=everything)
    for companion in plan.companions:
        lines += _stack(companion, note="management account", everything=everything)
    return lines


def _stack(plan: StackPlan, *, everything: bool, note: str = "") -> Iterator[Line]:
    if plan.change == "unchanged" and not everything:
        return
    sign, tone = SIGNS[plan.change]
    noted = f" ({note})" if note else ""
    unchanged = ": unchanged" if plan.change == "unchanged" else ""
    replaced = ": its creation failed, so it is deleted and created again" if plan.change == "replace" else ""
    if plan.is_repaired and plan.damage is not None:
        replaced = f": REPAIRS it by deleting and creating it again: {'; '.join(plan.damage.problems)}"
    yield from wrapped(
        f"{sign} stack {plan.key.name} in {plan.key.region}{noted}{unchanged}{replaced}", indent=2, tone=tone
    )
    if plan.is_repaired and plan.damage is not None:
        yield from waiting_lines(plan.damage)
    for problem in plan.damage.problems if plan.damage is not None and plan.is_reverted else ():
        yield from wrapped(f"! REPAIRS a change without CloudFormation: {problem}", indent=6, tone="change")
    if plan.is_preview_denied:
        yield from wrapped(PREVIEW_DENIED, indent=6, tone="quiet")
    for name in plan.restored_functions:
        text = f"! the code of {name} was replaced without CloudFormation; its zip is deployed again"
        yield from wrapped(text, indent=6, tone="change")
    yield from resource_lines(plan.resources, indent=6)

"""Refuses deletions that may be unintended, unless their number was allowed. Pure."""

from __future__ import annotations

from deployer.errors import GuardError
from deployer.planning.plan import Plan

FREE = 10
"""This many instances may be deleted without permission, unless they are more than a tenth of all."""


def check_deletions(plan: Plan, *, allowed: int | None) -> None:
    """Raise GuardError if more stack instances would be deleted than is plausible, or than was allowed."""
    deletions = plan.deletions + plan.repairs
    existing = deletions + plan.unchanged + plan.updates
    limit = allowed if allowed is not None else min(FREE, existing // 10)
    if deletions > limit:
        raise GuardError(
            f"{deletions} of {existing} stack instances would be deleted{_again(plan)}, more than the limit of {limit}."
            " Nothing was changed",
            next_step=f"If this is intended, add --allow-delete {deletions}.",
        )


def _again(plan: Plan) -> str:
    """Repairs create what they delete, but a mistake in many accounts at once would be one too many."""
    return f" ({plan.repairs} of them to be created again)" if plan.repairs else ""

"""Refuses deletions that may be unintended, unless their number was allowed. Pure."""

from __future__ import annotations

from deployer.errors import GuardError
from deployer.planning.plan import Plan

FREE = 10
"""This many instances may be deleted without permission, unless they are more than a tenth of all."""


def check_deletions(plan: Plan, *, allowed: int | None) -> None:
    """Raise GuardError if more stack instances would be deleted than is plausible, or than was allowed."""
    gone = plan.deletions
    there = gone + plan.unchanged + plan.updates
    limit = allowed if allowed is not None else min(FREE, there // 10)
    if gone > limit:
        raise GuardError(
            f"{gone} of {there} stack instances would be deleted; at most {limit} may. Nothing was changed",
            next_step=f"If that is meant, add --allow-delete {gone}.",
        )

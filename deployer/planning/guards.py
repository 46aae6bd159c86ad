"""Refuses deletions that may be unintended unless their number was allowed, and plans of accounts not read. Pure."""

from __future__ import annotations

from deployer.errors import GuardError, IncompleteError
from deployer.planning.losses import lost_tables, restoring
from deployer.planning.plan import Plan
from deployer.words import counted

FREE = 10
"""This many instances may be deleted without permission, unless they are more than a tenth of all."""


def check_deletions(plan: Plan, *, allowed: int | None) -> None:
    """Raise GuardError if more stack instances would be deleted than is plausible, or than was allowed."""
    check_lost_records(plan, allowed=allowed)
    deletions = plan.deletions + plan.repairs
    existing = deletions + plan.unchanged + plan.updates
    limit = allowed if allowed is not None else min(FREE, existing // 10)
    if deletions > limit:
        raise GuardError(
            f"{deletions} of {existing} stack instances would be deleted{_again(plan)}, more than the limit of {limit}."
            " Nothing was changed",
            next_step=f"If this is intended, add --allow-delete {deletions}.",
        )


def check_lost_records(plan: Plan, *, allowed: int | None) -> None:
    """Raise GuardError if a deleted table would be created again without its records and was not counted as allowed.

    The new table takes the name that a restored one needs.
    """
    tables = lost_tables(plan)
    losses = plan.deletions + plan.repairs + len(tables)
    if tables and (allowed or 0) < losses:
        raise GuardError(
            f"Table {tables[0]} does not exist, and would be created again without its records. Nothing was changed",
            next_step=f"{restoring(tables[0])} To begin with an empty table, add --allow-delete {losses}.",
        )


def _again(plan: Plan) -> str:
    """Repairs create what they delete, but a mistake in many accounts at once would be one too many."""
    return f" ({plan.repairs} of them to be created again)" if plan.repairs else ""


def check_read(plan: Plan) -> None:
    """Raise IncompleteError if an inspection could not read accounts and the roll-out does not change that."""
    if plan.unreadable:
        raise IncompleteError(
            f"The resources in {counted(plan.unreadable, 'account')} could not be read, so they may be damaged",
            next_step="The plan lists these accounts with the reason, under Not read. The central account is read with"
            " your credentials, others through the auditor role: both take `deployer policy look verify`.",
        )

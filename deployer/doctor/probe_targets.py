"""Parses `--probe` into accounts and regions. Pure."""

from __future__ import annotations

from deployer.doctor.probe import Target
from deployer.errors import NotFoundError
from deployer.organization import Organization
from deployer.settings import Compiled

ALL = "all"


def targets_of(text: str, compiled: Compiled) -> tuple[Target, ...]:
    """`all`, or an account by id or name and a covered region of it, joined by a slash."""
    organization = compiled.organization
    covered = [
        Target(account.id, region)
        for account in organization.accounts.values()
        if account.is_active and not _is_left_out(account.id, compiled)
        for region in compiled.regions_of(account.id)
    ]
    if text == ALL:
        return _some(covered, "No account is covered", "Enable an OU in its config file, then roll out.")
    name, slash, region = text.rpartition("/")
    if not slash:
        raise NotFoundError(
            f"--probe {text or repr('')} names no region", next_step="Write --probe ACCOUNT/REGION, or --probe all."
        )
    account = _account(organization, name)
    chosen = [target for target in covered if target == Target(account, region)]
    regions = sorted(target.region for target in covered if target.account == account)
    return _some(
        chosen,
        f"{text} is not covered",
        f"Covered there: {', '.join(f'{name}/{one}' for one in regions)}."
        if regions
        else "`deployer status` shows what is covered.",
    )


def _is_left_out(account: str, compiled: Compiled) -> bool:
    """The management account is covered only if it is the central account."""
    management = compiled.organization.management_account_id
    return account == management != compiled.config.central_account


def _account(organization: Organization, text: str) -> str:
    found = [one.id for one in organization.accounts.values() if text in {one.id, one.name}]
    if len(found) != 1:
        what = "the name of several accounts" if found else "no account of the organization"
        raise NotFoundError(
            f"{text or 'The account'} is {what}",
            next_step="Write --probe ACCOUNT/REGION with the id of an account, or --probe all.",
        )
    return found[0]


def _some(targets: list[Target], message: str, next_step: str) -> tuple[Target, ...]:
    if not targets:
        raise NotFoundError(message, next_step=next_step)
    return tuple(sorted(targets))

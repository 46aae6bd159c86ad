"""Stack instances of suspended accounts, in one line, whatever their number. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from deployer.organization import Organization
from deployer.planning.suspended import skipped_by_aws
from deployer.rendering.text import Line, wrapped
from deployer.rollout.progress import OperationProgress
from deployer.stack_sets import Instance, InstanceKey
from deployer.words import account_name, account_names, counted


def skipped_text(organization: Organization, keys: Collection[InstanceKey]) -> str:
    """`3 instances skipped by AWS (suspended): old-project (600000000001)`."""
    accounts = sorted({key.account for key in keys})
    what = f"{counted(len(keys), 'instance')} {skipped_by_aws(organization, accounts)}"
    return f"{what}: {account_names(organization, accounts)}"


def skipped_results(event: OperationProgress, organization: Organization) -> frozenset[InstanceKey]:
    """Instances that AWS skipped in an operation, or will; an operation that retains stacks skips none."""
    if event.operation.retain_stacks:
        return frozenset()
    inactive = {account.id for account in organization.accounts.values() if not account.is_active}
    return frozenset(result.key for result in event.results if result.account in inactive)


def skipped_lines(organization: Organization, keys: Collection[InstanceKey]) -> list[Line]:
    """Empty if AWS skips nothing."""
    return [Line(""), *wrapped(f"= {skipped_text(organization, keys)}", indent=0, tone="quiet")] if keys else []


def retained_lines(organization: Organization, retained: Collection[Instance]) -> Iterator[Line]:
    """Stacks that stay in suspended accounts when StackSets release them: each by name, account and region."""
    if not retained:
        return
    stacks = [instance for instance in retained if instance.stack_id]
    left = f"AWS leaves {counted(len(stacks), 'stack')} there:" if stacks else "none of them has a stack"
    text = f"= {counted(len(retained), 'instance')} of suspended accounts released; {left}"
    yield from wrapped(text, indent=0, tone="quiet")
    for instance in stacks:
        where = f"{account_name(organization, instance.account)} in {instance.region}"
        yield from wrapped(f"{where}: stack {instance.stack_id.split('/')[1]}", indent=4, tone="quiet")

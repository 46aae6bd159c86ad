"""Stack instances of accounts that are not active: AWS skips them, and nothing is planned for them. Pure.

AWS lets go of one only if its stack is kept: DeleteStackInstances with RetainStacks, for service-managed StackSets too
(assumption A20). https://repost.aws/knowledge-center/cloudformation-removal-stacksets
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from deployer.organization import Organization
from deployer.planning.target_operations import group_accounts
from deployer.stack_sets import Instance, InstanceKey, InstanceOperation
from deployer.targets import AccountTarget


def skipped_instances(organization: Organization, instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """Those of accounts that are in the organization and not active, by account and region."""
    accounts = organization.accounts
    found = (one for one in instances if one.account in accounts and not accounts[one.account].is_active)
    return tuple(sorted(found, key=lambda one: one.key))


def skipped_by_aws(organization: Organization, account_ids: Iterable[str]) -> str:
    """`skipped by AWS (suspended)`; an account that is closed in the meantime is suspended for StackSets."""
    states = {organization.accounts[id_].state for id_ in account_ids if id_ in organization.accounts} - {"ACTIVE"}
    words = ", ".join(sorted(state.lower().replace("_", " ") for state in states))
    return f"skipped by AWS ({words or 'suspended'})"


def releases(organization: Organization, instances: Iterable[Instance]) -> tuple[InstanceOperation, ...]:
    """Operations that take skipped instances out of their StackSet and keep their stacks."""
    regions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in skipped_instances(organization, instances):
        regions[one.account, _ou_beside(organization, one)].add(one.region)
    targets = (
        AccountTarget(account=account, ou_id=ou_id, regions=frozenset(some))
        for (account, ou_id), some in sorted(regions.items())
    )
    return tuple(
        InstanceOperation(
            action="DELETE",
            targets=selection.targets,
            regions=selection.regions,
            instances=tuple(
                InstanceKey(account, region) for account in selection.targets.accounts for region in selection.regions
            ),
            retain_stacks=True,
        )
        for selection in group_accounts(targets)
    )


def _ou_beside(organization: Organization, instance: Instance) -> str:
    """The OU that led to the instance, as long as the account is in it: that one is known to the StackSet."""
    account = organization.accounts[instance.account]
    return instance.ou_id if instance.ou_id in organization.chain(account.parent_id) else account.parent_id

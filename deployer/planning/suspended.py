"""Stack instances of accounts that are not active: AWS skips them, and nothing is planned for them. Pure.

AWS removes one only if its stack is kept: DeleteStackInstances with RetainStacks, for service-managed StackSets too
(assumption A20). https://repost.aws/knowledge-center/cloudformation-removal-stacksets
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deployer.organization import Organization
from deployer.planning.existing_instances import ExistingInstances
from deployer.stack_sets import Instance, InstanceOperation, StackSetState


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


def releases(organization: Organization, state: StackSetState) -> tuple[InstanceOperation, ...]:
    """Operations that remove skipped instances from their StackSet and keep their stacks."""
    keys = [one.key for one in skipped_instances(organization, state.instances)]
    found = ExistingInstances(organization, state).operations("DELETE", keys)
    return tuple(replace(one, retain_stacks=True) for one in found)

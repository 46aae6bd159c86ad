"""Operations on instances that AWS accepts and refuses, by the strictest interpretation of what is known."""

from __future__ import annotations

from collections.abc import Mapping

from deployer.organization import Organization
from deployer.planning.target_operations import Selection
from deployer.stack_sets import (
    ACCOUNTS_PER_OPERATION,
    OUS_PER_OPERATION,
    Instance,
    InstanceKey,
    InstanceOperation,
)
from tests.deployer.test_targets import resolve

Instances = Mapping[InstanceKey, Instance]
Registered = Mapping[str, frozenset[str]]


def targeted(
    organization: Organization, operation: InstanceOperation, instances: Instances, registered: Registered
) -> dict[InstanceKey, str]:
    """The instances that an operation acts on, each with the OU that leads to it; refuses what AWS refuses.

    It is not documented what happens with OUs that lie within each other, so an account is below one of them.
    """
    targets = operation.targets
    assert targets.ou_ids, "AWS demands an OU"
    assert len(targets.ou_ids) <= OUS_PER_OPERATION
    assert len(targets.accounts) <= ACCOUNTS_PER_OPERATION
    if operation.action != "CREATE":
        _check_ous(operation, instances, registered)
    found = {}
    for key in resolve(organization, Selection(targets, operation.regions)):
        (found[key],) = set(organization.account_chain(key.account)) & set(targets.ou_ids)
    if operation.retain_stacks:  # the one operation that reaches suspended accounts, wherever they are (assumption A20)
        assert targets.account_filter == "INTERSECTION"
        named = {InstanceKey(account, region) for account in targets.accounts for region in operation.regions}
        found |= {key: instances[key].ou_id for key in named if instances[key].ou_id in targets.ou_ids}
    if operation.action == "UPDATE" or targets.account_filter == "INTERSECTION":
        assert found, "nothing is named"
        named = {InstanceKey(account, region) for account in targets.accounts for region in operation.regions}
        assert found.keys() == named, "an account that is not below the OUs"
    if operation.action == "UPDATE" or (operation.action == "DELETE" and targets.account_filter == "INTERSECTION"):
        if missing := found.keys() - instances.keys():
            raise AssertionError(f"StackInstanceNotFoundException: {missing}")
        assert found.keys() == set(operation.instances), "the plan shows other instances than are named"
    return found


def _check_ous(operation: InstanceOperation, instances: Instances, registered: Registered) -> None:
    known = {one.ou_id for one in instances.values()} | {ou_id for ou_id, regions in registered.items() if regions}
    if unknown := set(operation.targets.ou_ids) - known:
        raise AssertionError(f"Organizational unit {unknown} not found in StackSet")

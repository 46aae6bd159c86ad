"""Operations on instances that exist: exact groups, in terms that the StackSet knows. Pure.

AWS refuses an update that names an account and region without an instance ("stack instance not found", coverage-roadmap
#1978), or an OU that the StackSet was never given ("Organizational unit … not found in StackSet",
terraform-provider-aws #27877 and #33785), and starts nothing then. So an operation names the OU that AWS itself reports
for each instance (assumption A2), and every account that it names has an instance in every region that it names.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackInstance.html (OrganizationalUnitId)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

from deployer.organization import Organization
from deployer.planning.target_operations import Selection, group_accounts
from deployer.stack_sets import InstanceKey, InstanceOperation, StackSetState
from deployer.targets import AccountTarget


class ExistingInstances:
    """The instances of a StackSet, and the OUs that they were deployed by."""

    def __init__(self, organization: Organization, state: StackSetState | None) -> None:
        self._organization = organization
        self._state = state

    @cached_property
    def keys(self) -> frozenset[InstanceKey]:
        return frozenset(self._ous)

    def operations(
        self, action: Literal["UPDATE", "DELETE"], keys: Iterable[InstanceKey]
    ) -> tuple[InstanceOperation, ...]:
        """As few operations as cover the instances of `keys` and no other; each of `keys` exists."""
        regions: dict[tuple[str, str], set[str]] = defaultdict(set)
        for key in keys:
            regions[key.account, self._ou_beside(key)].add(key.region)
        targets = (
            AccountTarget(account=account, ou_id=ou_id, regions=frozenset(some))
            for (account, ou_id), some in sorted(regions.items())
        )
        return tuple(_operation(action, one) for one in group_accounts(targets, self._organization.chain))

    def _ou_beside(self, key: InstanceKey) -> str:
        """The OU to name beside an account: the one that AWS reports, unless the account is not below it any more.

        It is not documented what AWS reports for an account that moved between OUs of one StackSet (assumption A5).
        Then it is the nearest OU above the account that the StackSet knows, or else the one reported.
        """
        chain = self._organization.account_chain(key.account)
        reported = self._ous[key]
        if reported in chain:
            return reported
        return next((ou_id for ou_id in reversed(chain) if ou_id in self._known), reported or chain[-1])

    @cached_property
    def _ous(self) -> Mapping[InstanceKey, str]:
        return {one.key: one.ou_id for one in (self._state.instances if self._state else ())}

    @cached_property
    def _known(self) -> frozenset[str]:
        registered = self._state.auto_deployment_targets if self._state else {}
        return frozenset({*self._ous.values(), *registered})


def _operation(action: Literal["UPDATE", "DELETE"], selection: Selection) -> InstanceOperation:
    return InstanceOperation(
        action=action,
        targets=selection.targets,
        regions=selection.regions,
        instances=tuple(sorted(_named(selection))),
    )


def _named(selection: Selection) -> Iterator[InstanceKey]:
    """An INTERSECTION with OUs that hold all of the accounts is the accounts."""
    for account in selection.targets.accounts:
        for region in selection.regions:
            yield InstanceKey(account, region)

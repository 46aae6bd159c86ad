"""Actions for the instances of one StackSet: create, update, delete or leave unchanged, and why. Pure.

An instance in sync is never changed: only missing, outdated and undesired ones become an operation. That
holds for an account moved between OUs of a StackSet too, if AWS keeps its stacks (assumption A5).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from deployer.organization import Organization
from deployer.planning.existing_instances import ExistingInstances
from deployer.planning.families import Siblings
from deployer.planning.suspended import skipped_instances
from deployer.planning.target_operations import Selection, group_accounts, group_ous
from deployer.stack_sets import DeploymentTargets, Instance, InstanceKey, InstanceOperation, StackSetState
from deployer.targets import (
    AccountTarget,
    Coverage,
    OuTarget,
    Regions,
    Scope,
    Targets,
    compile_targets,
    desired_instances,
)
from handler.inspection import Damage

_UNDAMAGED: Mapping[InstanceKey, Damage] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePlan:
    """Operations in the order that they are done in, and what needs none."""

    create: tuple[InstanceOperation, ...] = ()
    update: tuple[InstanceOperation, ...] = ()
    delete: tuple[InstanceOperation, ...] = ()
    withdraw: tuple[InstanceOperation, ...] = ()
    """Done first: desired instances that are created again, since they are damaged, or would lose their effect when
    one of a sibling StackSet is deleted."""
    repaired: frozenset[InstanceKey] = field(default=frozenset(), repr=False)
    """Those of `withdraw` whose resources were changed without StackSets."""
    blocked: frozenset[InstanceKey] = field(default=frozenset(), repr=False)
    """Damaged ones that cannot be deleted, and so not repaired, until something is removed that somebody added."""
    moving: frozenset[InstanceKey] = field(default=frozenset(), repr=False)
    """Those of `delete` that another StackSet of the family takes over."""
    desired: frozenset[InstanceKey] = field(default=frozenset(), repr=False)
    unchanged: int = 0
    stranded: tuple[Instance, ...] = ()
    """Undesired instances that AWS does not delete: of accounts that left the organization."""
    skipped: tuple[Instance, ...] = ()
    """Those of suspended accounts: AWS skips them, and nothing is planned for them."""

    @property
    def is_empty(self) -> bool:
        return not (self.create or self.update or self.delete or self.withdraw)

    @property
    def deletions(self) -> int:
        """Instances that are deleted and not replaced."""
        return sum(len(operation.instances) for operation in self.delete) - len(self.moving)

    def kept(self, registered: Mapping[str, Regions]) -> Mapping[str, Regions]:
        """OUs whose new accounts AWS continues to cover.

        A deletion that spares accounts does not end it (assumption A3), one of some regions not in the others (A4).
        """
        gone: dict[str, Regions] = defaultdict(frozenset)
        for operation in self.delete:
            if operation.targets.account_filter == "NONE":
                for ou_id in operation.targets.ou_ids:
                    gone[ou_id] |= frozenset(operation.regions)
        return {ou_id: regions - gone[ou_id] for ou_id, regions in registered.items()}


def instances_of(operations: Iterable[InstanceOperation]) -> frozenset[InstanceKey]:
    """Every instance that the operations are for."""
    return frozenset(key for operation in operations for key in operation.instances)


def plan_instances(  # noqa: PLR0913 - most by keyword
    coverage: Coverage,
    scope: Scope,
    state: StackSetState | None,
    *,
    rewritten: bool,
    siblings: Siblings | None = None,
    damaged: Mapping[InstanceKey, Damage] = _UNDAMAGED,
) -> InstancePlan:
    """Compare desired and actual state. `rewritten`: the StackSet itself changes, and all instances with it.

    `damaged` instances are deleted and created again: CloudFormation compares templates, so no update repairs them.
    """
    regions = scope.regions
    instances = state.instances if state else ()
    registered = state.auto_deployment_targets if state else {}
    return _Comparison(
        coverage=coverage.within(scope),
        scope=scope,
        existing=ExistingInstances(coverage.organization, state),
        instances={one.key: one for one in instances if regions is None or one.region in regions},
        registered={ou_id: all_ if regions is None else all_ & regions for ou_id, all_ in registered.items()},
        siblings=siblings or Siblings(),
        damaged=damaged,
    ).plan(rewritten=rewritten)


def beginning_with_one(plan: InstancePlan, organization: Organization) -> InstancePlan:
    """The same creations, the first of which makes a single instance.

    Of that instance the OU is one that the creations name anyway, so that nothing more is registered with AWS.
    """
    first = next(one for one in plan.create if one.instances)
    key = first.instances[0]
    ou_id = next(one for one in reversed(organization.account_chain(key.account)) if one in first.targets.ou_ids)
    alone = InstanceOperation(
        action="CREATE",
        targets=DeploymentTargets(ou_ids=(ou_id,), accounts=(key.account,), account_filter="INTERSECTION"),
        regions=(key.region,),
        instances=(key,),
    )
    rest = (replace(one, instances=tuple(other for other in one.instances if other != key)) for one in plan.create)
    is_left = (one for one in rest if one.instances or one.targets.account_filter != "INTERSECTION")
    return replace(plan, create=(alone, *is_left))


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    coverage: Coverage
    scope: Scope
    existing: ExistingInstances
    instances: Mapping[InstanceKey, Instance]
    registered: Mapping[str, Regions]
    siblings: Siblings
    damaged: Mapping[InstanceKey, Damage]

    @cached_property
    def desired(self) -> frozenset[InstanceKey]:
        return desired_instances(self.coverage, self.scope)

    @cached_property
    def targets(self) -> Targets:
        return compile_targets(self.coverage, self.scope)

    @cached_property
    def named(self) -> Mapping[str, Regions]:
        """Regions for which accounts directly in an OU are named, which registers the OU with AWS."""
        by_ou: dict[str, Regions] = defaultdict(frozenset)
        everywhere = Scope.whole(self.coverage.organization)
        for target in compile_targets(self.coverage, everywhere).accounts:
            by_ou[target.ou_id] |= target.regions
        return by_ou

    def plan(self, *, rewritten: bool) -> InstancePlan:
        creations = tuple(self._creations())
        there = self.desired & self.instances.keys() - self._recreated
        outdated = frozenset(key for key in there if not self.instances[key].is_current)
        updates = () if rewritten else self.existing.operations("UPDATE", outdated)
        touched = there if rewritten else outdated
        deletions = tuple(self._deletions())
        skipped = skipped_instances(self.coverage.organization, (self.instances[key] for key in self._undesired))
        stranded = self._undesired - self._removable - {one.key for one in skipped}
        return InstancePlan(
            create=creations,
            update=updates,
            delete=deletions,
            withdraw=tuple(self._withdrawals()),
            repaired=self._recreated - self._clashing,
            blocked=self._blocked,
            moving=instances_of(deletions) & self.siblings.desired,
            desired=self.desired,
            unchanged=len(there - touched),
            stranded=tuple(self.instances[key] for key in sorted(stranded)),
            skipped=skipped,
        )

    @cached_property
    def _clashing(self) -> frozenset[InstanceKey]:
        return self.desired & self.instances.keys() & self.siblings.there

    @cached_property
    def _recreated(self) -> frozenset[InstanceKey]:
        damaged = self.desired & self.instances.keys() & self.damaged.keys()
        return self._clashing | damaged - self._blocked

    @cached_property
    def _blocked(self) -> frozenset[InstanceKey]:
        """IAM deletes no role with further policies or instance profiles, and EventBridge no rule with further targets.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
        https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html
        """
        added = frozenset(key for key, one in self.damaged.items() if one.additions)
        return self.desired & self.instances.keys() & added

    def _withdrawals(self) -> Iterator[InstanceOperation]:
        """A stack that was deleted without StackSets is not deleted again, only its instance."""
        gone = frozenset(key for key in self._recreated if key in self.damaged and self.damaged[key].is_stack_gone)
        yield from (replace(one, retain_stacks=True) for one in self.existing.operations("DELETE", gone))
        yield from self.existing.operations("DELETE", self._recreated - gone)

    # What is missing
    def _creations(self) -> Iterator[InstanceOperation]:
        """A whole OU that AWS does not cover yet, although accounts in it may have instances (assumption A22)."""
        missing = set(self.desired - self.instances.keys() | self._recreated)
        for selection in group_ous(self._unregistered(), self._chain):
            keys = self._resolve(selection) & missing
            missing -= keys
            yield _operation("CREATE", selection, keys)
        yield from self._by_name(missing)

    def _unregistered(self) -> Iterator[OuTarget]:
        """OU targets in the regions in which AWS does not cover their future accounts yet."""
        for target in self.targets.ous:
            regions = frozenset(region for region in target.regions if not self._covering(target.ou_id, region))
            if regions:
                yield OuTarget(ou_id=target.ou_id, regions=regions, excluded=target.excluded)

    def _covering(self, ou_id: str, region: str) -> str | None:
        """The registered OU, this one or one above, whose new accounts AWS covers, in sync with the settings."""
        for above in reversed(self.coverage.organization.chain(ou_id)):
            if region in self.registered.get(above, ()) and region in self.coverage.uniform[above]:
                return above
        return None

    # What exists but is not desired
    @cached_property
    def _undesired(self) -> frozenset[InstanceKey]:
        organization = self.coverage.organization
        in_scope = {key for key in self.instances if self.scope.has_account(organization, key.account)}
        return frozenset(in_scope - self.desired)

    @cached_property
    def _removable(self) -> frozenset[InstanceKey]:
        """AWS skips accounts that are suspended, and knows no account that left."""
        accounts = self.coverage.organization.accounts
        return frozenset(
            key
            for key in self._undesired
            if key.account in accounts and self.coverage.targetable(accounts[key.account])
        )

    def _deletions(self) -> Iterator[InstanceOperation]:
        """A whole OU that AWS must no longer cover, although not every account has an instance (assumption A22)."""
        left = set(self._removable)
        stale = tuple(self._stale())
        whole, partial = [one for one in stale if not one.excluded], [one for one in stale if one.excluded]
        for some in (whole, partial):  # a filter may keep AWS from unregistering the OU (assumption A3)
            for selection in group_ous(some, self._chain):
                keys = self._resolve(selection) & left
                left -= keys
                yield _operation("DELETE", selection, keys)
        yield from self.existing.operations("DELETE", left)

    def _stale(self) -> Iterator[OuTarget]:
        """Registered OUs that are no longer targets, keeping the accounts below that are still desired.

        If only the registration is left to remove and accounts below are desired, AWS has no call for it.
        """
        organization = self.coverage.organization
        for ou_id, regions in sorted(self.registered.items()):
            if ou_id not in organization.ous or not self.scope.has_ou(organization, ou_id):
                continue
            stale = regions - self.coverage.uniform[ou_id] - self.named.get(ou_id, frozenset())
            below = tuple(account.id for account in self.coverage.accounts_below(ou_id)) if stale else ()
            by_kept: dict[frozenset[str], set[str]] = defaultdict(set)
            for region in stale:
                kept = frozenset(one for one in below if InstanceKey(one, region) in self.desired)
                if not kept or any(InstanceKey(one, region) in self._removable for one in below):
                    by_kept[kept].add(region)
            for kept, group in by_kept.items():
                yield OuTarget(ou_id=ou_id, regions=frozenset(group), excluded=kept)

    # Accounts by name
    def _by_name(self, keys: Iterable[InstanceKey]) -> Iterator[InstanceOperation]:
        by_target: dict[tuple[str, str], set[str]] = defaultdict(set)
        for key in keys:
            by_target[key.account, self._beside(key)].add(key.region)
        targets = (
            AccountTarget(account=account, ou_id=ou_id, regions=frozenset(regions))
            for (account, ou_id), regions in sorted(by_target.items())
        )
        for selection in group_accounts(targets, self._chain):
            yield _operation("CREATE", selection, self._resolve(selection))

    def _beside(self, key: InstanceKey) -> str:
        """The OU to name beside a new account: one that is registered already, so that nothing more is registered."""
        parent = self.coverage.organization.accounts[key.account].parent_id
        return self._covering(parent, key.region) or parent

    def _chain(self, ou_id: str) -> tuple[str, ...]:
        return self.coverage.organization.chain(ou_id)

    def _resolve(self, selection: Selection) -> frozenset[InstanceKey]:
        targets, named = selection.targets, frozenset(selection.targets.accounts)
        if targets.account_filter == "INTERSECTION":
            chosen = named
        else:
            below = (account.id for ou_id in targets.ou_ids for account in self.coverage.accounts_below(ou_id))
            chosen = frozenset(below) - named
        return frozenset(InstanceKey(account, region) for account in chosen for region in selection.regions)


def _operation(
    action: Literal["CREATE", "DELETE"], selection: Selection, keys: Iterable[InstanceKey]
) -> InstanceOperation:
    return InstanceOperation(
        action=action, targets=selection.targets, regions=selection.regions, instances=tuple(sorted(keys))
    )

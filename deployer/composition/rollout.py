"""A roll-out of the config files to AWS: what commands compare, plan, carry out and remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from deployer import __version__
from deployer.aws.artifacts import ArtifactsBucket
from deployer.aws.installations import InstallationFinder
from deployer.aws.ledger import LedgerTable
from deployer.clock import Clock
from deployer.composition.inspection import Inspector
from deployer.errors import INTERRUPTED_EXIT_CODE, BusyError, PermissionDeniedError
from deployer.organization import Organization
from deployer.planning.basis import Difference, basis_of
from deployer.planning.bounds import check_within
from deployer.planning.comparison import make_plan, url_of
from deployer.planning.damage import Inspection
from deployer.planning.desired_state import Deployment
from deployer.planning.other_installations import FoundInstallation, check_only_installation, check_removable
from deployer.planning.plan import Plan
from deployer.planning.states import ActualState, DesiredState
from deployer.rendering.plan_file import PlanFile
from deployer.rollout.actual_state import existing_stack_sets, read_actual_state
from deployer.rollout.cloud import Cloud
from deployer.rollout.destroy import Removal, destroy, plan_removal
from deployer.rollout.execution import ExecutionOptions
from deployer.rollout.locking import Holder, Lock, LockRecord
from deployer.rollout.operations import IfBusy, OperationRunner
from deployer.rollout.progress import Report
from deployer.rollout.result import RolloutResult
from deployer.rollout.status import Status, status_of
from deployer.settings.rollout import Rollout
from deployer.targets import Scope
from deployer.waves import Wave, plan_waves
from handler.layers import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRequest:
    """The request of a command, before it is resolved."""

    config: Path
    profile: str | None = None
    ous: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    resume: bool = False
    """Whether the scope is that of the last roll-out, which did not succeed."""
    only_failed: bool = False
    """Whether the scope is then limited to accounts with a stack instance that is not CURRENT."""
    deep: bool = False
    """Whether resources in member accounts are read too, and repaired."""
    rollout: Layer = field(default_factory=dict)
    """Options that override `rollout:` in organization.yaml."""
    file: PlanFile | None = None
    """The plan to carry out, which also has the scope."""
    takes_lock: bool = False
    """Whether the command changes something: then the record of the lock is read before anything else."""


class Comparison(NamedTuple):
    """A plan, and the actual state that it rests on."""

    plan: Plan
    actual: ActualState


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutContext:
    """Everything that the commands need: the caller, the desired state, and access to AWS."""

    caller: str
    organization: Organization
    deployment: Deployment
    rollout: Rollout
    cloud: Cloud
    bucket: ArtifactsBucket
    ledger: LedgerTable
    lock: Lock
    installations: InstallationFinder
    check_topics: Callable[[], None] = lambda: None
    """Raises InvalidConfigurationError if the config files name topics that do not exist."""
    inspector: Inspector | None = None
    """Reads resources in member accounts; None if the request is not for them."""
    request: RolloutRequest
    clock: Clock
    digests: Mapping[str, str]
    """Of the config files."""
    approved: Plan | None = None
    """The plan of a file, which limits every plan of its roll-out."""

    @property
    def desired(self) -> DesiredState:
        return self.deployment.desired

    def plan(self) -> Plan:
        """Compare desired and actual state; raises OtherInstallationError if another installation exists."""
        return self._within(self.compare().plan)

    def compare(self, *, recalls: bool = False) -> Comparison:
        """The plan, and the actual state that it rests on; `recalls`: StackSets were read a moment ago."""
        self.check_topics()
        actual = read_actual_state(self.desired, self.cloud, recalls=recalls)
        check_only_installation(self.deployment.names, self._found_installations(actual))
        return self.compared(self._inspected(actual))

    def _found_installations(self, actual: ActualState) -> tuple[FoundInstallation, ...]:
        """All in enabled regions that the caller may read; `doctor` reports the others."""
        names = self.deployment.names
        existing = (
            actual.stack_sets[name].body
            for name in (names.forwarding_stack_set, names.access_stack_set)
            if name in actual.stack_sets
        )
        elsewhere, _ = self.installations.elsewhere()
        return (*self.installations.here(template=next(existing, None)), *elsewhere)

    def compared(self, actual: ActualState) -> Comparison:
        """The plan for an actual state."""
        return Comparison(make_plan(self.desired, actual), actual)

    def compare_when_free(self, report: Report, *, if_busy: IfBusy) -> tuple[RolloutContext, Comparison]:
        """The same once no operation is in progress, since operations change the plan; of failures only if requested.

        After an interrupted roll-out one probably is, so it is waited for before everything is read.
        """
        runner = OperationRunner(self.cloud.stack_sets, report=report, clock=self.cloud.clock, if_busy=if_busy)
        if self.lock.unfinished is not None:
            for name in existing_stack_sets(self.desired, self.cloud.stack_sets):
                runner.wait_until_free(name)
        only_failed = self.request.only_failed
        context = self._only_failed() if only_failed else self
        found = context.compare(recalls=only_failed)
        while found.plan.under_way:
            for busy in found.plan.under_way:
                runner.wait_until_free(busy.stack_set)
            found = context.compare()
        return context, found

    def plan_file(self, found: Comparison) -> PlanFile:
        """The plan as a file; raises BusyError if an operation is in progress, which is about to change the state."""
        if found.plan.under_way:
            raise BusyError(
                f"StackSet {found.plan.under_way[0].stack_set} is busy, so the plan is about to change",
                next_step="Plan again when that operation has ended.",
            )
        basis = basis_of(self.desired, found.actual, files=self.digests, version=__version__)
        created = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return PlanFile.of(found.plan, basis, self.organization, caller=self.caller, created=created)

    def approved_by(self, file: PlanFile, found: Comparison) -> tuple[RolloutContext, Plan, tuple[Difference, ...]]:
        """The same, limited to the plan of a file; that plan; and what has changed since the file was written.

        If the file's author could not create change sets, templates are compared here too.
        """
        denied = file.denied_previews
        if more := found.actual.denied_previews - denied:
            names = ", ".join(sorted(key.name for key in more))
            raise PermissionDeniedError(
                f"The plan file has change sets of {names}, and cloudformation:CreateChangeSet was denied here",
                next_step="Allow it, or plan with these credentials.",
            )
        previews = {key: preview for key, preview in found.actual.previews.items() if key not in denied}
        compared = frozenset(found.actual.previews.keys() & denied) | found.actual.denied_previews
        actual = replace(found.actual, previews=previews, denied_previews=compared)
        current = self.compared(actual)
        return replace(self, approved=current.plan), current.plan, file.changed_since(self.plan_file(current))

    def _within(self, plan: Plan) -> Plan:
        return plan if self.approved is None else check_within(plan, self.approved)

    def execution_options(self, plan: Plan, *, if_busy: IfBusy) -> ExecutionOptions:
        """The options for carrying out a plan; its waves repair what the plan repairs."""
        return ExecutionOptions(
            if_busy=if_busy,
            waves=self.waves,
            plan_in=lambda scope: self.plan_in(scope, inspection=plan.inspection),
            lock=self.lock,
            record=self.record("rollout"),
            keeps_unfinished=self.is_part_of_unfinished,
            remaining_damage=self.inspector.central_damage if self.inspector else lambda _: (),
            closes_record=self.request.resume and not self.request.only_failed,
        )

    @property
    def is_part_of_unfinished(self) -> bool:
        """Whether only the failures of a roll-out are retried that has more to do."""
        return self.request.only_failed and self.lock.unfinished is not None

    def plan_in(self, scope: Scope, *, inspection: Inspection | None = None) -> Plan:
        """The same for another scope, without previews of stack updates; what was just read is not read again."""
        desired = replace(self.desired, scope=scope)
        read = read_actual_state(desired, self.cloud, previews=False, recalls=True)
        actual = replace(read, inspection=inspection)
        return self._within(make_plan(desired, actual))

    def _only_failed(self) -> RolloutContext:
        """The same, limited to accounts that have a stack instance that is not CURRENT."""
        scope = self.desired.scope
        failed = frozenset(
            instance.account
            for name, state in self._actual_state().stack_sets.items()
            for instance in state.instances
            if not instance.is_current
            and instance.account in self.organization.accounts
            and self.organization.accounts[instance.account].is_active
            and self.desired.scope_of(name).has(self.organization, instance.key)
        )
        desired = replace(self.desired, scope=Scope(account_ids=failed, regions=scope.regions))
        request = replace(self.request, ous=(), accounts=sorted(failed)) if failed else self.request
        return replace(self, deployment=replace(self.deployment, desired=desired), request=request)

    @property
    def waves(self) -> tuple[Wave, ...]:
        """Those that have accounts in the scope; none if none are requested."""
        return plan_waves(self.rollout.waves, self.organization, self.desired.scope)

    def record(self, command: str) -> LockRecord:
        """The content of the lock; the lock itself adds the times and its holder.

        A retry of failures keeps the scope of the roll-out that they belong to, for `--resume`.
        """
        now = self.clock.now()
        if self.is_part_of_unfinished and self.lock.unfinished is not None:
            return self.lock.unfinished
        return LockRecord(
            command=command,
            holder=Holder(owner=self.caller, machine="", process=0),
            started=now,
            expires=now,
            ous=tuple(self.request.ous),
            accounts=tuple(self.request.accounts),
            regions=tuple(self.request.regions),
        )

    def status(self) -> Status:
        """The same comparison, without previews of updates; raises OtherInstallationError if another exists."""
        found = self._actual_state()
        check_only_installation(self.deployment.names, self._found_installations(found))
        actual = self._inspected(found)
        return status_of(self.desired, actual, make_plan(self.desired, actual))

    def url(self) -> str | None:
        """The handler's function URL, read from the central stack; None if it has none."""
        central = self.desired.central
        return url_of(self.cloud.stacks.describe(central.name, region=central.region))

    def removal(self, *, delete_ledger: bool) -> Removal:
        """Everything that exists, to be removed; raises OtherInstallationError if only another exists."""
        actual = self._actual_state()
        removal = plan_removal(
            self.desired,
            actual,
            bucket=self.bucket.exists(),
            ledger=self.ledger.exists(),
            delete_ledger=delete_ledger,
        )
        others = check_removable(self.deployment.names, self._found_installations(actual), exists=not removal.is_empty)
        return replace(removal, others=others)

    def destroy(self, removal: Removal, report: Report) -> RolloutResult:
        """Remove everything, under the lock."""
        self.lock.take(self.record("destroy"))
        exit_code = INTERRUPTED_EXIT_CODE
        try:
            result = destroy(removal, self.cloud, report, bucket=self.bucket, ledger=self.ledger)
            exit_code = result.exit_code
        finally:
            self.lock.release(exit_code)
        return result

    def _inspected(self, actual: ActualState) -> ActualState:
        return self.inspector.inspected(self.desired, actual) if self.inspector else actual

    def _actual_state(self) -> ActualState:
        return read_actual_state(self.desired, self.cloud, previews=False)

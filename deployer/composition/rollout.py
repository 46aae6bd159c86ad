"""Puts a roll-out together: credentials, config and organization checked against each other, AWS behind Protocols."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from deployer import __version__
from deployer.aws.artifacts import ArtifactsBucket, LockFile
from deployer.aws.function import LambdaFunctions
from deployer.aws.installations import InstallationFinder
from deployer.aws.ledger import LedgerTable
from deployer.aws.member_resources import MemberResources
from deployer.aws.opt_in_regions import opt_in_regions
from deployer.aws.preconditions import check_regions, check_stack_sets
from deployer.aws.session import Session
from deployer.aws.stack_set_reader import CallAs
from deployer.aws.stack_sets import CloudFormationStackSets
from deployer.aws.stacks import CloudFormationStacks
from deployer.aws.topics import check_topics
from deployer.clock import Clock
from deployer.composition.inspection import Inspector
from deployer.composition.installation import Installation
from deployer.errors import (
    INTERRUPTED_EXIT_CODE,
    BusyError,
    NotFoundError,
    PermissionDeniedError,
    PlanOutdatedError,
)
from deployer.operation_preferences import OperationPreferences
from deployer.organization import Organization
from deployer.planning.basis import Difference, basis_of
from deployer.planning.bounds import check_within
from deployer.planning.damage import Inspection
from deployer.planning.desired_state import Deployment, deployment_for
from deployer.planning.other_installations import check_only_installation
from deployer.planning.plan import ActualState, DesiredState, Plan, make_plan, url_of
from deployer.planning.scopes import find_scope
from deployer.rendering.plan_file import PlanFile
from deployer.rollout.actual_state import existing_stack_sets, read_actual_state
from deployer.rollout.cloud import Cloud
from deployer.rollout.destroy import Removal, destroy, plan_removal
from deployer.rollout.execution import ExecutionOptions
from deployer.rollout.locking import Holder, Lock, LockRecord
from deployer.rollout.operations import IfBusy, OperationRunner
from deployer.rollout.processes import is_running, machine
from deployer.rollout.progress import Report
from deployer.rollout.result import RolloutResult
from deployer.rollout.status import Status, status_of
from deployer.settings.rollout import Rollout
from deployer.targets import Scope
from deployer.waves import Wave, plan_waves
from templates.names import Names


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
    rollout: Mapping[str, Any] = field(default_factory=dict)
    """Options that override `rollout:` in organization.yaml."""
    file: PlanFile | None = None
    """The plan to carry out, which also has the scope."""


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

    def compare(self) -> Comparison:
        """The plan, and the actual state that it rests on."""
        self.check_topics()
        actual = read_actual_state(self.desired, self.cloud)
        self._check_installations(actual)
        return self.compared(self._inspected(actual))

    def _check_installations(self, actual: ActualState) -> None:
        """Look in every enabled region before the first roll-out; afterwards, two calls suffice."""
        names = self.deployment.names
        existing = [
            actual.stack_sets[name].body
            for name in (names.forwarding_stack_set, names.access_stack_set)
            if name in actual.stack_sets
        ]
        found = self.installations.here(template=existing[0] if existing else None)
        if not existing:
            found += self.installations.elsewhere()[0]
        check_only_installation(names, found)

    def compared(self, actual: ActualState) -> Comparison:
        """The plan for an actual state."""
        return Comparison(make_plan(self.desired, actual), actual)

    def compare_when_free(self, report: Report, *, if_busy: IfBusy) -> Comparison:
        """The same once no operation is in progress, since operations change the plan.

        After an interrupted roll-out one probably is, so it is waited for before everything is read.
        """
        runner = OperationRunner(self.cloud.stack_sets, report=report, clock=self.cloud.clock, if_busy=if_busy)
        if self.lock.unfinished is not None:
            for name in existing_stack_sets(self.desired, self.cloud.stack_sets):
                runner.wait_until_free(name)
        found = self.compare()
        while found.plan.under_way:
            for busy in found.plan.under_way:
                runner.wait_until_free(busy.stack_set)
            found = self.compare()
        return found

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
            closes_record=self.request.resume and not self.request.only_failed,
        )

    @property
    def is_part_of_unfinished(self) -> bool:
        """Whether only the failures of a roll-out are retried that has more to do."""
        return self.request.only_failed and self.lock.unfinished is not None

    def plan_in(self, scope: Scope, *, inspection: Inspection | None = None) -> Plan:
        """The same for another scope, without previews of stack updates."""
        desired = replace(self.desired, scope=scope)
        actual = replace(read_actual_state(desired, self.cloud, previews=False), inspection=inspection)
        return self._within(make_plan(desired, actual))

    def only_failed(self) -> RolloutContext:
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
        """The same comparison, without previews of updates."""
        actual = self._inspected(self._actual_state())
        return status_of(self.desired, actual, make_plan(self.desired, actual))

    def url(self) -> str | None:
        """The handler's function URL, read from the central stack; None if it has none."""
        central = self.desired.central
        return url_of(self.cloud.stacks.describe(central.name, region=central.region))

    def removal(self, *, delete_ledger: bool) -> Removal:
        """Everything that exists, to be removed."""
        return plan_removal(
            self.desired,
            self._actual_state(),
            bucket=self.bucket.exists(),
            ledger=self.ledger.exists(),
            delete_ledger=delete_ledger,
        )

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


def assemble(request: RolloutRequest, *, clock: Clock) -> RolloutContext:
    """Read config and organization and check that they, the caller and AWS's state allow a roll-out. Writes nothing."""
    installation = Installation.open(request.config, profile=request.profile, clock=clock)
    config, session, organization = installation.config, installation.session, installation.organization
    call_as = check_stack_sets(session, organization, region=config.home_region)
    compiled = installation.compiled
    enabled_regions = check_regions(session, compiled.regions, home=config.home_region)
    bucket = _bucket(session, installation.names)
    lock = Lock(
        LockFile(bucket),
        Holder(owner=session.identity.arn, machine=machine(), process=os.getpid()),
        is_running=is_running,
        clock=clock.now,
    )
    if request.resume:
        request = _resumed(request, lock.read())
    if request.file is not None:
        request = _of_file(request, request.file, organization)
    scope = find_scope(
        organization, ous=request.ous, accounts=request.accounts, regions=request.regions, known_regions=enabled_regions
    )
    deployment = deployment_for(
        compiled,
        scope=scope,
        partition=session.identity.partition,
        enabled_regions=enabled_regions,
        opt_in_regions=opt_in_regions(
            session,
            compiled.regions,
            enabled=enabled_regions,
            management_account=organization.management_account_id,
            home=config.home_region,
        ),
    )
    rollout = replace(config.rollout, **request.rollout)
    return RolloutContext(
        caller=session.identity.arn,
        organization=organization,
        deployment=deployment,
        rollout=rollout,
        cloud=_cloud(
            session, deployment.names, bucket, lock, clock=clock, preferences=rollout.preferences, call_as=call_as
        ),
        bucket=bucket,
        ledger=installation.ledger,
        lock=lock,
        installations=InstallationFinder(
            session=session, call_as=call_as, names=deployment.names, regions=enabled_regions.keys(), clock=clock
        ),
        check_topics=partial(check_topics, session, installation.config),
        inspector=_inspector(installation, deployment.names) if request.deep else None,
        request=request,
        clock=clock,
        digests=config.digests,
    )


def _inspector(installation: Installation, names: Names) -> Inspector:
    return Inspector(accounts=MemberResources(installation.members(names.auditor_role)), names=names)


def _bucket(session: Session, names: Names) -> ArtifactsBucket:
    return ArtifactsBucket(
        session.client("s3", region=names.central_region),
        bucket=names.artifacts_bucket,
        account=names.central_account,
        domain=names.dns_suffix,
    )


def _cloud(  # noqa: PLR0913 - everything meets here
    session: Session,
    names: Names,
    bucket: ArtifactsBucket,
    lock: Lock,
    *,
    clock: Clock,
    preferences: OperationPreferences,
    call_as: CallAs,
) -> Cloud:
    """Access to AWS. Its waits renew the lock."""

    def sleep(seconds: float) -> None:
        lock.renew()
        clock.sleep(seconds)

    renewing = replace(clock, sleep=sleep)

    stack_sets = CloudFormationStackSets(
        session.client("cloudformation", region=names.central_region),
        call_as=call_as,
        store=bucket.store_template,
        preferences=preferences,
        caller=session.identity.arn,
        clock=renewing,
    )
    stacks = CloudFormationStacks(session, store=bucket.store_template, clock=renewing)
    functions = LambdaFunctions(session.client("lambda", region=names.central_region))
    return Cloud(stacks=stacks, stack_sets=stack_sets, artifacts=bucket, functions=functions, clock=renewing)


def _of_file(request: RolloutRequest, file: PlanFile, organization: Organization) -> RolloutRequest:
    """The scope of a plan file; raises PlanOutdatedError if a part of it does not exist any more."""
    scope = file.scope
    missing = sorted((scope.ou_ids - organization.ous.keys()) | (scope.account_ids - organization.accounts.keys()))
    if missing:
        raise PlanOutdatedError(
            f"The plan no longer applies: {missing[0]} is not in {organization.id} any more. Nothing was changed",
            next_step="Plan again with `deployer plan --out FILE`.",
        )
    return replace(
        request, ous=sorted(scope.ou_ids), accounts=sorted(scope.account_ids), regions=sorted(scope.regions or ())
    )


def _resumed(request: RolloutRequest, last: LockRecord | None) -> RolloutRequest:
    """The last roll-out's scope; raises NotFoundError if it left nothing to resume."""
    if last is None or last.exit_code == 0:
        state = "succeeded" if last else "is unknown"
        raise NotFoundError(
            f"There is nothing to resume: the last roll-out {state}",
            next_step="Run `deployer rollout --org` to start a new roll-out.",
        )
    if last.command != "rollout":
        raise NotFoundError(
            f"There is nothing to resume: the last command was `deployer {last.command}`",
            next_step=f"Run `deployer {last.command}` again to continue it.",
        )
    return replace(request, ous=last.ous, accounts=last.accounts, regions=last.regions)

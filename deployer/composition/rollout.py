"""Puts a roll-out together: credentials, config and organization checked against each other, AWS behind Protocols."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deployer.aws.artifacts import ArtifactsBucket, LockFile
from deployer.aws.ledger import LedgerTable
from deployer.aws.opt_in_regions import opt_in_regions
from deployer.aws.preconditions import check_regions, check_stack_sets
from deployer.aws.session import Session
from deployer.aws.stack_set_reader import CallAs
from deployer.aws.stack_sets import CloudFormationStackSets
from deployer.aws.stacks import CloudFormationStacks
from deployer.clock import Clock
from deployer.composition.installation import Installation
from deployer.errors import INTERRUPTED_EXIT_CODE, NotFoundError
from deployer.operation_preferences import OperationPreferences
from deployer.organization import Organization
from deployer.planning.plan import Facts, Plan, Wish, make_plan
from deployer.planning.scopes import find_scope
from deployer.planning.wishes import Wanted, wish_for
from deployer.rollout.destroy import Removal, destroy, plan_removal
from deployer.rollout.execution import Cloud, Course
from deployer.rollout.locking import Holder, Lock, Record
from deployer.rollout.operations import IfBusy, OperationRunner
from deployer.rollout.outcome import Outcome
from deployer.rollout.processes import is_at_work, machine
from deployer.rollout.progress import Report
from deployer.rollout.status import Status, status_of
from deployer.rollout.survey import look
from deployer.settings.rollout import Rollout
from deployer.targets import Scope
from deployer.waves import Wave, plan_waves
from templates.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The request of a command, before it is resolved."""

    config: Path
    profile: str | None = None
    ous: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    resume: bool = False
    """Whether the scope is that of the last roll-out, which did not succeed."""
    rollout: Mapping[str, Any] = field(default_factory=dict)
    """Options that override `rollout:` in organization.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that the commands need: the caller, the desired state, and access to AWS."""

    caller: str
    organization: Organization
    wanted: Wanted
    rollout: Rollout
    cloud: Cloud
    bucket: ArtifactsBucket
    ledger: LedgerTable
    lock: Lock
    ask: Ask
    clock: Clock

    @property
    def wish(self) -> Wish:
        return self.wanted.wish

    def plan(self) -> Plan:
        """Compare desired and actual state."""
        return make_plan(self.wish, look(self.wish, self.cloud))

    def plan_when_free(self, report: Report, *, if_busy: IfBusy) -> Plan:
        """The plan once no operation is in progress, since operations change the plan."""
        plan = self.plan()
        while plan.under_way:
            runner = OperationRunner(self.cloud.stack_sets, report=report, clock=self.cloud.clock, if_busy=if_busy)
            for busy in plan.under_way:
                runner.wait_until_free(busy.stack_set)
            plan = self.plan()
        return plan

    def course(self, *, if_busy: IfBusy) -> Course:
        """The options for carrying out a plan."""
        return Course(
            if_busy=if_busy, waves=self.waves, plan_in=self.plan_in, lock=self.lock, record=self.record("rollout")
        )

    def plan_in(self, scope: Scope) -> Plan:
        """The same for another scope, without previews of stack updates."""
        wish = replace(self.wish, scope=scope)
        return make_plan(wish, look(wish, self.cloud, previews=False))

    def only_failed(self) -> Situation:
        """The same, limited to accounts that have a stack instance that is not CURRENT."""
        scope = self.wish.scope
        failed = frozenset(
            instance.account
            for name, state in self._facts().stack_sets.items()
            for instance in state.instances
            if not instance.is_current
            and instance.account in self.organization.accounts
            and self.organization.accounts[instance.account].is_active
            and self.wish.scope_of(name).has(self.organization, instance.key)
        )
        wish = replace(self.wish, scope=Scope(account_ids=failed, regions=scope.regions))
        return replace(self, wanted=replace(self.wanted, wish=wish))

    @property
    def waves(self) -> tuple[Wave, ...]:
        """Those that have accounts in the scope; none if none are requested."""
        return plan_waves(self.rollout.waves, self.organization, self.wish.scope)

    def record(self, command: str) -> Record:
        """The content of the lock; the lock itself adds the times and its holder."""
        now = self.clock.now()
        return Record(
            command=command,
            holder=Holder(owner=self.caller, machine="", process=0),
            started=now,
            expires=now,
            ous=tuple(self.ask.ous),
            accounts=tuple(self.ask.accounts),
            regions=tuple(self.ask.regions),
        )

    def status(self) -> Status:
        """The same comparison, without previews of updates."""
        facts = self._facts()
        return status_of(self.wish, facts, make_plan(self.wish, facts))

    def removal(self, *, delete_ledger: bool) -> Removal:
        """Everything that exists, to be removed."""
        return plan_removal(
            self.wish,
            self._facts(),
            bucket=self.bucket.exists(),
            ledger=self.ledger.exists(),
            delete_ledger=delete_ledger,
        )

    def destroy(self, removal: Removal, report: Report) -> Outcome:
        """Remove everything, under the lock."""
        self.lock.take(self.record("destroy"))
        exit_code = INTERRUPTED_EXIT_CODE
        try:
            outcome = destroy(removal, self.cloud, report, bucket=self.bucket, ledger=self.ledger)
            exit_code = outcome.exit_code
        finally:
            self.lock.release(exit_code)
        return outcome

    def _facts(self) -> Facts:
        return look(self.wish, self.cloud, previews=False)


def assemble(ask: Ask, *, clock: Clock) -> Situation:
    """Read config and organization and check that they, the caller and AWS's state allow a roll-out. Writes nothing."""
    installation = Installation.open(ask.config, profile=ask.profile, clock=clock)
    config, session, organization = installation.config, installation.session, installation.organization
    call_as = check_stack_sets(session, organization, region=config.home_region)
    compiled = installation.compiled
    enabled_regions = check_regions(session, compiled.regions, home=config.home_region)
    bucket = _bucket(session, installation.names)
    lock = Lock(
        LockFile(bucket),
        Holder(owner=session.identity.arn, machine=machine(), process=os.getpid()),
        is_at_work=is_at_work,
        clock=clock.now,
    )
    if ask.resume:
        ask = _resumed(ask, lock.look())
    scope = find_scope(
        organization, ous=ask.ous, accounts=ask.accounts, regions=ask.regions, known_regions=enabled_regions
    )
    wanted = wish_for(
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
    rollout = replace(config.rollout, **ask.rollout)
    return Situation(
        caller=session.identity.arn,
        organization=organization,
        wanted=wanted,
        rollout=rollout,
        cloud=_cloud(
            session, wanted.names, bucket, lock, clock=clock, preferences=rollout.preferences, call_as=call_as
        ),
        bucket=bucket,
        ledger=installation.ledger,
        lock=lock,
        ask=ask,
        clock=clock,
    )


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
        lock.keep()
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
    return Cloud(stacks=stacks, stack_sets=stack_sets, artifacts=bucket, clock=renewing)


def _resumed(ask: Ask, last: Record | None) -> Ask:
    """The last roll-out's scope; raises NotFoundError if it left nothing to resume."""
    if last is None or last.exit_code == 0:
        state = "ended well" if last else "is not known"
        raise NotFoundError(
            f"There is nothing to resume: the last roll-out {state}", next_step="`deployer rollout --org` plans anew."
        )
    if last.command != "rollout":
        raise NotFoundError(
            f"There is nothing to resume: the last command was `deployer {last.command}`",
            next_step=f"`deployer {last.command}` goes on from where it stopped.",
        )
    return replace(ask, ous=last.ous, accounts=last.accounts, regions=last.regions)

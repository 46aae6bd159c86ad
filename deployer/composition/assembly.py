"""Puts a roll-out together: credentials, config and organization checked against each other, AWS behind Protocols."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from deployer.aws.artifacts import ArtifactsBucket, LockFile
from deployer.aws.central_resources import CentralResources
from deployer.aws.function import LambdaFunctions
from deployer.aws.installations import InstallationFinder
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
from deployer.composition.rollout import RolloutContext, RolloutRequest
from deployer.errors import NotFoundError, PlanOutdatedError
from deployer.operation_preferences import OperationPreferences
from deployer.organization import Organization
from deployer.planning.desired_state import Deployment, deployment_for, is_stack_set_of
from deployer.planning.scopes import find_scope
from deployer.rendering.plan_file import PlanFile
from deployer.rollout.cloud import Cloud
from deployer.rollout.locking import Holder, Lock, LockRecord
from deployer.rollout.processes import is_running, machine
from deployer.settings.rollout import Rollout
from handler.layers import overlay
from templates.names import Names


def assemble(request: RolloutRequest, *, clock: Clock) -> RolloutContext:
    """Read config and organization and check that they, the caller and AWS's state allow a roll-out. Writes nothing."""
    installation = Installation.open(request.config, profile=request.profile, clock=clock)
    config, session, names = installation.config, installation.session, installation.names
    call_as = check_stack_sets(session, installation.organization_ids, region=config.home_region)
    bucket = ArtifactsBucket.connect(session, names=names)
    lock = Lock(
        LockFile(bucket),
        Holder(owner=session.identity.arn, machine=machine(), process=os.getpid()),
        is_running=is_running,
        clock=clock.now,
    )
    if request.takes_lock:
        lock.read()
    rollout = overlay(config.rollout, request.rollout)
    cloud, stack_sets = _cloud(
        session, names, bucket, lock, clock=clock, preferences=rollout.preferences, call_as=call_as
    )
    if lock.unfinished is None:  # its operations have to end first
        stack_sets.prefetch(partial(is_stack_set_of, names))
    try:
        return _assembled(installation, request, rollout, cloud, bucket=bucket, lock=lock, call_as=call_as)
    except BaseException:
        stack_sets.stop_prefetching()
        raise


def _assembled(  # noqa: PLR0913 - as below
    installation: Installation,
    request: RolloutRequest,
    rollout: Rollout,
    cloud: Cloud,
    *,
    bucket: ArtifactsBucket,
    lock: Lock,
    call_as: CallAs,
) -> RolloutContext:
    """Read the organization, and check the config files and the request against it."""
    config, session, organization = installation.config, installation.session, installation.organization
    enabled_regions = check_regions(session, installation.compiled.regions, home=config.home_region)
    if request.resume:
        request = _resumed(request, lock.last)
    if request.file is not None:
        request = _of_file(request, request.file, organization)
    deployment = _deployment(installation, request, enabled_regions)
    return RolloutContext(
        caller=session.identity.arn,
        organization=organization,
        deployment=deployment,
        rollout=rollout,
        cloud=cloud,
        bucket=bucket,
        ledger=installation.ledger,
        lock=lock,
        installations=InstallationFinder(
            session=session,
            call_as=call_as,
            names=deployment.names,
            regions=enabled_regions.keys(),
            clock=installation.clock,
        ),
        check_topics=partial(check_topics, session, config),
        inspector=_inspector(installation, deployment.names) if request.deep else None,
        request=request,
        clock=installation.clock,
        digests=config.digests,
    )


def _deployment(installation: Installation, request: RolloutRequest, enabled_regions: Mapping[str, str]) -> Deployment:
    """The desired state in the scope of the request."""
    session, organization = installation.session, installation.organization
    regions = installation.compiled.regions
    return deployment_for(
        installation.compiled,
        scope=find_scope(
            organization,
            ous=request.ous,
            accounts=request.accounts,
            regions=request.regions,
            known_regions=enabled_regions,
        ),
        partition=session.identity.partition,
        enabled_regions=enabled_regions,
        opt_in_regions=opt_in_regions(
            session,
            regions,
            enabled=enabled_regions,
            management_account=organization.management_account_id,
            home=installation.config.home_region,
        ),
    )


def _inspector(installation: Installation, names: Names) -> Inspector:
    return Inspector(
        accounts=MemberResources(installation.members(names.auditor_role)),
        central=CentralResources(installation.session),
        names=names,
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
) -> tuple[Cloud, CloudFormationStackSets]:
    """Access to AWS, and its StackSets as they are prefetched. Its waits renew the lock."""

    def sleep(seconds: float) -> None:
        lock.renew()
        clock.sleep(seconds)

    renewing = replace(clock, sleep=sleep)

    stack_sets = CloudFormationStackSets.connect(
        session,
        region=names.central_region,
        call_as=call_as,
        store=bucket.store_template,
        preferences=preferences,
        clock=renewing,
    )
    stacks = CloudFormationStacks(session, store=bucket.store_template, clock=renewing)
    functions = LambdaFunctions.connect(session, region=names.central_region)
    cloud = Cloud(stacks=stacks, stack_sets=stack_sets, artifacts=bucket, functions=functions, clock=renewing)
    return cloud, stack_sets


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

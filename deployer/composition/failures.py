"""Puts `deployer failures` together: the operator role, and AWS behind Protocols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deployer.aws.archive import EventArchive
from deployer.aws.function import HandlerFunction
from deployer.aws.preconditions import call_as_of
from deployer.aws.queues import SqsQueues
from deployer.aws.stack_set_reader import stack_set_reader
from deployer.composition.installation import Installation
from deployer.failures.messages import Queue
from deployer.organization import Organization
from templates.names import Names


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What the commands for failures require, under the operator role."""

    organization: Organization
    names: Names
    all_queues: tuple[Queue, ...] = field(repr=False)
    """The failures queue first, then every dead-letter queue of an active account."""
    queues: SqsQueues = field(repr=False)
    function: HandlerFunction = field(repr=False)


def open_failures(config_directory: Path, *, profile: str | None) -> Operation:
    """Everything for `list`, `show` and `redrive`."""
    installation = Installation.open(config_directory, profile=profile).as_operator()
    session, names = installation.session, installation.names
    all_queues = (_failures_queue(names), *_dead_letter_queues(installation))
    return Operation(
        organization=installation.organization,
        names=names,
        all_queues=all_queues,
        queues=SqsQueues(session, (queue.region for queue in all_queues)),
        function=HandlerFunction.connect(session, name=names.function),
    )


def open_archive(config_directory: Path, *, profile: str | None) -> EventArchive:
    """The event archive for `replay`."""
    installation = Installation.open(config_directory, profile=profile).as_operator()
    return EventArchive.connect(installation.session, names=installation.names)


def _failures_queue(names: Names) -> Queue:
    return Queue(account=names.central_account, region=names.central_region, name=names.failures_queue, is_central=True)


def _dead_letter_queues(installation: Installation) -> Sequence[Queue]:
    """One per stack instance of the forwarding StackSet; the queue of a suspended account cannot be reached."""
    organization, names = installation.organization, installation.names
    stack_sets = stack_set_reader(
        installation.session,
        call_as=call_as_of(names.central_account, organization),
        clock=installation.clock,
    )
    keys = {
        (account, region)
        for account, region in stack_sets.instance_keys(names.forwarding_stack_set)
        if account in organization.accounts and organization.accounts[account].is_active
    }
    if names.central_account == organization.management_account_id:
        management = installation.compiled.settings_for_account(names.central_account)
        keys |= {(names.central_account, region) for region in management.regions if management.enabled}
    return [
        Queue(account=account, region=region, name=names.forwarding_dead_letter_queue)
        for account, region in sorted(keys)
    ]

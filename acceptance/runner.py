"""Runs checks one after the other, and removes their resources, however the run ends."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from acceptance.access import Access
from acceptance.catalogue import missing
from acceptance.check import Check, Finding, Need, not_run
from acceptance.errors import AcceptanceError
from acceptance.journal import Journal, Resource
from acceptance.lab import Lab, StackError
from acceptance.removal import remove
from acceptance.report import Result
from deployer.clock import Clock
from deployer.errors import DeployerError

Say = Callable[[str], None]


def available(lab: Lab) -> frozenset[Need]:
    """The requirements of checks that this run meets."""
    provided = {
        Need.MANAGEMENT: lab.access.has("management"),
        Need.SUSPENDED: lab.environment.suspended_account is not None,
        Need.SECOND_REGION: lab.environment.second_region is not None,
        Need.REAL_AWS: not lab.access.is_sandbox,
    }
    return frozenset(need for need, is_provided in provided.items() if is_provided)


def run(checks: Sequence[Check], lab: Lab) -> Iterator[Result]:
    """Run each check whose requirements are met, and clean up after each; `clean` removes shared resources."""
    needs = available(lab)
    for check in checks:
        started = time.monotonic()
        lab.access.renew()  # a run takes longer than a role session lasts; one check does not
        finding = _unmet(check, needs) or _finding(check, lab)
        _clean_after(lab)
        yield Result(check=check, finding=finding, seconds=time.monotonic() - started)


def clean(journal: Journal, access: Access, *, say: Say, clock: Clock) -> tuple[str, ...]:
    """Remove all resources that a run may have left, newest first; returns descriptions of those that remain."""
    left = []
    for resource in journal.left():
        say(f"Removing {resource}")
        if problem := _removed(resource, journal, access, clock):
            left.append(problem)
    return tuple(left)


@contextlib.contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP (a closed terminal) end the block like Ctrl-C, so that the cleanup still runs."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {one: signal.signal(one, interrupt) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextlib.contextmanager
def delayed_interrupts(say: Say) -> Iterator[None]:
    """The first Ctrl-C during the cleanup only prints a warning, the second stops it. SIGHUP is ignored."""
    seen = 0

    def ask(_signal: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            raise KeyboardInterrupt
        say("Cleaning up. Press Ctrl-C again to stop; `python -m acceptance clean` then removes the rest.")

    before = {one: signal.signal(one, ask) for one in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _unmet(check: Check, needs: frozenset[Need]) -> Finding | None:
    missing_needs = missing(check, needs)
    return not_run(f"Requires {'; '.join(missing_needs)}") if missing_needs else None


def _finding(check: Check, lab: Lab) -> Finding:
    """The finding of a check. An error that the check does not handle proves nothing about the assumption."""
    lab.report(f"{check.id}: {check.title}")
    try:
        return check.run(lab)
    except StackError as error:
        return not_run(f"Stack {error.name} was not created: {error}", events=error.events)
    except ClientError as error:
        return not_run(f"AWS refused {error.operation_name}: {error}", error=error.response.get("Error", {}))
    except (AcceptanceError, BotoCoreError, DeployerError) as error:
        return not_run(f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - the results of the other checks are kept
        return not_run(f"Error in the check: {type(error).__name__}: {error}")


def _clean_after(lab: Lab) -> None:
    """Remove the resources of one check; a failed removal is tried again at the end."""
    for resource in lab.journal.left():
        if resource.key not in lab.kept:
            lab.report(f"Removing {resource}")
            _removed(resource, lab.journal, lab.access, lab.clock)


def _removed(resource: Resource, journal: Journal, access: Access, clock: Clock) -> str | None:
    try:
        remove(resource, access, clock)
    except (AcceptanceError, BotoCoreError, ClientError, DeployerError) as error:
        return f"{resource}: {error}"
    except Exception as error:  # noqa: BLE001 - the other resources are still removed
        return f"{resource}: {type(error).__name__}: {error}"
    journal.gone(resource)
    return None

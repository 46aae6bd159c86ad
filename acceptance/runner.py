"""Runs checks one after the other, and removes what they created, whatever ends the run."""

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
    """What this run has of what checks may need."""
    given = {
        Need.MANAGEMENT: lab.access.has("management"),
        Need.SUSPENDED: lab.environment.suspended_account is not None,
        Need.SECOND_REGION: lab.environment.second_region is not None,
        Need.REAL_AWS: not lab.access.is_sandbox,
    }
    return frozenset(need for need, is_given in given.items() if is_given)


def run(checks: Sequence[Check], lab: Lab) -> Iterator[Result]:
    """Run each check that can be run, and clean up after each; what is shared stays for `clean`."""
    needs = available(lab)
    for check in checks:
        started = time.monotonic()
        lab.access.renew()  # a run takes longer than a session of a role lasts; one check does not
        finding = _why_not(check, needs) or _finding(check, lab)
        _clean_after(lab)
        yield Result(check=check, finding=finding, seconds=time.monotonic() - started)


def clean(journal: Journal, access: Access, *, say: Say, clock: Clock) -> tuple[str, ...]:
    """Remove all that a run may have left, the newest first; gives what could not be removed, as text."""
    left = []
    for resource in journal.left():
        say(f"removes {resource}")
        if problem := _removed(resource, journal, access, clock):
            left.append(problem)
    return tuple(left)


@contextlib.contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM, and SIGHUP of a closed terminal, end the block as Ctrl-C does, so that what follows still cleans up."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {one: signal.signal(one, interrupt) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextlib.contextmanager
def uninterrupted(say: Say) -> Iterator[None]:
    """Cleaning up is not cut off by a second Ctrl-C; a third one does it. A closed terminal does not."""
    seen = 0

    def ask(_signal: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            raise KeyboardInterrupt
        say("Cleaning up. Once more ends it; then `python -m acceptance clean` removes the rest.")

    before = {one: signal.signal(one, ask) for one in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _why_not(check: Check, needs: frozenset[Need]) -> Finding | None:
    lacking = missing(check, needs)
    return not_run(f"It needs {'; '.join(lacking)}") if lacking else None


def _finding(check: Check, lab: Lab) -> Finding:
    """What a check finds. An error that it does not judge itself says nothing about the assumption."""
    lab.report(f"{check.id}: {check.title}")
    try:
        return check.run(lab)
    except StackError as error:
        return not_run(f"Stack {error.name} was not created: {error}", events=error.events)
    except ClientError as error:
        return not_run(f"AWS refused {error.operation_name}: {error}", error=error.response.get("Error", {}))
    except (AcceptanceError, BotoCoreError, DeployerError) as error:
        return not_run(f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - one check that AWS surprises must not cost what the others found
        return not_run(f"The check itself failed: {type(error).__name__}: {error}")


def _clean_after(lab: Lab) -> None:
    """Remove what one check created for itself; what fails is tried again at the end."""
    for resource in lab.journal.left():
        if resource.key not in lab.kept:
            lab.report(f"removes {resource}")
            _removed(resource, lab.journal, lab.access, lab.clock)


def _removed(resource: Resource, journal: Journal, access: Access, clock: Clock) -> str | None:
    try:
        remove(resource, access, clock)
    except (AcceptanceError, BotoCoreError, ClientError, DeployerError) as error:
        return f"{resource}: {error}"
    except Exception as error:  # noqa: BLE001 - what one removal fails by must not keep the others from being removed
        return f"{resource}: {type(error).__name__}: {error}"
    journal.gone(resource)
    return None

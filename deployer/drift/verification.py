"""Audits all accounts: in parallel up to a limit, and resumed after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import Event
from typing import Protocol, TypeVar

from deployer.drift.checkpoint import AccountResult, Checkpoint
from deployer.drift.findings import Unread

AT_ONCE = 16
"""Parallel accounts; each has up to `account_audit.AT_ONCE` calls in progress."""


class AuditedAccount(AccountResult, Protocol):
    """What was found in one account, and what could not be read."""

    @property
    def unread(self) -> tuple[Unread, ...]: ...

    @property
    def repository_count(self) -> int: ...


R = TypeVar("R", bound=AuditedAccount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The number of accounts done, and the last of them; None before the first."""

    done: int
    total: int
    last: AuditedAccount | None = None


def audit_accounts(
    accounts: Sequence[str],
    audit_account: Callable[[str], R],
    *,
    checkpoint: Checkpoint[R] | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    stop: Event | None = None,
) -> tuple[R, ...]:
    """Audit all accounts except those that a checkpoint has already; gives them by id.

    What failed and may be temporary (throttling, no network) is tried once more at the end. If it fails again, it is
    reported as not read. An interruption keeps the checkpoint, and sets `stop`: an account that is being read may then
    raise StoppedError, and is not stored.
    """
    found = {account: one for account, one in (checkpoint.done if checkpoint else {}).items() if account in accounts}
    report(Progress(done=len(found), total=len(accounts)))
    for last_try in (False, True):
        missing = [account for account in accounts if account not in found]
        for one in _in_parallel(missing, audit_account, stop=stop or Event()):
            if not last_try and any(unread_item.may_be_temporary for unread_item in one.unread):
                continue
            found[one.account] = one
            if checkpoint:
                checkpoint.add(one)
            report(Progress(done=len(found), total=len(accounts), last=one))
    return tuple(found[account] for account in sorted(found))


def _in_parallel(accounts: Sequence[str], audit_account: Callable[[str], R], *, stop: Event) -> Iterator[R]:
    """Reports as they come. After an error nothing more is begun, but what is in progress still counts."""
    ended: BaseException | None = None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(audit_account, account) for account in accounts]
        try:
            for future in as_completed(futures):
                if future.cancelled():
                    continue
                if error := future.exception():
                    ended = ended or error
                    _cancel(futures)
                else:
                    yield future.result()
        except (KeyboardInterrupt, GeneratorExit):  # here, or while a report is stored
            stop.set()
            raise
        finally:
            _cancel(futures)
    if ended:
        raise ended


def _cancel(futures: Sequence[Future[R]]) -> None:
    for future in futures:
        future.cancel()

"""All accounts looked through: side by side, but never more than so many, and going on where it was cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from deployer.drift.checkpoint import Checkpoint
from deployer.drift.findings import AccountReport, Report

AT_ONCE = 16
"""Accounts side by side; each has up to `looking.AT_ONCE` calls under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """So many accounts are done, the last of them this one; None before the first."""

    done: int
    total: int
    last: AccountReport | None = None


def verify(
    accounts: Sequence[str],
    look_through: Callable[[str], AccountReport],
    *,
    checkpoint: Checkpoint | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    at_once: int = AT_ONCE,
) -> Report:
    """Look through all accounts; those that a checkpoint has already are not looked through again.

    What failed and may pass (throttling, a network that is away) is tried once more at the end. If it fails again, it
    is reported as not read. Whatever ends this early leaves the checkpoint as it is then.
    """
    found = {account: one for account, one in (checkpoint.done if checkpoint else {}).items() if account in accounts}
    report(Progress(done=len(found), total=len(accounts)))
    for last_try in (False, True):
        missing = [account for account in accounts if account not in found]
        for one in _side_by_side(missing, look_through, at_once=at_once):
            if not last_try and any(trouble.may_pass for trouble in one.unread):
                continue
            found[one.account] = one
            if checkpoint:
                checkpoint.add(one)
            report(Progress(done=len(found), total=len(accounts), last=one))
    return Report(accounts=tuple(found[account] for account in sorted(found)))


def _side_by_side(
    accounts: Sequence[str], look_through: Callable[[str], AccountReport], *, at_once: int
) -> Iterator[AccountReport]:
    """Reports as they come. An error ends everything: nothing more is begun, but what is under way still counts."""
    ended: BaseException | None = None
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(look_through, account) for account in accounts]
        try:
            for future in as_completed(futures):
                if future.cancelled():
                    continue
                if error := future.exception():
                    ended = ended or error
                    _cancel(futures)
                else:
                    yield future.result()
        finally:
            _cancel(futures)
    if ended:
        raise ended


def _cancel(futures: Sequence[Future[AccountReport]]) -> None:
    for future in futures:
        future.cancel()

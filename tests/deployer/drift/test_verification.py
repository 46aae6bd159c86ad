"""Verifying all accounts: with bounded concurrency, with retries, and resumable after an interruption."""

from __future__ import annotations

import json
import os
import resource
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deployer.drift import verification
from deployer.drift.checkpoint import open_checkpoint, state_directory
from deployer.drift.findings import AccountReport, Report, Unread
from deployer.drift.ports import StoppedError
from deployer.drift.verification import Progress, audit_accounts
from deployer.errors import BusyError, CredentialsError
from tests.deployer.drift.examples import NOW, World, record

opened = partial(open_checkpoint, parse=AccountReport.from_json)
ACCOUNTS = [f"{number:012}" for number in range(1, 31)]


def verify(accounts: Sequence[str], audit_one: Callable[[str], AccountReport], **options: Any) -> Report:
    return Report(accounts=audit_accounts(accounts, audit_one, **options))


def report_of(account: str) -> AccountReport:
    return AccountReport(account=account, regions=("eu-west-1",), others={"eu-west-1": int(account)})


class Seen:
    """An audit that counts its calls and fails if configured to."""

    def __init__(self, *, fails_at: int | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._fails_at = fails_at
        self._lock = threading.Lock()

    def __call__(self, account: str) -> AccountReport:
        with self._lock:
            if self._fails_at is not None and sum(self.counts.values()) >= self._fails_at:
                raise CredentialsError("expired")
            self.counts[account] += 1
        return report_of(account)


def run(path: Path, audit_one: Callable[[str], AccountReport], *, now: datetime = NOW, restart: bool = False) -> Report:
    with opened(path, now=now, restart=restart) as checkpoint:
        found = verify(ACCOUNTS, audit_one, checkpoint=checkpoint)
        checkpoint.remove()
    return found


@pytest.mark.parametrize("fails_at", [0, 1, 7, 29])
def test_an_interrupted_verification_resumes_without_gap_or_duplicate(fails_at: int, tmp_path: Path) -> None:
    path, first, second = tmp_path / "verify.jsonl", Seen(fails_at=fails_at), Seen()
    with pytest.raises(CredentialsError):
        run(path, first)
    kept = {json.loads(line)["account"] for line in path.read_text().splitlines()[1:]}
    assert run(path, second) == Report(accounts=tuple(report_of(account) for account in ACCOUNTS))
    assert set(second.counts) == set(ACCOUNTS) - kept
    assert max(second.counts.values()) == 1
    assert not path.exists()


def test_an_account_with_a_truncated_line_is_verified_again(tmp_path: Path) -> None:
    path = tmp_path / "verify.jsonl"
    with pytest.raises(CredentialsError):
        run(path, Seen(fails_at=12))
    text = path.read_text()
    path.write_text(text[:-20])
    torn = json.loads(text.splitlines()[-1])["account"]
    second = Seen()
    assert run(path, second) == Report(accounts=tuple(report_of(account) for account in ACCOUNTS))
    assert second.counts[torn] == 1


@pytest.mark.parametrize(
    ("later", "restart"), [(timedelta(hours=2), False), (timedelta(minutes=5), True)], ids=["too old", "restarted"]
)
def test_a_checkpoint_that_is_too_old_or_declined_is_not_resumed(
    later: timedelta, restart: bool, tmp_path: Path
) -> None:
    path, second = tmp_path / "verify.jsonl", Seen()
    with pytest.raises(CredentialsError):
        run(path, Seen(fails_at=12))
    run(path, second, now=NOW + later, restart=restart)
    assert set(second.counts) == set(ACCOUNTS)


@pytest.mark.parametrize("text", ["", "no JSON\n", '{"version": 9, "began": "2026-11-23T12:00:00+00:00"}\n', "[]\n"])
def test_an_unreadable_checkpoint_is_replaced(text: str, tmp_path: Path) -> None:
    path = tmp_path / "verify.jsonl"
    path.write_text(text)
    assert len(run(path, Seen()).accounts) == len(ACCOUNTS)


def test_two_simultaneous_verifications_of_the_same_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "verify.jsonl"
    with opened(path, now=NOW), pytest.raises(BusyError), opened(path, now=NOW):
        pass


def test_a_report_with_findings_survives_the_file(tmp_path: Path) -> None:
    world = World()
    world.create(record(), scan_on_push=False)
    report = world.auditor().audit_account("300000000001")
    with opened(tmp_path / "verify.jsonl", now=NOW) as checkpoint:
        checkpoint.add(report)
    with opened(tmp_path / "verify.jsonl", now=NOW) as checkpoint:
        assert checkpoint.done == {report.account: report}


def test_the_number_of_accounts_in_progress_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most = Counter[str](), []
    lock = threading.Lock()
    together = threading.Barrier(3, timeout=60)

    def audit_one(account: str) -> AccountReport:
        with lock:
            under_way["now"] += 1
            most.append(under_way["now"])
        together.wait()
        with lock:
            under_way["now"] -= 1
        return report_of(account)

    monkeypatch.setattr(verification, "AT_ONCE", 3)
    audit_accounts(ACCOUNTS, audit_one)
    assert max(most) == 3


def test_an_interruption_stops_the_accounts_in_progress() -> None:
    stop, first = threading.Event(), threading.Event()

    def audit_one(account: str) -> AccountReport:
        if account != ACCOUNTS[0]:
            assert stop.wait(60)
            raise StoppedError
        first.set()
        return report_of(account)

    def interrupted(step: Progress) -> None:
        if step.last:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit_accounts(ACCOUNTS[:3], audit_one, stop=stop, report=interrupted)
    assert first.is_set()


def test_a_complete_audit_stops_nothing() -> None:
    stop = threading.Event()
    audit_accounts(ACCOUNTS, report_of, stop=stop)
    assert not stop.is_set()


def test_temporary_problems_are_retried_once_and_lasting_ones_reported() -> None:
    tries: Counter[str] = Counter()

    def audit_one(account: str) -> AccountReport:
        tries[account] += 1
        throttled = Unread(account=account, region="eu-west-1", problem="throttled", may_be_temporary=True)
        denied = Unread(account=account, problem="no role")
        if account == ACCOUNTS[0] and tries[account] == 1:
            return AccountReport(account=account, unread=(throttled,))
        if account == ACCOUNTS[1]:
            return AccountReport(account=account, unread=(throttled,))
        return AccountReport(account=account, unread=(denied,)) if account == ACCOUNTS[2] else report_of(account)

    found = verify(ACCOUNTS, audit_one)
    assert [tries[account] for account in ACCOUNTS[:4]] == [2, 2, 1, 1]
    assert [(one.account, one.problem) for one in found.unread()] == [
        (ACCOUNTS[1], "throttled"),
        (ACCOUNTS[2], "no role"),
    ]


def test_progress_begins_with_the_completed_accounts_and_ends_with_all(tmp_path: Path) -> None:
    steps: list[Progress] = []
    with opened(tmp_path / "verify.jsonl", now=NOW) as checkpoint:
        for account in ACCOUNTS[:5]:
            checkpoint.add(report_of(account))
    with opened(tmp_path / "verify.jsonl", now=NOW) as checkpoint:
        verify(ACCOUNTS, report_of, checkpoint=checkpoint, report=steps.append)
    assert [step.done for step in steps] == list(range(5, 31))


def test_state_is_stored_in_the_users_state_folder() -> None:
    assert state_directory({"XDG_STATE_HOME": "/var/state"}) == Path("/var/state/deployer")
    assert state_directory({}) == Path.home() / ".local/state/deployer"


@pytest.mark.parametrize("obstacle", ["a file as the folder", "a device", "a pipe"])
def test_without_a_checkpoint_a_verification_runs_and_reports_why_it_cannot_be_resumed(
    obstacle: str, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "verify.jsonl"
    if obstacle == "a file as the folder":
        path.parent.write_text("")
    else:
        path.parent.mkdir()
        path.symlink_to("/dev/full") if obstacle == "a device" else os.mkfifo(path)
    with opened(path, now=NOW) as checkpoint:
        found = verify(ACCOUNTS, report_of, checkpoint=checkpoint)
        assert (checkpoint.problem or "").startswith(f"{path} cannot be used: ")
        checkpoint.remove()
    assert found == Report(accounts=tuple(report_of(account) for account in ACCOUNTS))


def test_a_full_disk_stops_only_the_checkpoint(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))
    try:
        with opened(tmp_path / "verify.jsonl", now=NOW) as checkpoint:
            before = checkpoint.problem
            found = verify(ACCOUNTS, report_of, checkpoint=checkpoint)
            problems = (before, checkpoint.problem)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert problems == (None, f"{tmp_path / 'verify.jsonl'} cannot be used: File too large")
    assert found == Report(accounts=tuple(report_of(account) for account in ACCOUNTS))


def test_a_user_that_the_system_does_not_know_has_a_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    assert state_directory({}).is_absolute()

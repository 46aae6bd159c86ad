"""A run that ends at any point leaves no resources, or a journal with which they can be removed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from acceptance.catalogue import select
from acceptance.check import Check, Finding, Verdict, held
from acceptance.cli import finish
from acceptance.journal import Journal, Resource
from acceptance.lab import Lab
from acceptance.options import Options
from acceptance.runner import clean, run
from acceptance.sandbox import MEMBER, OU, lab_in
from aws_org_sandbox.sandbox import Sandbox
from tests.acceptance.remains import ou_of_member, remains

OF_THEIR_OWN = select(["A2", "A8"])
"""OUs, a moved account, a StackSet, stacks and an object, each removed after its check."""
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHARED = select(["A12"])
"""A repository, and the stack of roles, which stays until the end of the run."""


class Killed(BaseException):
    """The process was killed."""


def kill() -> None:
    raise Killed


def ending(lab: Lab, *, after: int, by: Callable[[], None]) -> list[int]:
    """Have the run end just before or just after the creation of the next resource."""
    seen = [0]
    create = lab.create

    def counted(resource: Resource, call: Callable[[], object]) -> object:
        seen[0] += 1
        if seen[0] * 2 - 1 == after:
            lab.journal.creating(resource)
            by()
        made = create(resource, call)
        if seen[0] * 2 == after:
            by()
        return made

    lab.create = counted  # type: ignore[assignment]
    return seen


@pytest.mark.parametrize(
    ("checks", "resources"), [pytest.param(OF_THEIR_OWN, 6, id="of one check"), pytest.param(SHARED, 2, id="shared")]
)
def test_whenever_a_run_is_killed_its_journal_suffices_to_remove_everything(
    acceptance_sandbox: Sandbox, tmp_path: Path, checks: Sequence[Check], resources: int
) -> None:
    """Each run has names of its own, so what any of them left remains to the end; only the OU of the account is one."""
    moment, created = 0, 1
    with lab_in(acceptance_sandbox, tmp_path) as first:
        while moment < 2 * created:
            moment += 1
            lab = replace(first, journal=Journal(tmp_path / f"{first.prefix}{moment}.jsonl"), kept=set(), _shared={})
            seen = ending(lab, after=moment, by=kill)
            try:
                list(run(checks, lab))
            except Killed:
                created = seen[0] + 1
            else:
                created = seen[0]
            assert clean(lab.journal, lab.access, say=lambda _: None, clock=lab.clock) == ()
            assert ou_of_member(acceptance_sandbox) == OU, moment
            acceptance_sandbox.settle()
    assert remains(acceptance_sandbox) == []
    assert created == resources, "all of it was passed"


@pytest.mark.parametrize("end", ENDS, ids=["Ctrl-C", "SIGTERM", "the end of the terminal"])
def test_an_interrupted_run_removes_its_resources_and_reports_its_findings(
    acceptance_sandbox: Sandbox, lab: Lab, tmp_path: Path, end: signal.Signals
) -> None:
    ending(lab, after=9, by=lambda: signal.raise_signal(end))
    assert finish(OF_THEIR_OWN, lab, tmp_path / "report") == 130
    assert (tmp_path / "report" / "report.md").exists()
    assert remains(acceptance_sandbox) == []


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ClientError({"Error": {"Code": "Throttling", "Message": "Slow down"}}, "ListQueues"), id="AWS"),
        pytest.param(KeyError("Summaries"), id="a response in another format"),
    ],
)
def test_an_error_that_a_check_does_not_handle_proves_nothing_about_the_assumption(lab: Lab, error: Exception) -> None:
    def fail(_: Lab) -> Finding:
        raise error

    (result,) = run([Check(number=1, title="", run=fail, creates=(), minutes=1)], lab)
    assert result.finding.verdict is Verdict.NOT_RUN
    assert type(error).__name__ in result.finding.why or "Throttling" in result.finding.why


def test_a_resource_that_cannot_be_removed_stays_in_the_journal_and_is_reported(lab: Lab) -> None:
    resource = Resource(kind="stack", side="nobody", region="eu-west-1", name="accept-x")
    lab.journal.creating(resource)
    (problem,) = clean(lab.journal, lab.access, say=lambda _: None, clock=lab.clock)
    assert "accept-x" in problem
    assert lab.journal.left() == (resource,)


def test_an_unexpected_error_in_one_removal_does_not_prevent_the_others(lab: Lab) -> None:
    """AWS may respond in another format than a removal expects."""
    for kind, name in (("repository", "accept-x/gone"), ("unheard of", "accept-x")):
        lab.journal.creating(Resource(kind=kind, side="member", region="eu-west-1", name=name))
    (problem,) = clean(lab.journal, lab.access, say=lambda _: None, clock=lab.clock)
    assert "unheard of accept-x" in problem
    assert [one.kind for one in lab.journal.left()] == ["unheard of"]


def test_every_check_has_a_new_session_of_an_assumed_role_and_other_credentials_are_requested_once(lab: Lab) -> None:
    """A run takes longer than the hour of such a session; a profile may ask for an MFA code whenever it is opened."""
    lab.access.expiring = Options(account=MEMBER, ou=OU).access().expiring
    used: dict[str, list[int]] = {"member": [], "central": []}
    kept = []

    def use(lab: Lab) -> Finding:
        for side, seen in used.items():
            session = lab.access.session(side)  # type: ignore[arg-type]
            kept.append(session)  # so that no id is given twice
            seen.append(id(session))
        return held("")

    check = Check(number=1, title="", run=use, creates=(), minutes=1)
    assert len(list(run([check, check], lab))) == 2
    assert {side: len(set(seen)) for side, seen in used.items()} == {"member": 2, "central": 1}


def test_a_profile_of_the_test_account_refreshes_itself() -> None:
    assert Options(account=MEMBER, ou=OU, member_profile="test").access().expiring == frozenset()

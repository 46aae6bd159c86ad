"""Every check in the sandbox: it holds, is refuted if the sandbox behaves differently, and leaves no resources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from acceptance.catalogue import catalogue
from acceptance.check import Check, Need, Verdict
from acceptance.checks import a07_alarms
from acceptance.cli import finish
from acceptance.journal import PREFIX, Journal
from acceptance.lab import Lab
from acceptance.rigs.denials import allowed_within
from acceptance.runner import clean, run
from acceptance.sandbox import OU, lab_in
from aws_org_sandbox.behaviours import Behaviour, altered
from aws_org_sandbox.sandbox import Sandbox
from handler.events import FailedCall, parse
from tests.acceptance.remains import ou_of_member, remains

IN_SANDBOX = tuple(check for check in catalogue() if Need.REAL_AWS not in check.needs)


def test_every_check_holds_in_the_sandbox_and_nothing_is_left(
    acceptance_sandbox: Sandbox, lab: Lab, tmp_path: Path
) -> None:
    """What `make acceptance` does."""
    assert finish(catalogue(), lab, tmp_path / "report") == 0
    assert remains(acceptance_sandbox) == []
    assert not lab.journal.file.exists()

    report = json.loads((tmp_path / "report" / "report.json").read_text())
    verdicts = {one["id"]: one["verdict"] for one in report["checks"]}
    assert verdicts == {check.id: "held" if check in IN_SANDBOX else "not run" for check in catalogue()}
    assert not any(one["proven"] for one in report["checks"])
    assert "proves no assumption" in (tmp_path / "report" / "report.md").read_text()
    event = json.loads((tmp_path / "report" / "events" / "A10.json").read_text())
    assert isinstance(parse(event), FailedCall), "ready to become a file of tests/events"


@pytest.fixture(scope="module")
def altered_lab(acceptance_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for all checks that are refuted, after which nothing of theirs remains."""
    with lab_in(acceptance_sandbox, tmp_path_factory.mktemp("altered")) as lab:
        yield lab
    assert remains(acceptance_sandbox) == []


@pytest.mark.parametrize("check", [pytest.param(check, id=check.id) for check in IN_SANDBOX])
def test_a_check_reports_refuted_when_aws_behaves_otherwise(
    acceptance_sandbox: Sandbox, altered_lab: Lab, check: Check, tmp_path: Path
) -> None:
    """In a run of its own: nothing that another check has built, and other names."""
    assert check.altered_by is not None, "nothing shows that it can fail"
    acceptance_sandbox.settle()  # StackSets notice later that an account was moved back
    journal = Journal(tmp_path / f"{PREFIX}{uuid4().hex[:8]}.jsonl")
    lab = replace(altered_lab, journal=journal, folder=tmp_path / journal.run, kept=set(), _shared={})
    with altered(Behaviour[check.altered_by]):
        (result,) = run([check], lab)
    left = clean(lab.journal, lab.access, say=lab.report, clock=lab.clock)
    assert (result.finding.verdict, left) == (Verdict.REFUTED, ()), result.finding
    assert result.finding.evidence or result.finding.event, "nothing shows what AWS said"
    assert ou_of_member(acceptance_sandbox) == OU, "another check would move the account back"


def test_every_behaviour_has_a_check() -> None:
    assert {check.altered_by for check in IN_SANDBOX} == {one.name for one in Behaviour}


def test_the_page_states_a_duration_in_which_all_checks_end() -> None:
    page = (Path(__file__).parents[2] / "docs" / "contributing" / "acceptance.md").read_text(encoding="utf-8")
    assert sum(check.minutes for check in catalogue()) <= 180
    assert "for up to three hours" in " ".join(page.split())


@pytest.mark.parametrize("wrong", a07_alarms.EXPECTED_STATES)
def test_alarms_are_evaluated_by_their_states(wrong: str) -> None:
    """The sandbox does not evaluate alarms, so the test sets their states."""
    assert a07_alarms.judge(a07_alarms.EXPECTED_STATES, {}).verdict is Verdict.HELD
    states = {**a07_alarms.EXPECTED_STATES, wrong: "INSUFFICIENT_DATA"}
    assert a07_alarms.judge(states, {}).verdict is Verdict.REFUTED


def test_a_check_without_its_prerequisites_is_not_run_and_names_what_is_missing(lab: Lab) -> None:
    del lab.access.openers["management"]  # type: ignore[attr-defined]
    needing = [check for check in catalogue() if Need.MANAGEMENT in check.needs]
    assert needing
    for result in run(needing, lab):
        assert result.finding.verdict is Verdict.NOT_RUN
        assert "--management-profile" in result.finding.why
    assert not lab.journal.file.exists(), "nothing was created"


def test_an_error_that_is_no_denial_refutes_nothing(lab: Lab) -> None:
    def call() -> None:
        raise ClientError({"Error": {"Code": "ServerException", "Message": "no"}}, "PutLifecyclePolicy")

    with pytest.raises(ClientError, match="ServerException"):
        allowed_within(lab, 1.0, call)

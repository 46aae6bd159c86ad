from __future__ import annotations

import pytest

from deployer.organization import Account
from deployer.settings import read
from deployer.settings.matching import Placement, match_files
from tests.deployer.settings.conftest import Write
from tests.deployer.settings.organizations import ROOT, organization, ou_id
from tests.example_organization import EXAMPLE

WORKLOADS, PROD, OTHER = ou_id(1), ou_id(2), ou_id(3)
SMALL = organization({WORKLOADS: ("Workloads", ROOT), PROD: ("Prod", WORKLOADS), OTHER: ("Other", ROOT)})


def _with_origin(write: Write, text: str, known: object = SMALL) -> Placement:
    config, problems = read(write("ous/a.yaml", text))
    assert problems == ()
    return match_files(config, known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ou: Workloads/Prod", id="by path"),
        pytest.param(f"id: {PROD}", id="by id"),
        pytest.param(f"ou: {PROD}", id="by id instead of the path"),
        pytest.param(f"ou: Workloads/Prod\nid: {PROD}", id="by both"),
    ],
)
def test_an_ou_is_found(write: Write, text: str) -> None:
    placement = _with_origin(write, text)
    assert list(placement.ous) == [PROD]
    assert placement.problems == ()


@pytest.mark.parametrize("text", ["ou: Root", f"id: {ROOT}"])
def test_the_root_is_an_ou_too(write: Write, text: str) -> None:
    assert list(_with_origin(write, text).ous) == [ROOT]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "ou: Workloads/Prd",
            f"1:5: ou: there is no OU `Workloads/Prd` in o-exampleorg1; did you mean `Workloads/Prod` ({PROD})?",
            id="a typo",
        ),
        pytest.param(
            "ou: workloads/PROD",
            f"1:5: ou: there is no OU `workloads/PROD` in o-exampleorg1; did you mean `Workloads/Prod` ({PROD})?",
            id="different case",
        ),
        pytest.param(
            "ou: 'Workloads/Prod '",
            f"1:5: ou: there is no OU `Workloads/Prod ` in o-exampleorg1; did you mean `Workloads/Prod` ({PROD})?",
            id="a trailing space",
        ),
        pytest.param(
            "ou: Other/Prod",
            f"1:5: ou: there is no OU `Other/Prod` in o-exampleorg1; did you mean `Workloads/Prod` ({PROD})?",
            id="moved elsewhere",
        ),
        pytest.param(
            "ou: Workloads/Zebra",
            "1:5: ou: there is no OU `Workloads/Zebra` in o-exampleorg1; below `Workloads` there are `Workloads/Prod`",
            id="deleted",
        ),
        pytest.param(
            "ou: Zebra",
            "1:5: ou: there is no OU `Zebra` in o-exampleorg1; at the top there are `Other`, `Root`, `Workloads`",
            id="deleted at the top level",
        ),
        pytest.param(
            f"ou: Workloads/Old\nid: {PROD}",
            f"1:5: ou: {PROD} is `Workloads/Prod` now: it was renamed or moved, or the id belongs to another OU",
            id="renamed",
        ),
        pytest.param(
            f"ou: Other\nid: {PROD}",
            f"1:5: ou: {PROD} is `Workloads/Prod` now: it was renamed or moved, or the id belongs to another OU",
            id="the id of another OU",
        ),
        pytest.param(
            "ou: Workloads/Prod\nid: ou-exam-99999999",
            f"2:5: id: there is no OU ou-exam-99999999 in o-exampleorg1; `Workloads/Prod` is {PROD}",
            id="recreated with its old name",
        ),
        pytest.param(
            "id: ou-exam-99999999",
            "1:5: id: there is no OU ou-exam-99999999 in o-exampleorg1; `deployer organization show` lists the OUs",
            id="an id that no longer exists",
        ),
    ],
)
def test_an_ou_that_is_not_found_is_reported_with_candidates(write: Write, text: str, problem: str) -> None:
    placement = _with_origin(write, text)
    assert [str(found).partition("ous/a.yaml:")[2] for found in placement.problems] == [problem]


def test_a_name_with_a_slash_is_found_unless_it_reads_like_another_path(write: Write) -> None:
    alone = organization({PROD: ("R/D", ROOT)})
    assert list(_with_origin(write, "ou: R/D", alone).ous) == [PROD]
    twice = organization({WORKLOADS: ("R", ROOT), PROD: ("D", WORKLOADS), OTHER: ("R/D", ROOT)})
    (problem,) = _with_origin(write, "ou: R/D", twice).problems
    assert problem.message == f"`R/D` is ambiguous: {PROD}, {OTHER}; add `id: …` to choose one"
    assert list(_with_origin(write, f"ou: R/D\nid: {OTHER}", twice).ous) == [OTHER]


def test_an_ou_named_root_makes_the_path_root_ambiguous(write: Write) -> None:
    (problem,) = _with_origin(write, "ou: Root", organization({PROD: ("Root", ROOT)})).problems
    assert "ambiguous" in problem.message


def test_two_files_for_one_ou_are_an_error_at_the_second(write: Write) -> None:
    write("ous/b.yaml", f"id: {PROD}\n")
    (problem,) = _with_origin(write, "ou: Workloads/Prod").problems
    assert problem.file.endswith("ous/b.yaml")
    assert "ous/a.yaml configures this OU" in problem.message


def test_accounts_must_be_in_the_organization_and_inactive_ones_are_a_warning(write: Write) -> None:
    write("accounts/600000000001.yaml", "enabled: false\n")
    config, _ = read(write("accounts/300000000009.yaml", "enabled: true\n"))
    first, second = match_files(config, EXAMPLE).problems
    assert first.is_error
    assert "account 300000000009 is not in o-exampleorg1; did you mean 3000000000" in first.message
    assert not second.is_error
    assert second.message == "account 600000000001 (old-project) is SUSPENDED: StackSets skip it"


def test_another_organization_and_a_foreign_central_account_are_errors(write: Write) -> None:
    folder = write(
        "organization.yaml", 'organization: o-otherorg123\ncentral: {account: "999999999999", region: eu-west-1}\n'
    )
    config, _ = read(folder)
    assert [problem.message for problem in match_files(config, EXAMPLE).problems] == [
        "these files are for o-otherorg123, but the organization is o-exampleorg1",
        "account 999999999999 is not in o-exampleorg1",
    ]


def test_a_suspended_central_account_is_an_error(write: Write) -> None:
    suspended = Account(id="200000000001", name="platform-tools", parent_id=ROOT, state="SUSPENDED")
    known = organization({})
    known = type(known)(
        id=known.id, management_account_id="100000000000", ous=known.ous, accounts={suspended.id: suspended}
    )
    config, _ = read(write("ous/a.yaml", "ou: Root\n"))
    (problem,) = match_files(config, known).problems
    assert "is SUSPENDED: stacks cannot be deployed there" in problem.message

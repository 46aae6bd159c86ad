"""OUs by path or id, accounts by id or name; unknown names are refused with similar ones."""

from __future__ import annotations

import pytest

from deployer.errors import NotFoundError
from deployer.organization import Organization
from deployer.planning.scopes import find_scope
from deployer.targets import Scope
from tests.deployer.settings.organizations import organization
from tests.example_organization import EXAMPLE


@pytest.mark.parametrize(
    ("ous", "accounts", "scope"),
    [
        pytest.param([], [], Scope(ou_ids=frozenset({"r-exam"})), id="no option selects everything"),
        pytest.param(["Workloads/Prod"], [], Scope(ou_ids=frozenset({"ou-exam-prod0001"})), id="an OU by path"),
        pytest.param(["/Workloads/Prod/"], [], Scope(ou_ids=frozenset({"ou-exam-prod0001"})), id="with slashes"),
        pytest.param(["ou-exam-prod0001"], [], Scope(ou_ids=frozenset({"ou-exam-prod0001"})), id="an OU by id"),
        pytest.param(["Root"], [], Scope(ou_ids=frozenset({"r-exam"})), id="the root"),
        pytest.param([], ["shop-dev"], Scope(account_ids=frozenset({"400000000001"})), id="an account by name"),
    ],
)
def test_scopes(ous: list[str], accounts: list[str], scope: Scope) -> None:
    assert find_scope(EXAMPLE, ous=ous, accounts=accounts, regions=()) == scope


@pytest.mark.parametrize(
    ("ous", "accounts", "part"),
    [
        (["Workloads/Pord"], [], "Did you mean Workloads/Prod?"),
        (["zzz"], [], "lists the OUs"),
        ([], ["999999999999"], "id of 12 digits"),
        ([], ["shop-prd"], "Did you mean shop-prod"),
        ([], ["Shop-Dev"], "Did you mean shop-dev?"),
        ([], ["Workloads/Prod"], "It is an OU: pass --ou Workloads/Prod."),
        (["shop-prod"], [], "It is an account: pass --account shop-prod."),
    ],
)
def test_unknown_names_are_refused_with_similar_ones(ous: list[str], accounts: list[str], part: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_scope(EXAMPLE, ous=ous, accounts=accounts, regions=())
    assert part in (caught.value.next_step or "")


SAME_PATH = organization(
    {
        "ou-exam-00000001": ("A/B", "r-exam"),
        "ou-exam-00000002": ("A", "r-exam"),
        "ou-exam-00000003": ("B", "ou-exam-00000002"),
    }
)


@pytest.mark.parametrize(
    ("known", "requested", "message"),
    [
        pytest.param(SAME_PATH, "A/B", "A/B is ambiguous: ou-exam-00000001, ou-exam-00000003", id="a slash in a name"),
        pytest.param(
            organization({"ou-exam-00000001": ("Root", "r-exam")}),
            "Root",
            "Root is ambiguous: ou-exam-00000001, r-exam",
            id="an OU that is called like the root",
        ),
    ],
)
def test_a_path_that_two_ous_have_is_refused(known: Organization, requested: str, message: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_scope(known, ous=[requested], accounts=(), regions=())
    assert (caught.value.message, caught.value.next_step) == (message, "Pass the id of the OU.")


def test_an_ou_whose_name_begins_with_a_slash_is_found() -> None:
    known = organization({"ou-exam-00000001": ("/A", "r-exam"), "ou-exam-00000002": ("A", "r-exam")})
    assert find_scope(known, ous=["/A"], accounts=(), regions=()).ou_ids == {"ou-exam-00000001"}


def test_a_region_that_is_not_enabled_is_refused_with_the_nearest() -> None:
    enabled = {"eu-west-1", "us-east-1"}
    scope = find_scope(EXAMPLE, ous=(), accounts=(), regions=["us-east-1"], known_regions=enabled)
    assert scope.regions == frozenset({"us-east-1"})
    with pytest.raises(NotFoundError, match="Region us-east-9 does not exist") as caught:
        find_scope(EXAMPLE, ous=(), accounts=(), regions=["us-east-9"], known_regions=enabled)
    assert caught.value.next_step == "Did you mean us-east-1?"

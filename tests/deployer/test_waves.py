"""Order of waves: the nearest name decides, every account is in one wave, and scopes only grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.targets import Scope
from deployer.waves import plan_waves, unknown_names, unnamed_accounts
from tests.deployer.settings.organizations import organization
from tests.example_organization import EXAMPLE

WHOLE = Scope.whole(EXAMPLE)
PATHS = sorted(EXAMPLE.path(ou_id) for ou_id in EXAMPLE.ous if EXAMPLE.path(ou_id) != "Root")
DEV = {"400000000001", "400000000002"}
SANDBOX = {"500000000001", "500000000002"}


def _in_waves(*waves: list[str], scope: Scope = WHOLE) -> list[set[str]]:
    return [set(wave.accounts) for wave in plan_waves(waves, EXAMPLE, scope)]


def test_each_wave_has_its_ous_and_the_star_the_rest() -> None:
    first, second, rest = _in_waves(["Sandbox"], ["Workloads/Dev"], ["*"])
    assert (first, second) == (SANDBOX, DEV)
    assert rest == set(EXAMPLE.accounts) - SANDBOX - DEV


@pytest.mark.parametrize("waves", [(["Workloads"], ["Workloads/Dev"]), (["Workloads/Dev"], ["Workloads"])])
def test_the_nearest_name_decides_whatever_the_order(waves: tuple[list[str], ...]) -> None:
    turns = _in_waves(*waves)
    assert DEV in turns
    assert sum(turn >= DEV for turn in turns) == 1


def test_an_account_id_takes_precedence_over_its_ou() -> None:
    first, second, _ = _in_waves(["400000000002"], ["ou-exam-dev00001"])
    assert (first, second) == ({"400000000002"}, {"400000000001"})


def test_accounts_in_no_wave_are_in_a_last_wave_and_reported() -> None:
    assert _in_waves(["Sandbox"])[-1] == set(EXAMPLE.accounts) - SANDBOX
    assert set(unnamed_accounts([["Sandbox"]], EXAMPLE)) == set(EXAMPLE.accounts) - SANDBOX
    assert unnamed_accounts([["Sandbox"], ["*"]], EXAMPLE) == ()


def test_waves_without_an_account_in_the_scope_are_skipped() -> None:
    scope = Scope(ou_ids=frozenset({"ou-exam-dev00001"}))
    (only,) = plan_waves([["Sandbox"], ["Workloads/Dev"], ["*"]], EXAMPLE, scope)
    assert (only.number, only.accounts, only.scope) == (1, frozenset(DEV), scope)


def test_unknown_names_are_reported_with_the_nearest() -> None:
    ((wave, place, message),) = unknown_names([["Sandbox"], ["*", "Workloads/Dve"]], EXAMPLE)
    assert (wave, place) == (1, 1)
    assert "did you mean Workloads/Dev?" in message


def test_a_path_of_two_ous_is_refused_with_both() -> None:
    ous = {"ou-exam-00000001": ("A/B", "r-exam"), "ou-exam-00000002": ("A", "r-exam")}
    known = organization(ous | {"ou-exam-00000003": ("B", "ou-exam-00000002")})
    ((_, _, message),) = unknown_names([["A/B"], ["ou-exam-00000003", "*"]], known)
    assert message == "A/B is ambiguous: ou-exam-00000001, ou-exam-00000003; name the OU by its id"


def test_an_ou_by_path_and_by_id_in_two_waves_is_refused() -> None:
    ((wave, place, message),) = unknown_names([["Sandbox"], ["Workloads", "ou-exam-sand0001"], ["*"]], EXAMPLE)
    assert (wave, place, message) == (1, 1, "ou-exam-sand0001 is Sandbox, which is already named")


names = st.sampled_from([*PATHS, *EXAMPLE.accounts, "*"])


@given(st.lists(names, unique=True, max_size=6), st.data())
def test_every_account_is_in_one_wave_and_scopes_grow_by_exactly_the_accounts_of_the_wave(
    chosen: list[str], data: st.DataObject
) -> None:
    waves: list[list[str]] = [[] for _ in range(3)]
    for name in chosen:
        waves[data.draw(st.integers(0, 2))].append(name)
    found = plan_waves([wave for wave in waves if wave], EXAMPLE, WHOLE)
    seen: set[str] = set()
    for wave in found:
        assert not seen & wave.accounts
        seen |= wave.accounts
        assert {one for one in EXAMPLE.accounts if wave.scope.has_account(EXAMPLE, one)} == seen
    assert not found or (seen == set(EXAMPLE.accounts) and found[-1].scope == WHOLE)

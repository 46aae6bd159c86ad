# ruff: noqa: E501 - tables of messages read best with each row whole
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import ConfigurationError
from deployer.organization import Organization, OrganizationalUnit, natural_order
from tests.deployer.settings.organizations import organizations
from tests.example_organization import EXAMPLE


@given(organizations())
def test_a_written_snapshot_is_read_back_equal(organization: Organization) -> None:
    again = Organization.from_json(organization.to_json())
    assert again == organization
    assert again.to_json() == organization.to_json()


@given(organizations())
def test_each_account_is_below_every_ou_of_its_chain_and_below_no_other(organization: Organization) -> None:
    for account in organization.accounts.values():
        chain = organization.account_chain(account.id)
        assert chain[0] == organization.root.id
        holders = {ou_id for ou_id in organization.ous if account in organization.accounts_below(ou_id)}
        assert holders == set(chain)


def test_paths_are_names_from_the_top() -> None:
    assert EXAMPLE.path("ou-exam-paym0001") == "Workloads/Prod/Payments"
    assert EXAMPLE.path("r-exam") == "Root"
    assert [ou.name for ou in EXAMPLE.children("ou-exam-work0001")] == ["Dev", "Prod"]
    assert EXAMPLE.accounts_in("ou-exam-work0001")[0].name == "workloads-baseline"
    assert EXAMPLE.accounts_in("ou-exam-none0001") == ()


def test_names_are_sorted_as_people_do() -> None:
    names = ["Prod10", "prod", "Prod2", "Zoo", "äpfel", "Apfel 3", "Birne", "2", "10", "Prod2b"]
    assert sorted(names, key=natural_order) == [
        *("2", "10", "äpfel", "Apfel 3", "Birne", "prod", "Prod2", "Prod2b", "Prod10", "Zoo"),
    ]
    ous = {
        f"ou-exam-{number:08d}": OrganizationalUnit(id=f"ou-exam-{number:08d}", name=name, parent_id="r-exam")
        for number, name in enumerate(["Prod10", "Prod2"])
    }
    known = replace(EXAMPLE, ous={"r-exam": EXAMPLE.root} | ous, accounts={})
    assert [ou.name for ou in known.children("r-exam")] == ["Prod2", "Prod10"]


@given(st.lists(st.text(max_size=8), max_size=5))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    assert sorted(sorted(names, key=natural_order)) == sorted(names)


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(EXAMPLE.to_json())
    return document


def _without(key: str) -> dict[str, Any]:
    document = _document()
    del document[key]
    return document


def _with_ou(**changes: Any) -> dict[str, Any]:
    document = _document()
    document["ous"][0] |= changes
    return document


def _with_account(**changes: Any) -> dict[str, Any]:
    document = _document()
    document["accounts"][0] |= changes
    return document


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        pytest.param("{", "not an organization snapshot", id="no JSON"),
        pytest.param("[]", "the document is not an object", id="a list"),
        pytest.param(json.dumps(_without("version")), "version is missing", id="no version"),
        pytest.param(json.dumps(_document() | {"ous": 5}), "ous is not a list", id="a number of OUs"),
        pytest.param(json.dumps(_document() | {"accounts": [None]}), r"accounts\[0\] is not an object", id="no account"),
        pytest.param(json.dumps(_document() | {"regions": []}), "unknown key regions", id="an unknown key of the document"),
        pytest.param(json.dumps(_document() | {"ous": _document()["ous"][:1] * 2}), r'ous\[1\]\.id: "ou-exam-depl0001" exists twice', id="a duplicate OU"),
        pytest.param(json.dumps(_without("accounts")), "accounts is missing", id="no accounts"),
        pytest.param(json.dumps(_document() | {"version": 9}), "version 9 of the organization snapshot", id="a future version"),
        pytest.param(json.dumps(_document() | {"ous": []}), "0 OUs have no parent", id="no root"),
        pytest.param(json.dumps(_with_ou(parent_id="ou-none")), "the parent ou-none of ou-exam-depl0001 is missing", id="no parent"),
        pytest.param(json.dumps(_with_ou(parent_id="ou-exam-depl0001")), "ou-exam-depl0001 is its own ancestor", id="a cycle"),
        pytest.param(json.dumps(_with_ou(name=1)), r"ous\[0\]\.name is not a string", id="a number as name"),
        pytest.param(json.dumps(_with_ou(parent_id={})), r"ous\[0\]\.parent_id is not a string", id="a map as parent"),
        pytest.param(json.dumps(_with_account(parent_id=None)), r"accounts\[0\]\.parent_id is not a string", id="an account as the parent of the root"),
        pytest.param(json.dumps(_with_ou(colour="red")), r"\(unknown key ous\[0\]\.colour\)", id="an unknown key"),
        pytest.param(json.dumps(_with_account(**{"a\nb": ""})), r'unknown key accounts\[0\]\."a\\nb"', id="a key with a line break"),
    ],
)  # fmt: skip
def test_an_invalid_snapshot_is_refused_with_its_name(document: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        Organization.from_json(document, source="org.json")
    assert caught.value.message.startswith("org.json: ")
    assert "deployer organization snapshot" in (caught.value.next_step or "")

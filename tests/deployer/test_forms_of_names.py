"""Names in Unicode's two forms: editors and keyboards write `ö` as one character, some systems as two."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from deployer.audit.names import account_ids, departed_ous, ou_paths
from deployer.organization import Account, Organization, OrganizationalUnit
from deployer.planning.scopes import find_scope
from deployer.settings.checking import check_folder
from deployer.settings.explaining import find, find_ou
from deployer.waves import plan_waves, unknown_names
from tests.deployer.audit.ledgers import everything, record

COMPOSED = unicodedata.normalize("NFC", "Größe/Käse")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
FORMS = pytest.mark.parametrize(
    ("in_aws", "typed"),
    [
        pytest.param(COMPOSED, DECOMPOSED, id="one character in AWS, two typed"),
        pytest.param(DECOMPOSED, COMPOSED, id="two characters in AWS, one typed"),
        pytest.param(DECOMPOSED, DECOMPOSED, id="two in both"),
    ],
)


def _organization(path: str) -> Organization:
    above, below = path.split("/")
    ous = (
        OrganizationalUnit(id="r-exam", name="Root", parent_id=None),
        OrganizationalUnit(id="ou-exam-above001", name=above, parent_id="r-exam"),
        OrganizationalUnit(id="ou-exam-below001", name=below, parent_id="ou-exam-above001"),
    )
    accounts = (
        Account(id="200000000001", name="central", parent_id="r-exam"),
        Account(id="300000000001", name=below, parent_id="ou-exam-below001"),
    )
    return Organization(
        id="o-exampleorg1",
        management_account_id="200000000001",
        ous={one.id: one for one in ous},
        accounts={one.id: one for one in accounts},
    )


@FORMS
def test_files_scopes_waves_and_filters_find_the_ou_in_either_form(tmp_path: Path, in_aws: str, typed: str) -> None:
    snapshot = Organization.from_json(_organization(in_aws).to_json())
    (tmp_path / "ous").mkdir()
    (tmp_path / "organization.yaml").write_text('central: {account: "200000000001", region: eu-west-1}\n', "utf-8")
    (tmp_path / "ous/a.yaml").write_text(f"ou: {typed}\nid: ou-exam-below001\nregions: [eu-west-1]\n", "utf-8")
    assert check_folder(tmp_path, snapshot) == ()

    assert find_ou(snapshot, typed) == find(snapshot, typed)[1] == "ou-exam-below001"
    account = typed.split("/")[1]
    assert find(snapshot, account) == ("300000000001", None)
    scope = find_scope(snapshot, ous=[typed], accounts=[], regions=[])
    assert scope == find_scope(snapshot, ous=["ou-exam-below001"], accounts=[], regions=[])
    assert find_scope(snapshot, ous=[], accounts=[account], regions=[]).account_ids == {"300000000001"}
    waves = [[typed], ["*"]]
    assert list(unknown_names(waves, snapshot)) == []
    assert len(plan_waves(waves, snapshot, scope)) == 1

    assert account_ids([account], lambda: snapshot) == ("300000000001",)
    (ou,) = ou_paths([typed], lambda: snapshot)
    assert list(departed_ous([ou], snapshot)) == []
    one = record(ou_path=in_aws)
    assert everything([one], ous=(ou,)).matches(one)


@FORMS
def test_two_files_for_one_ou_are_found_without_the_organization(tmp_path: Path, in_aws: str, typed: str) -> None:
    (tmp_path / "ous").mkdir()
    (tmp_path / "organization.yaml").write_text('central: {account: "200000000001", region: eu-west-1}\n', "utf-8")
    for number, path in enumerate((in_aws, typed)):
        (tmp_path / f"ous/{number}.yaml").write_text(f"ou: {path}\n", "utf-8")
    (problem,) = check_folder(tmp_path)
    assert "configures this OU, too" in problem.message

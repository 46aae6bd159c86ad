from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from handler.settings_file import SettingsFile, SettingsFileError
from tests.handler.fakes import ACCOUNT, LIFECYCLE, PROD, ROOT, WORKLOADS, settings_document


def settings_file(**changes: Any) -> SettingsFile:
    return SettingsFile.from_json(json.dumps(settings_document() | changes).encode())


def test_the_nearest_layer_wins_and_the_account_is_the_nearest() -> None:
    said = settings_file(
        defaults={"regions": ["eu-west-1"], "enabled": True},
        ous={ROOT: {"enabled": False}, PROD: {"enabled": True, "regions": ["us-east-1"]}},
        accounts={ACCOUNT: {"regions": ["eu-central-1"]}},
    )
    assert not said.settings_for("100000000000", [ROOT]).enabled
    assert said.settings_for("300000000002", [ROOT, WORKLOADS, PROD]).regions == ("us-east-1",)
    assert said.settings_for(ACCOUNT, [ROOT, WORKLOADS, PROD]).regions == ("eu-central-1",)


def test_an_ou_that_is_newer_than_the_file_adds_nothing() -> None:
    said = settings_file()
    chain = [ROOT, WORKLOADS, PROD]
    assert said.settings_for(ACCOUNT, [*chain, "ou-exam-new00001"]) == said.settings_for(ACCOUNT, chain)


def test_an_account_has_its_chain_and_name() -> None:
    assert settings_file().last_known_chain(ACCOUNT) == (ROOT, WORKLOADS, PROD)
    assert settings_file().account_name(ACCOUNT) == "shop-prod"


def test_an_account_that_is_newer_than_the_file_is_unknown() -> None:
    assert settings_file().last_known_chain("999999999999") is None
    assert settings_file().account_name("999999999999") == "999999999999"


def test_a_cycle_of_ous_terminates() -> None:
    organization = settings_document()["organization"]
    organization["ous"][ROOT]["parent"] = PROD
    chain = settings_file(organization=organization).last_known_chain(ACCOUNT)
    assert chain == (ROOT, WORKLOADS, PROD)


@pytest.mark.parametrize(
    ("chain", "path"),
    [
        pytest.param([ROOT, WORKLOADS, PROD], "Workloads/Prod", id="names without that of the root"),
        pytest.param([ROOT], "Root", id="only the root"),
        pytest.param([ROOT, WORKLOADS, "ou-exam-new00001"], "Workloads/ou-exam-new00001", id="a newer OU"),
        pytest.param([], "", id="an empty chain"),
    ],
)
def test_the_path_of_a_chain(chain: list[str], path: str) -> None:
    assert settings_file().path_of(chain) == path


def test_a_document_is_read_with_its_digest(tmp_path: Path) -> None:
    data = json.dumps(settings_document()).encode()
    path = tmp_path / "settings.json"
    path.write_bytes(data)
    said = SettingsFile.load(path)
    assert said.document("policies/lifecycle.json") == LIFECYCLE
    assert said.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"{", "is invalid", id="invalid JSON"),
        pytest.param(b"[]", "is invalid", id="a list"),
        pytest.param(b'{"version": 1}', "is invalid", id="only a version"),
        pytest.param(b'{"version": 2}', "has version 2, not 1", id="a future version"),
    ],
)
def test_an_invalid_file_is_an_error(data: bytes, problem: str) -> None:
    with pytest.raises(SettingsFileError, match=problem):
        SettingsFile.from_json(data)

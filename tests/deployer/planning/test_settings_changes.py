"""The effective changes of each OU when the config files change."""

from __future__ import annotations

import json
from typing import Any

from deployer.planning.settings_changes import SettingsChange, ValueChange, settings_changes
from tests.example_organization import EXAMPLE

_PROD, _PAYMENTS, _DEV = "ou-exam-prod0001", "ou-exam-paym0001", "ou-exam-dev00001"


def _settings(*, ous: Any, accounts: Any = None, documents: Any = None) -> bytes:
    organization = {
        "id": EXAMPLE.id,
        "root": EXAMPLE.root.id,
        "ous": {ou.id: {"name": ou.name, "parent": ou.parent_id} for ou in EXAMPLE.ous.values()},
        "accounts": {one.id: {"name": one.name, "parent": one.parent_id} for one in EXAMPLE.accounts.values()},
    }
    document = {"version": 1, "organization": organization, "defaults": {}, "ous": ous, "accounts": accounts or {}}
    return json.dumps(document | {"documents": documents or {}}).encode()


_ON = {"enabled": True, "regions": ["eu-west-1"]}


def test_an_inherited_change_is_reported_once_for_all_ous_that_it_reaches() -> None:
    before = _settings(ous={_PROD: _ON, _DEV: _ON})
    after = _settings(ous={_PROD: _ON | {"repository": {"scan_on_push": False}}, _DEV: _ON})
    assert settings_changes(EXAMPLE, before=before, after=after) == (
        SettingsChange(
            ous=("Workloads/Prod", "Workloads/Prod/Payments"),
            accounts=(),
            values=(ValueChange(key="repository.scan_on_push", before="true", after="false"),),
        ),
    )


def test_equal_settings_written_differently_are_not_a_change() -> None:
    before = _settings(ous={_PROD: _ON})
    after = _settings(ous={_PROD: _ON, _PAYMENTS: _ON, _DEV: {"enabled": False, "regions": ["us-east-1"]}})
    assert settings_changes(EXAMPLE, before=before, after=after) == ()


def test_a_policy_file_that_changes_is_a_change_of_the_ous_that_name_it() -> None:
    ous = {_DEV: _ON | {"repository": {"lifecycle_policy": "policies/a.json"}}}
    before = _settings(ous=ous, documents={"policies/a.json": "1"})
    after = _settings(ous=ous, documents={"policies/a.json": "2"})
    (change,) = settings_changes(EXAMPLE, before=before, after=after)
    assert change.ous == ("Workloads/Dev",)
    assert change.values == (ValueChange(key="repository.lifecycle_policy (content)", before="1", after="2"),)


def test_an_account_with_its_own_settings_is_reported_separately() -> None:
    before = _settings(ous={_DEV: _ON})
    after = _settings(ous={_DEV: _ON}, accounts={"400000000001": {"regions": ["eu-west-1", "us-east-1"]}})
    (change,) = settings_changes(EXAMPLE, before=before, after=after)
    assert (change.ous, change.accounts) == ((), ("400000000001",))
    assert change.values == (ValueChange(key="regions", before='["eu-west-1"]', after='["eu-west-1", "us-east-1"]'),)


def test_settings_of_an_unknown_version_are_treated_as_missing() -> None:
    after = _settings(ous={_DEV: _ON})
    first = settings_changes(EXAMPLE, before=None, after=after)
    assert settings_changes(EXAMPLE, before=b'{"version": 99}', after=after) == first
    assert {value.key: value.after for value in first[0].values}["enabled"] == "true"

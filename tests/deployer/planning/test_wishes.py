"""What the config files ask for: where each StackSet is wanted, and what the management account gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer import settings
from deployer.planning.plan import StackKey
from deployer.planning.wishes import wish_for
from deployer.stack_sets import InstanceKey
from deployer.targets import Scope, wanted_instances
from tests.deployer.examples import (
    ACCESS,
    CONFIG,
    DEV,
    FORWARDING,
    MANAGEMENT,
    NETWORK,
    ORGANIZATION,
    PROD,
    SCANNING,
    SHOP_DEV,
    SHOP_PROD,
    changed,
    wanted,
)
from tests.example_organization import EXAMPLE

ROOT_ON = "ou: Root\nenabled: true\nregions: [eu-west-1, us-east-1]\n"


def test_roles_are_wanted_once_in_an_account_and_rules_in_each_of_its_regions() -> None:
    access, forwarding = wanted().wish.stack_sets
    assert access.coverage.accounts[NETWORK] == {"eu-west-1"}
    assert forwarding.coverage.accounts[NETWORK] == {"eu-west-1", "eu-central-1"}
    assert forwarding.definition.depends_on == (ACCESS,)
    assert forwarding.coverage.ous["ou-exam-sand0001"] == frozenset()


def test_the_central_stack_runs_the_zip_that_is_uploaded() -> None:
    one = wanted()
    assert one.bundle.key == one.wish.bundle_key
    assert one.bundle.key in one.wish.central.body


def test_equal_config_files_are_one_wish() -> None:
    assert wanted().wish.central.body == wanted().wish.central.body


def test_each_content_of_registry_scanning_is_a_stack_set_named_after_it(tmp_path: Path) -> None:
    changed(tmp_path, PROD, "", SCANNING)
    same = changed(tmp_path, DEV, "", "registry: {scanning: {type: BASIC, filters: ['*', '*']}}\n")
    _, _, shared = wanted(same).wish.stack_sets
    keys = wanted_instances(shared.coverage, Scope.whole(EXAMPLE))
    assert {InstanceKey(SHOP_DEV, "eu-west-1"), InstanceKey(SHOP_PROD, "us-east-1")} <= keys
    assert len(keys) == 10

    other = changed(tmp_path, DEV, "'*', '*'", "app")
    names = [one.definition.name for one in wanted(other).wish.stack_sets[2:]]
    assert len(names) == 2
    assert shared.definition.name in names, "equal content keeps its name"
    assert all(wanted(other).wish.families[0].has(name) for name in names)


def test_scanning_is_wanted_nowhere_where_an_ou_is_off(tmp_path: Path) -> None:
    config = changed(tmp_path, "ous/sandbox.yaml", "", SCANNING)
    assert len(wanted(config).wish.stack_sets) == 2


@pytest.mark.parametrize(
    ("frequency", "rules"),
    [("MANUAL", []), ("SCAN_ON_PUSH", ["SCAN_ON_PUSH"])],
)
def test_a_scan_by_hand_is_no_rule_at_all(tmp_path: Path, frequency: str, rules: list[str]) -> None:
    config = changed(tmp_path, PROD, "", f"registry: {{scanning: {{type: BASIC, frequency: {frequency}}}}}\n")
    (resource,) = json.loads(wanted(config).wish.stack_sets[-1].definition.body)["Resources"].values()
    assert [rule["ScanFrequency"] for rule in resource["Properties"]["Rules"]] == rules


def test_the_management_account_gets_stacks_of_its_own_where_it_is_the_caller(tmp_path: Path) -> None:
    changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    config = changed(tmp_path, PROD, "", "")
    (config / "ous/root.yaml").write_text(ROOT_ON + SCANNING)
    wish = wanted(config).wish
    assert wish.management_is_caller
    assert [StackKey(one.name, one.region) for one in wish.companions] == [
        StackKey(ACCESS, "eu-west-1"),
        StackKey(FORWARDING, "eu-west-1"),
        StackKey(FORWARDING, "us-east-1"),
        StackKey("deployer-registry-scanning", "eu-west-1"),
        StackKey("deployer-registry-scanning", "us-east-1"),
    ]
    assert set(wish.former_companions) >= {StackKey(one.name, one.region) for one in wish.companions}


def test_without_scanning_the_management_account_has_no_stack_for_it_and_an_old_one_is_found(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    (config / "ous/root.yaml").write_text(ROOT_ON)
    wish = wanted(config).wish
    assert "deployer-registry-scanning" not in {one.name for one in wish.companions}
    assert StackKey("deployer-registry-scanning", "eu-west-1") in wish.former_companions


def test_a_scope_beside_the_management_account_leaves_its_stacks_alone(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    (config / "ous/root.yaml").write_text(ROOT_ON)
    beside = wanted(config, scope=Scope(ou_ids=frozenset({"ou-exam-dev00001"}))).wish
    assert (beside.companions, beside.former_companions) == ((), ())
    assert wanted(CONFIG).wish.companions == ()


def test_a_scope_of_some_regions_has_the_roles_too_but_never_takes_them_away(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    (config / "ous/root.yaml").write_text(ROOT_ON)
    scope = Scope(ou_ids=frozenset({EXAMPLE.root.id}), regions=frozenset({"us-east-1"}))
    wish = wanted(config, scope=scope).wish
    assert [StackKey(one.name, one.region) for one in wish.companions] == [
        StackKey(ACCESS, "eu-west-1"),
        StackKey(FORWARDING, "us-east-1"),
    ]
    assert set(wish.former_companions) == {
        StackKey(FORWARDING, "us-east-1"),
        StackKey("deployer-registry-scanning", "us-east-1"),
    }


def test_a_companion_stack_is_looked_for_wherever_there_may_be_one(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    compiled = settings.compile(settings.load(config), EXAMPLE)
    found = wish_for(compiled, scope=Scope.whole(EXAMPLE), partition="aws", enabled_regions=["ap-south-1"])
    assert StackKey(FORWARDING, "ap-south-1") in found.wish.former_companions

"""What the config files request: the coverage of each StackSet, and what the management account gets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deployer import settings
from deployer.planning.desired_state import deployment_for
from deployer.planning.states import StackKey
from deployer.stack_sets import InstanceKey
from deployer.targets import Scope, desired_instances
from tests.deployer.examples import (
    ACCESS,
    CONFIG,
    DEV,
    FORWARDING,
    MANAGEMENT,
    NATIVE,
    NETWORK,
    ORGANIZATION,
    PROD,
    SCANNING,
    SEARCH_DEV,
    SHOP_DEV,
    SHOP_PROD,
    changed,
    example_deployment,
)
from tests.example_organization import EXAMPLE

ROOT_ON = "ou: Root\nenabled: true\nregions: [eu-west-1, us-east-1]\n"


def test_roles_are_desired_once_in_an_account_and_rules_in_each_of_its_regions() -> None:
    access, forwarding = example_deployment().desired.stack_sets
    assert access.coverage.accounts[NETWORK] == {"eu-west-1"}
    assert forwarding.coverage.accounts[NETWORK] == {"eu-west-1", "eu-central-1"}
    assert forwarding.definition.depends_on == (ACCESS,)
    assert forwarding.coverage.ous["ou-exam-sand0001"] == frozenset()


def test_the_central_stack_runs_the_zip_that_is_uploaded() -> None:
    one = example_deployment()
    assert one.bundle.key == one.desired.bundle_key
    assert one.bundle.key in one.desired.central.body


def test_equal_config_files_give_one_desired_state() -> None:
    assert example_deployment().desired.central.body == example_deployment().desired.central.body


def test_each_content_of_registry_scanning_is_a_stack_set_named_after_it(tmp_path: Path) -> None:
    changed(tmp_path, PROD, "", SCANNING)
    same = changed(tmp_path, DEV, "", "registry: {scanning: {type: BASIC, filters: ['*', '*']}}\n")
    _, _, shared = example_deployment(same).desired.stack_sets
    keys = desired_instances(shared.coverage, Scope.whole(EXAMPLE))
    assert {InstanceKey(SHOP_DEV, "eu-west-1"), InstanceKey(SHOP_PROD, "us-east-1")} <= keys
    assert len(keys) == 10

    other = changed(tmp_path, DEV, "'*', '*'", "app")
    names = [one.definition.name for one in example_deployment(other).desired.stack_sets[2:]]
    assert len(names) == 2
    assert shared.definition.name in names, "equal content keeps its name"
    assert all(example_deployment(other).desired.families[0].has(name) for name in names)


def test_a_native_ou_has_creation_templates_in_its_regions_after_the_forwarding_of_events(tmp_path: Path) -> None:
    config = changed(tmp_path, DEV, "", NATIVE)
    _, _, native = example_deployment(config).desired.stack_sets
    assert re.fullmatch("deployer-registry-creation-templates-[0-9a-f]{8}", native.definition.name)
    assert native.definition.depends_on == (FORWARDING,)
    keys = desired_instances(native.coverage, Scope.whole(EXAMPLE))
    assert keys == {InstanceKey(SHOP_DEV, "eu-west-1"), InstanceKey(SEARCH_DEV, "eu-west-1")}
    digest = native.definition.name[-8:]
    role, *templates = json.loads(native.definition.body)["Resources"].values()
    assert role["Properties"]["RoleName"] == {"Fn::Sub": f"deployer-native-${{AWS::Region}}-{digest}"}
    (root,) = (one["Properties"] for one in templates)
    assert (root["Prefix"], root["AppliedFor"]) == ("ROOT", ["CREATE_ON_PUSH"])
    policy = (config / "policies/two-weeks.json").read_text()
    assert json.loads(root["LifecyclePolicy"]) == json.loads(policy)


@pytest.mark.parametrize(
    ("tags", "stack_sets"),
    [("{by: '{principal}'}", 1), ("{team: search}", 2)],
    ids=["set after the creation", "contained in the templates"],
)
def test_settings_share_a_stack_set_if_their_creation_templates_are_equal(
    tags: str, stack_sets: int, tmp_path: Path
) -> None:
    config = changed(tmp_path, DEV, "", NATIVE)
    (config / "accounts").mkdir()
    (config / f"accounts/{SEARCH_DEV}.yaml").write_text(f'account: "{SEARCH_DEV}"\nrepository: {{tags: {tags}}}\n')
    assert len(example_deployment(config).desired.stack_sets[2:]) == stack_sets


def test_scanning_is_not_desired_if_an_ou_is_not_enabled(tmp_path: Path) -> None:
    config = changed(tmp_path, "ous/sandbox.yaml", "", SCANNING)
    assert len(example_deployment(config).desired.stack_sets) == 2


@pytest.mark.parametrize(
    ("frequency", "rules"),
    [("MANUAL", []), ("SCAN_ON_PUSH", ["SCAN_ON_PUSH"])],
)
def test_manual_scans_need_no_scanning_rule(tmp_path: Path, frequency: str, rules: list[str]) -> None:
    config = changed(tmp_path, PROD, "", f"registry: {{scanning: {{type: BASIC, frequency: {frequency}}}}}\n")
    (resource,) = json.loads(example_deployment(config).desired.stack_sets[-1].definition.body)["Resources"].values()
    assert [rule["ScanFrequency"] for rule in resource["Properties"]["Rules"]] == rules


def test_the_management_account_gets_companion_stacks_if_it_is_the_caller(tmp_path: Path) -> None:
    changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    config = changed(tmp_path, PROD, "", "")
    (config / "ous/root.yaml").write_text(ROOT_ON + SCANNING)
    desired = example_deployment(config).desired
    assert desired.management_is_caller
    assert [StackKey(one.name, one.region) for one in desired.companions] == [
        StackKey(ACCESS, "eu-west-1"),
        StackKey(FORWARDING, "eu-west-1"),
        StackKey(FORWARDING, "us-east-1"),
        StackKey("deployer-registry-scanning", "eu-west-1"),
        StackKey("deployer-registry-scanning", "us-east-1"),
    ]
    assert set(desired.former_companions) >= {StackKey(one.name, one.region) for one in desired.companions}


def test_a_native_management_account_has_creation_templates_in_its_own_stack(tmp_path: Path) -> None:
    changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    config = changed(tmp_path, PROD, "", "")
    (config / "ous/root.yaml").write_text(ROOT_ON + NATIVE)
    for file in (PROD, DEV):  # their own rules are bypassed by no template
        changed(tmp_path, file, "", "engine: handler\n")
    companions = {one.name: one for one in example_deployment(config).desired.companions}
    body = json.loads(companions["deployer-registry-creation-templates"].body)
    assert [one["Type"] for one in body["Resources"].values()] == [
        "AWS::IAM::Role",
        "AWS::ECR::RepositoryCreationTemplate",
    ]


def test_without_scanning_the_management_account_has_no_stack_for_it_and_an_old_one_is_found(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    (config / "ous/root.yaml").write_text(ROOT_ON)
    desired = example_deployment(config).desired
    assert "deployer-registry-scanning" not in {one.name for one in desired.companions}
    assert StackKey("deployer-registry-scanning", "eu-west-1") in desired.former_companions


def test_a_scope_without_the_management_account_does_not_touch_its_stacks(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    (config / "ous/root.yaml").write_text(ROOT_ON)
    beside = example_deployment(config, scope=Scope(ou_ids=frozenset({"ou-exam-dev00001"}))).desired
    assert (beside.companions, beside.former_companions) == ((), ())
    assert example_deployment(CONFIG).desired.companions == ()


def test_a_scope_of_some_regions_includes_the_roles_but_never_deletes_them(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    (config / "ous/root.yaml").write_text(ROOT_ON)
    scope = Scope(ou_ids=frozenset({EXAMPLE.root.id}), regions=frozenset({"us-east-1"}))
    desired = example_deployment(config, scope=scope).desired
    assert [StackKey(one.name, one.region) for one in desired.companions] == [
        StackKey(ACCESS, "eu-west-1"),
        StackKey(FORWARDING, "us-east-1"),
    ]
    assert set(desired.former_companions) == {
        StackKey(FORWARDING, "us-east-1"),
        StackKey("deployer-registry-scanning", "us-east-1"),
        StackKey("deployer-registry-creation-templates", "us-east-1"),
    }


def test_templates_of_only_the_management_account_are_a_stack_without_an_empty_stack_set(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    (config / "accounts").mkdir()
    own = f'account: "{MANAGEMENT}"\nenabled: true\nregions: [eu-west-1]\n{NATIVE}'
    (config / f"accounts/{MANAGEMENT}.yaml").write_text(own)
    desired = example_deployment(config).desired
    assert "deployer-registry-creation-templates" in {one.name for one in desired.companions}
    assert [one.definition.name for one in desired.stack_sets] == [ACCESS, FORWARDING]


def test_companion_stacks_are_searched_in_every_possible_region(tmp_path: Path) -> None:
    config = changed(tmp_path, ORGANIZATION, '"200000000001"', f'"{MANAGEMENT}"')
    compiled = settings.compile(settings.load(config), EXAMPLE)
    found = deployment_for(compiled, scope=Scope.whole(EXAMPLE), partition="aws", enabled_regions=["ap-south-1"])
    assert StackKey(FORWARDING, "ap-south-1") in found.desired.former_companions

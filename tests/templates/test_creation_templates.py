"""The creation templates of a registry: the role that ECR uses, the order of the templates, and their properties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies

from handler.settings import Encryption
from templates.creation_templates import ROOT, CreationTemplate, CreationTemplates
from templates.names import Names
from templates.registry_creation_templates import covered_by, description, template
from tests.templates.reading import CREATION_TEMPLATES, as_list, literal, resources

PLAIN = CREATION_TEMPLATES.templates[0]
DIGEST = "0123abcd"


def built(names: Names, *templates: CreationTemplate, denied: tuple[str, ...] = ()) -> dict[str, Any]:
    """Resources by logical id, those of templates by prefix."""
    found = resources(template(names, CreationTemplates(templates=templates, denied=denied), DIGEST))
    return {resource["Properties"].get("Prefix", key): resource for key, resource in found.items()}


def statements_of(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (policy,) = found["CreationRole"]["Properties"]["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def below(prefix: str, **changes: Any) -> CreationTemplate:
    return replace(PLAIN, prefix=prefix, **changes)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        pytest.param({}, {"CreateByTemplates"}, id="only the repository"),
        pytest.param({"tags": (("env", "prod"),)}, {"CreateByTemplates", "TagByTemplates"}, id="tags"),
        pytest.param({"lifecycle_policy": "{}"}, {"CreateByTemplates", "PutPoliciesByTemplates"}, id="a policy"),
        pytest.param(
            {"encryption": Encryption(type="KMS")},
            {"CreateByTemplates", "DescribeKeys", "GrantKeysToECR", "RetireGrantsOfECR"},
            id="a key",
        ),
    ],
)
def test_the_role_has_exactly_the_permissions_that_its_templates_need(
    changes: dict[str, Any], needed: set[str], names: Names
) -> None:
    assert statements_of(built(names, below("a", **changes))).keys() == needed


def test_the_role_creates_repositories_below_its_prefixes_in_its_own_region_only(names: Names) -> None:
    found = statements_of(built(names, below("a"), below("a/b", tags=(("k", "v"),)), below("c")))
    registry = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository"
    created = [literal(one) for one in found["CreateByTemplates"]["Resource"]]
    assert created == [f"{registry}/a/*", f"{registry}/c/*"]
    assert [literal(one) for one in found["TagByTemplates"]["Resource"]] == [f"{registry}/a/b/*"]


def test_the_role_may_set_only_policies_that_some_template_has(names: Names) -> None:
    found = statements_of(built(names, below("a", repository_policy="{}")))
    assert as_list(found["PutPoliciesByTemplates"]["Action"]) == ["ecr:SetRepositoryPolicy"]


def test_names_that_settings_deny_are_denied_to_the_role(names: Names) -> None:
    denied = statements_of(built(names, PLAIN, denied=("**/tmp-*",)))["DenyNames"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "ecr:CreateRepository")
    assert denied["Resource"] == ["arn:*:ecr:*:*:repository/*/tmp-*", "arn:*:ecr:*:*:repository/tmp-*"]


def test_the_role_has_no_path_and_a_name_of_its_region_and_content(names: Names) -> None:
    role = built(names, PLAIN)["CreationRole"]["Properties"]
    assert "Path" not in role
    assert literal(role["RoleName"]) == names.native_role("${AWS::Region}", DIGEST)
    assert built(names, PLAIN)[ROOT]["Properties"]["CustomRoleArn"] == {"Fn::GetAtt": ["CreationRole", "Arn"]}


def test_a_template_is_created_after_templates_whose_names_it_would_otherwise_match(names: Names) -> None:
    found = built(names, below("a"), below("a/b"), below("a/b/c"), below("ab"), PLAIN)
    prefixes = {found_id: prefix for prefix, found_id in logical_ids(names, found).items()}
    after = {prefix: {prefixes[one] for one in resource.get("DependsOn", [])} for prefix, resource in found.items()}
    assert after == {
        "CreationRole": set(),
        ROOT: {"a", "ab"},
        "a": {"a/b"},
        "a/b": {"a/b/c"},
        "a/b/c": set(),
        "ab": set(),
    }


def logical_ids(names: Names, found: dict[str, Any]) -> dict[str, str]:
    content = CreationTemplates(templates=tuple(below(one) for one in found if one != "CreationRole"), denied=())
    return {
        resource["Properties"]["Prefix"]: key
        for key, resource in resources(template(names, content, DIGEST)).items()
        if key != "CreationRole"
    }


def test_exclusions_are_part_of_the_mutability(names: Names) -> None:
    found = built(names, below("a", mutability_exclusions=("latest",)), below("b"))
    assert found["a"]["Properties"]["ImageTagMutability"] == "MUTABLE_WITH_EXCLUSION"
    assert found["b"]["Properties"]["ImageTagMutability"] == "MUTABLE"
    assert "ImageTagMutabilityExclusionFilters" not in found["b"]["Properties"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("prod", "prod"),
        ("{account}-x", {"Fn::Sub": "${AWS::AccountId}-x"}),
        ("{region} ${x}", {"Fn::Sub": "${AWS::Region} ${!x}"}),
        ("${x}", "${x}"),
    ],
    ids=["a constant", "the account", "the region and text that looks like a reference", "only such text"],
)
def test_cloudformation_fills_in_account_and_region(value: str, expected: Any, names: Names) -> None:
    found = built(names, below("a", tags=(("k", value),)))
    assert found["a"]["Properties"]["ResourceTags"] == [{"Key": "k", "Value": expected}]


def test_a_description_stays_short() -> None:
    many = CreationTemplates(templates=tuple(below(f"team-{number:03}") for number in range(100)), denied=())
    assert description(many) == "deployer: ECR creates repositories on push, by creation templates for 100 prefixes"


PARTS = strategies.lists(strategies.sampled_from(["a", "b", "ab", "a-b"]), min_size=1, max_size=4)
PREFIXES = strategies.one_of(strategies.just(ROOT), PARTS.map("/".join))


@given(prefixes=strategies.sets(PREFIXES, min_size=1, max_size=8))
def test_every_template_is_created_after_those_with_longer_prefixes_of_its_names(prefixes: set[str]) -> None:
    covered = covered_by(prefixes)

    def all_before(prefix: str) -> set[str]:
        return {prefix}.union(*(all_before(one) for one in covered[prefix]))

    for prefix in prefixes:
        wider = {one for one in prefixes if one in (ROOT, prefix) or prefix.startswith(f"{one}/")}
        assert all(prefix in all_before(one) for one in wider)

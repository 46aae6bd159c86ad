from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deployer.settings.native import NativeCompilation, compile_native
from deployer.settings.native_names import nearest
from deployer.settings.native_values import template
from deployer.settings.yaml_source import key_text
from handler import globs
from handler.repository_names import is_valid
from handler.settings import RepositorySettings, Settings, settings_from
from templates.creation_templates import ROOT, CreationTemplate
from templates.denied_names import denied_patterns, is_denied

POLICIES = {"policies/expire.json": '{"rules":[]}', "policies/two.json": '{"rules":[1]}'}
ALIAS = "arn:aws:kms:{region}:{account}:alias/ecr"
KEY = "arn:aws:kms:{region}:{account}:key/0a1b-2c"
MUTABLE = {"image_tag_mutability": "MUTABLE"}


def compiled(**layer: Any) -> NativeCompilation:
    found = compile_native(native_settings(**layer), POLICIES)
    assert found is not None
    return found


def native_settings(**layer: Any) -> Settings:
    """Enabled, and without a rule that templates bypass unless the layer adds one."""
    layers: list[dict[str, Any]] = [
        {"enabled": True, "engine": "native", "regions": ["eu-west-1"]},
        {"create": {"principals": {"outside_organization": True}}},
        layer,
    ]
    return settings_from(layers)


def named(allow: list[str], deny: list[str] = []) -> dict[str, Any]:  # noqa: B006
    return {"names": {"allow": allow, "deny": deny}}


def prefixes(compilation: NativeCompilation) -> list[str]:
    return [one.prefix for one in compilation.content.templates]


@pytest.mark.parametrize(
    "layer", [{"engine": "handler"}, {"engine": None}, {"enabled": False}], ids=["handler", "by default", "disabled"]
)
def test_nothing_is_compiled_unless_the_engine_is_native_in_an_enabled_ou(layer: dict[str, Any]) -> None:
    assert compile_native(native_settings(**layer), POLICIES) is None


@pytest.mark.parametrize(
    ("allow", "expected"),
    [
        pytest.param(["**"], [ROOT], id="every name"),
        pytest.param(["**/*"], [ROOT], id="every name, written otherwise"),
        pytest.param(["a/b/**"], ["a/b"], id="all names below a prefix"),
        pytest.param(["a/**/*"], ["a"], id="all names below a prefix, written otherwise"),
        pytest.param(["a/**", "b/**"], ["a", "b"], id="two prefixes"),
        pytest.param(["a/**", "a/b/**"], ["a"], id="a prefix within another one needs no template"),
        pytest.param(["**", "a/**"], [ROOT], id="a prefix within all names needs no template"),
        pytest.param(["a--b/x__y/**"], ["a--b/x__y"], id="every separator that ECR accepts"),
        pytest.param(["root/**"], ["root"], id="a prefix named root is not ROOT"),
        pytest.param(["x/**"], ["x"], id="a prefix of one character"),
        pytest.param(["*"], [], id="names of one part"),
        pytest.param(["*/**"], [], id="names of at least two parts"),
        pytest.param(["a/*"], [], id="names one part below a prefix"),
        pytest.param(["a/**/x"], [], id="names that end with a part"),
        pytest.param(["team-*/**"], [], id="a wildcard in the first part"),
        pytest.param(["a**"], [], id="the start of a part"),
        pytest.param(["a/b"], [], id="one name"),
        pytest.param(["a-/**"], [], id="a prefix that is not a name"),
        pytest.param([], [], id="no names"),
    ],
)
def test_prefixes_of_allowed_names_get_a_template(allow: list[str], expected: list[str]) -> None:
    found = compiled(create=named(allow))
    assert prefixes(found) == expected
    assert [one.glob for one in found.uncovered] == ([] if expected else allow)
    assert found.violations == ()


def test_names_that_no_template_can_cover_are_left_to_the_handler_with_a_reason() -> None:
    found = compiled(create=named(["a/**", "team-*/**", "a/x/*", "b/**"], ["b*"]))
    assert prefixes(found) == ["a"]
    (free, denied) = found.uncovered
    assert (free.index, free.glob) == (1, "team-*/**")
    assert "only by a prefix" in free.reason
    assert (denied.index, denied.glob) == (3, "b/**")
    assert "create.names.deny b* denies all of it" in denied.reason


def test_entries_that_are_refused_or_covered_anyway_are_not_reported() -> None:
    assert compiled(create=named(["**", "team-*/**", "tmp-*"], ["tmp-*"])).uncovered == ()


def test_a_key_alias_needs_the_handler_and_a_key_does_not() -> None:
    with_alias = compiled(repository={"encryption": {"type": "KMS", "kms_key": ALIAS}})
    assert prefixes(with_alias) == []
    assert ALIAS in with_alias.uncovered[0].reason
    (with_key,) = compiled(repository={"encryption": {"type": "KMS", "kms_key": KEY}}).content.templates
    assert with_key.encryption.kms_key == KEY


def test_a_template_contains_every_setting_that_is_the_same_for_all_repositories_of_a_registry() -> None:
    tags = {"z": "{account}/{region}", "env": "prod", "by": "{principal}", "ou": "{ou}", "long": "x" * 240 + "{region}"}
    repository = {
        "mutability_exclusions": ["latest"],
        "lifecycle_policy": "policies/expire.json",
        "repository_policy": "policies/two.json",
        "tags": tags,
    }
    (one,) = compiled(repository=repository).content.templates
    assert one == CreationTemplate(
        prefix=ROOT,
        image_tag_mutability="IMMUTABLE",
        mutability_exclusions=("latest",),
        encryption=one.encryption,
        lifecycle_policy='{"rules":[]}',
        repository_policy='{"rules":[1]}',
        tags=(("env", "prod"), ("z", "{account}/{region}")),
    )
    assert one.encryption.type == "AES256"


def test_namespaces_that_are_prefixes_get_templates_with_their_settings() -> None:
    spaces = [
        {"match": "scratch/**", "repository": MUTABLE},
        {"match": "same/**", "repository": {}},
        {"match": "elsewhere/**", "repository": MUTABLE},
    ]
    found = compiled(namespaces=spaces, create=named(["scratch/a/**", "same/**", "scratch/b/c/**"]))
    by_prefix = {one.prefix: one.image_tag_mutability for one in found.content.templates}
    assert by_prefix == {"same": "IMMUTABLE", "scratch/a": "MUTABLE", "scratch/b/c": "MUTABLE"}
    below_root = compiled(namespaces=spaces)
    assert prefixes(below_root) == [ROOT, "elsewhere", "scratch"]
    assert below_root.violations == found.violations == ()


def test_the_first_namespace_decides_about_a_prefix() -> None:
    spaces = [{"match": "a/**", "repository": MUTABLE}, {"match": "a/b/**", "repository": {"tags": {"x": "y"}}}]
    assert prefixes(compiled(namespaces=spaces)) == [ROOT, "a"]
    found = compiled(namespaces=spaces[::-1])
    assert prefixes(found) == [ROOT, "a", "a/b"]
    assert found.template_for("a/b/c") != found.template_for("a/c")


@pytest.mark.parametrize(
    ("rule", "layer", "entries"),
    [
        pytest.param("create.on", {"create": {"on": ["pull"]}}, ["create.on"], id="only pulls"),
        pytest.param("create.on", {"create": {"on": []}}, ["create.on"], id="no call"),
        pytest.param(
            "create.principals.allow",
            {"create": {"principals": {"allow": ["arn:aws:iam::*:role/ci-*"]}}},
            ["create.principals", "create.principals.allow"],
            id="allowed principals",
        ),
        pytest.param(
            "create.principals.deny",
            {"create": {"principals": {"deny": ["arn:aws:iam::*:user/*"]}}},
            ["create.principals", "create.principals.deny"],
            id="denied principals",
        ),
        pytest.param(
            "create.principals.outside_organization",
            {"create": {"principals": {"outside_organization": None}}},
            ["create.principals", "create.principals.outside_organization"],
            id="callers outside the organization",
        ),
        pytest.param("create.limit.per_hour", {"create": {"limit": {"per_hour": 5}}}, ["create.limit"], id="a limit"),
        pytest.param(
            "namespaces[1].match",
            {"namespaces": [{"match": "a/**"}, {"match": "**/*-cache", "repository": MUTABLE}]},
            ["namespaces"],
            id="a namespace of free names",
        ),
        pytest.param(
            "namespaces[0].match",
            {"namespaces": [{"match": "a/b", "repository": MUTABLE}]},
            ["namespaces"],
            id="a namespace of one name",
        ),
        pytest.param(
            "namespaces[0].match",
            {"namespaces": [{"match": "a/**", "repository": {"encryption": {"type": "KMS", "kms_key": ALIAS}}}]},
            ["namespaces"],
            id="a namespace with settings that templates lack",
        ),
    ],
)
def test_a_rule_that_templates_bypass_is_a_violation_unless_it_is_listed(
    rule: str, layer: dict[str, Any], entries: list[str]
) -> None:
    (violation,) = compiled(**layer).violations
    assert key_text(violation.rule) == rule
    assert f"list {entries[-1]} in native.unenforced" in violation.next_step
    for entry in entries:
        listed = compiled(**layer, native={"unenforced": [entry]})
        assert (listed.violations, listed.superfluous) == ((), ())
        assert [one.rule for one in listed.unenforced] == [violation.rule]


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param({"create": {"on": ["push", "pull"]}}, id="pulls besides pushes"),
        pytest.param({"create": {"principals": {"allow": ["arn:aws:iam::*:role/a", "*"]}}}, id="every principal"),
        pytest.param({"create": {**named(["team-*/**"]), "limit": {"per_hour": 5}}}, id="no template bypasses it"),
        pytest.param(
            {"create": named(["a/**"]), "namespaces": [{"match": "*-x/**", "repository": MUTABLE}]},
            id="a namespace of names without a template",
        ),
        pytest.param({"namespaces": [{"match": "*/x", "repository": {}}]}, id="a namespace that changes nothing"),
        pytest.param(
            {"namespaces": [{"match": "*/x", "repository": {"scan_on_push": False, "tags": {"a": "{repository}"}}}]},
            id="a namespace with settings that the handler sets",
        ),
        pytest.param(
            {"namespaces": [{"match": "a/**", "repository": MUTABLE}, {"match": "a/*/tmp", "repository": {}}]},
            id="a namespace after a wider one",
        ),
        pytest.param(
            {"create": named(["**"], ["**/*-x"]), "namespaces": [{"match": "a/*-x", "repository": MUTABLE}]},
            id="a namespace whose names are all denied",
        ),
        pytest.param(
            {"namespaces": [{"match": "a-/*", "repository": MUTABLE}]}, id="a namespace that matches no repository"
        ),
        pytest.param({"create": named(["**"], ["**/tmp-*", "x/**"])}, id="denied names, which the role denies"),
    ],
)
def test_rules_that_no_template_bypasses_are_not_violations(layer: dict[str, Any]) -> None:
    assert compiled(**layer).violations == ()


def test_entries_without_a_bypassed_rule_are_superfluous() -> None:
    unenforced = ["create.limit", "create.principals.allow", "create.principals", "create.principals", "namespaces"]
    principals = {"allow": ["arn:aws:iam::*:role/ci-*"]}
    found = compiled(create={"principals": principals}, native={"unenforced": unenforced})
    assert found.superfluous == (0, 1, 3, 4)


def test_only_denied_names_of_templates_are_denied_to_their_role() -> None:
    assert compiled(create=named(["a/**"], ["b/**", "**/tmp-*", "a/x"])).content.denied == ("**/tmp-*", "a/x")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("a", ROOT),
        ("a/b", "a"),
        ("ab/c", ROOT),
        ("a/b/c", "a/b"),
        ("a/tmp-1", None),
        ("a/tmp-1/x", None),
    ],
    ids=["the prefix itself", "below", "a longer part", "the longest", "denied", "denied by IAM only"],
)
def test_ecr_uses_the_longest_prefix_with_its_slash(name: str, prefix: str | None) -> None:
    spaces = [{"match": "a/b/**", "repository": MUTABLE}, {"match": "a/**", "repository": {"tags": {"x": "y"}}}]
    found = compiled(namespaces=spaces, create=named(["**"], ["**/tmp-*"])).template_for(name)
    assert (found and found.prefix) == prefix


_PARTS = ("a", "b", "a-b", "tmp-1")
NAMES = st.lists(st.sampled_from(_PARTS), min_size=1, max_size=4).map("/".join).filter(is_valid)
_MATCHES = st.sampled_from(
    ["**", "a/**", "a/b/**", "b/**", "a/a/b/**", "*", "*/**", "a/*", "**/b", "a/b", "**/tmp-*", "a*/**", "*b/a/**"]
)
_REPOSITORIES = st.fixed_dictionaries(
    {},
    optional={
        "image_tag_mutability": st.sampled_from(["MUTABLE", "IMMUTABLE"]),
        "mutability_exclusions": st.sampled_from([[], ["latest"]]),
        "scan_on_push": st.booleans(),
        "encryption": st.sampled_from([{"type": "KMS", "kms_key": ALIAS}, {"type": "KMS", "kms_key": KEY}]),
        "lifecycle_policy": st.sampled_from([None, *POLICIES]),
        "tags": st.dictionaries(st.sampled_from("xy"), st.sampled_from(["v", "{region}", "{principal}"]), max_size=2),
    },
)
LAYERS = st.fixed_dictionaries(
    {
        "create": st.fixed_dictionaries(
            {
                "names": st.fixed_dictionaries(
                    {"allow": st.lists(_MATCHES, min_size=1, max_size=3), "deny": st.lists(_MATCHES, max_size=2)}
                )
            }
        ),
        "repository": _REPOSITORIES,
        "namespaces": st.lists(st.fixed_dictionaries({"match": _MATCHES, "repository": _REPOSITORIES}), max_size=3),
    }
)


def chosen_by_ecr(found: NativeCompilation, name: str) -> CreationTemplate | None:
    """The rule of ECR and IAM, apart from the compiler's own code: try every prefix of the name, the longest first."""
    if is_denied(denied_patterns(found.content.denied), name):
        return None
    by_prefix = {one.prefix: one for one in found.content.templates}
    parts = name.split("/")
    tried = ["/".join(parts[:length]) for length in range(len(parts) - 1, 0, -1)]
    return next((by_prefix[prefix] for prefix in [*tried, ROOT] if prefix in by_prefix), None)


def in_template(repository: RepositorySettings, prefix: str) -> object:
    return template(prefix, repository, POLICIES)


@given(LAYERS, st.lists(NAMES, min_size=1, max_size=12))
@example({"namespaces": [{"match": "a/*", "repository": MUTABLE}, {"match": "a/b/**", "repository": {}}]}, ["a/b/a"])
def test_the_template_that_ecr_chooses_gives_a_name_exactly_its_settings(
    layer: Mapping[str, Any], names: list[str]
) -> None:
    settings = native_settings(**layer)
    found = compile_native(settings, POLICIES)
    assert found is not None
    is_exact = not found.violations
    for name in names:
        chosen = chosen_by_ecr(found, name)
        assert chosen == found.template_for(name)
        if chosen is None:
            continue
        assert globs.first_name_match(settings.create.names.allow, name)
        assert not globs.first_name_match(settings.create.names.deny, name)
        if is_exact:
            assert chosen == in_template(settings.repository_for(name), chosen.prefix)
        else:
            index = settings.namespace_for(name)
            is_mixed = chosen != in_template(settings.repository_for(name), chosen.prefix)
            bypassed = {one.rule for one in found.violations}
            assert not is_mixed or ("namespaces", index, "match") in bypassed


@given(LAYERS)
def test_every_reported_namespace_has_a_name_that_gets_other_settings(layer: Mapping[str, Any]) -> None:
    settings = native_settings(**layer)
    found = compile_native(settings, POLICIES)
    assert found is not None
    for violation in found.violations:
        index = violation.rule[1]
        mixed = (
            name
            for name in _ALL_NAMES
            if settings.namespace_for(name) == index
            and (chosen := chosen_by_ecr(found, name))
            and chosen != in_template(settings.repository_for(name), chosen.prefix)
        )
        assert next(mixed, None) is not None, violation


_WORDS = ("a", "b", "a-b", "c-b", "tmp-1", "zz")
_ALL_NAMES = [
    *_WORDS,
    *(f"{one}/{other}" for one in _WORDS for other in _WORDS),
    *(f"{one}/{two}/{three}" for one in _WORDS for two in _WORDS for three in _WORDS),
    *(f"a/{two}/{three}/{four}" for two in _WORDS for three in _WORDS for four in _WORDS),
]


@given(LAYERS, NAMES)
def test_names_that_are_not_reported_as_uncovered_are_created_by_ecr(layer: Mapping[str, Any], name: str) -> None:
    settings = native_settings(**layer)
    found = compile_native(settings, POLICIES)
    assert found is not None
    names = settings.create.names
    uncovered = [one.glob for one in found.uncovered]
    is_over_refused = is_denied(denied_patterns(found.content.denied), name)
    if globs.first_name_match(names.allow, name) and not globs.first_name_match(uncovered, name):
        assert found.template_for(name) or is_over_refused or globs.first_name_match(names.deny, name)


@given(LAYERS)
def test_names_denied_to_the_role_beyond_the_deny_list_are_reported_with_an_example(
    layer: Mapping[str, Any],
) -> None:
    settings = native_settings(**layer)
    found = compile_native(settings, POLICIES)
    assert found is not None
    names = settings.create.names
    covered = [one.prefix for one in found.content.templates]
    over_denied = [
        name
        for name in (*_ALL_NAMES, *(one.example for one in found.over_denied))
        if found.is_denied(name) and nearest(covered, name) is not None and not globs.first_name_match(names.deny, name)
    ]
    reported = denied_patterns(one.glob for one in found.over_denied)
    assert {one.example for one in found.over_denied} <= set(over_denied)
    assert [name for name in over_denied if not is_denied(reported, name)] == []


def test_equal_settings_compile_to_equal_values() -> None:
    layer = {"repository": {"tags": {"b": "1", "a": "2"}}, "create": named(["b/**", "a/**"], ["a/y", "b/x"])}
    other = {"repository": {"tags": {"a": "2", "b": "1"}}, "create": named(["a/**", "b/**"], ["b/x", "a/y"])}
    assert compiled(**layer).content == compiled(**other).content
    assert hash(compiled(**layer).content) == hash(compiled(**other).content)

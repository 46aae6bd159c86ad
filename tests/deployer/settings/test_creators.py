from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.settings.creators import Creator, creator_of
from deployer.settings.explaining import leaves
from deployer.settings.native import compile_native
from deployer.settings.yaml_source import key_text
from handler.settings import Trigger
from templates.creation_templates import ROOT, CreationTemplate
from tests.deployer.settings.test_native import LAYERS, MUTABLE, NAMES, POLICIES, native_settings


def creator(name: str, trigger: Trigger = "push", **layer: Any) -> Creator:
    return creator_of(native_settings(**layer), POLICIES, name, trigger=trigger)


def test_without_the_native_engine_the_handler_creates_everything() -> None:
    assert creator("a/b", engine="handler") == Creator(engine="handler")


def test_ecr_creates_repositories_that_a_template_matches_and_the_handler_sets_the_rest() -> None:
    tags = {"by": "{principal}", "env": "prod"}
    found = creator("a/b", repository={"tags": tags}, create={"names": {"allow": ["a/**"]}})
    afterwards = ("repository.scan_on_push", "repository.tags.by")
    assert found == Creator(engine="native", template="a", put_afterwards=afterwards)
    assert creator("x", repository={"scan_on_push": False}) == Creator(engine="native", template=ROOT)


@pytest.mark.parametrize(
    ("name", "trigger", "reason"),
    [
        pytest.param("a/b", "pull", "pushes only", id="a pull"),
        pytest.param(
            "a/tmp-1/x", "push", "create.names.deny **/tmp-* denies this name, too", id="a name that only IAM denies"
        ),
        pytest.param("team-x/y", "push", "(create.names.allow: team-*/**)", id="a name without a template"),
        pytest.param("else", "push", "no creation template matches it", id="a name that is not allowed"),
    ],
)
def test_the_handler_creates_the_rest_for_a_reason(name: str, trigger: Trigger, reason: str) -> None:
    found = creator(name, trigger, create={"names": {"allow": ["a/**", "team-*/**"], "deny": ["**/tmp-*"]}})
    assert (found.engine, found.template) == ("handler", None)
    assert reason in found.reason


def test_after_a_failed_call_only_the_handler_creates() -> None:
    assert creator("x").after_failure() == Creator(
        engine="handler", reason="ECR refused the call although the creation template ROOT matches the name"
    )
    assert creator("x", engine="handler").after_failure() == Creator(engine="handler")


def test_bypassed_rules_are_named_with_the_values_that_ecr_sets_instead() -> None:
    layer: dict[str, Any] = {
        "create": {"limit": {"per_hour": 5}},
        "native": {"unenforced": ["create.limit", "namespaces"]},
        "repository": {"tags": {"env": "prod", "team": "a", "by": "{principal}"}},
        "namespaces": [
            {"match": "**/*-x", "repository": {**MUTABLE, "tags": {"env": "dev", "team": None}, "scan_on_push": False}}
        ],
    }
    assert creator("a/b", **layer).bypassed == ("create.limit.per_hour",)
    found = creator("a/b-x", **layer)
    assert found.bypassed == ("create.limit.per_hour", "namespaces[0].match")
    assert found.created_with == (("repository.image_tag_mutability", "IMMUTABLE"), ("repository.tags.team", "a"))
    assert found.put_afterwards == ("repository.tags.env", "repository.tags.by")


def of_template(template: CreationTemplate) -> dict[str, Any]:
    """The settings of a template by key; policies are given by their text instead of their file."""
    files = {text: name for name, text in POLICIES.items()}
    return {
        "repository.image_tag_mutability": template.image_tag_mutability,
        "repository.mutability_exclusions": list(template.mutability_exclusions),
        "repository.encryption.type": template.encryption.type,
        "repository.encryption.kms_key": template.encryption.kms_key,
        "repository.lifecycle_policy": template.lifecycle_policy and files[template.lifecycle_policy],
        "repository.repository_policy": template.repository_policy and files[template.repository_policy],
        **{f"repository.tags.{key}": value for key, value in template.tags},
    }


@given(LAYERS, st.lists(NAMES, min_size=1, max_size=3), st.sampled_from([[], ["namespaces"]]))
def test_the_explained_settings_are_those_of_the_template(
    layer: Mapping[str, Any], names: list[str], unenforced: list[str]
) -> None:
    settings = native_settings(**layer, native={"unenforced": unenforced})
    compilation = compile_native(settings, POLICIES)
    assert compilation is not None
    for name in names:
        found = creator_of(settings, POLICIES, name, trigger="push")
        template = compilation.template_for(name)
        assert (found.engine == "native") is (template is not None)
        if template is None:
            continue
        shown = {key_text(("repository", *path)): value for path, value in leaves(settings.repository_for(name), ())}
        if not settings.repository_for(name).tags:
            del shown["repository.tags"]
        explained = {key: value for key, value in shown.items() if key not in found.put_afterwards}
        assert explained.pop("repository.scan_on_push", False) is False
        instead = {key: value for key, value in found.created_with if key != "repository.tags"}
        given_by_template = of_template(template)
        assert {key: instead.get(key, value) for key, value in explained.items() if key in given_by_template} == {
            key: value for key, value in given_by_template.items() if key in explained
        }
        assert not instead or compilation.violations or "namespaces" in unenforced
        for key in explained.keys() ^ given_by_template.keys():
            assert found.created_with, key

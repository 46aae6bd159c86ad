from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.settings.native import compile_native
from deployer.settings.native_limits import allowed_characters, denied_characters
from deployer.settings.yaml_source import key_text
from handler.settings import Encryption
from templates.creation_templates import ROOT, CreationTemplate, CreationTemplates
from templates.names import Names
from templates.native_policies import statements
from tests.deployer.settings.test_native import native_settings

NAMES = Names(
    prefix="x" * 20,
    organization_id=f"o-{'x' * 32}",
    central_account="200000000001",
    central_region="us-gov-west-1",
    partition="aws-us-gov",
)
LONGEST = {"Partition": "aws-us-gov", "Region": "ap-southeast-1", "AccountId": "000000000000"}


def length(content: CreationTemplates) -> int:
    """Characters of the real policy, as CloudFormation resolves it."""
    text = json.dumps(statements(NAMES, content), separators=(",", ":"), default=lambda sub: sub.to_dict()["Fn::Sub"])
    for name, value in LONGEST.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    return len(f'{{"Version":"2012-10-17","Statement":{text}}}')


_TEMPLATES = st.lists(
    st.builds(
        CreationTemplate,
        prefix=st.sampled_from([ROOT, "a", "a/b", "b", "c" * 200, "d/e"]),
        image_tag_mutability=st.just("MUTABLE"),
        mutability_exclusions=st.just(()),
        encryption=st.sampled_from([Encryption(), Encryption(type="KMS")]),
        lifecycle_policy=st.sampled_from([None, "{}"]),
        repository_policy=st.sampled_from([None, "{}"]),
        tags=st.sampled_from([(), (("a", "b"),)]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.prefix,
)


@given(_TEMPLATES, st.lists(st.sampled_from(["**/tmp-*", "a/**", "x", "y" * 200]), max_size=4, unique=True))
def test_the_policy_of_the_role_is_never_longer_than_estimated(
    templates: list[CreationTemplate], denied: list[str]
) -> None:
    content = CreationTemplates(templates=tuple(templates), denied=tuple(denied))
    estimated = allowed_characters(templates) + denied_characters(denied)
    assert length(content) <= estimated <= length(content) + 700


@pytest.mark.parametrize(
    ("rule", "layer"),
    [
        pytest.param(
            "create.names.deny",
            {"create": {"names": {"deny": [f"{'x' * 200}-{number}/**" for number in range(50)]}}},
            id="too many denied names for a policy",
        ),
        pytest.param(
            "create.names.allow",
            {"create": {"names": {"allow": [f"{'x' * 200}-{number}/**" for number in range(50)]}}},
            id="too many allowed names for a policy",
        ),
        pytest.param(
            "create.names.allow",
            {
                "repository": {"tags": {"number": "0"}},
                "namespaces": [
                    {"match": f"n{number}/**", "repository": {"tags": {"number": str(number)}}}
                    for number in range(1, 500)
                ],
            },
            id="too many templates for a stack",
        ),
        pytest.param(
            "create.names.allow",
            {
                "namespaces": [
                    {"match": f"n{number}/**", "repository": {"lifecycle_policy": "p", "tags": {"n": str(number)}}}
                    for number in range(40)
                ]
            },
            id="too long policies for a CloudFormation template",
        ),
    ],
)
def test_limits_of_aws_are_violations_that_cannot_be_accepted(rule: str, layer: dict[str, Any]) -> None:
    found = compile_native(native_settings(**layer), {"p": '"' * 30_000})
    assert found is not None
    (violation,) = found.violations
    assert (key_text(violation.rule), violation.entries) == (rule, ())
    assert violation.next_step == "use fewer or shorter globs, or use engine: handler"

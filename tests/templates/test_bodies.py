from __future__ import annotations

import json
import subprocess
import sys

import pytest

from deployer.stacks import INLINE_TEMPLATE_BYTES
from templates.names import Names, handler_key
from templates.parts import body, readable
from tests.templates.reading import Templates, resources, synthesize

NAMES = ["artifacts", "central", "access", "forwarding"]
STACK_SETS = ["access", "forwarding"]


@pytest.mark.parametrize("name", NAMES)
def test_a_body_fits_inline(name: str, templates: Templates) -> None:
    assert len(body(templates[name]).encode()) < INLINE_TEMPLATE_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_the_same_names_give_the_same_bytes(name: str, names: Names) -> None:
    assert body(synthesize(names)[name]) == body(synthesize(names)[name])


@pytest.mark.slow
def test_bytes_do_not_depend_on_the_hash_seed(names: Names, templates: Templates) -> None:
    program = (
        "from templates.parts import body; from templates.names import Names;"
        "from tests.templates.reading import synthesize;"
        f"print(''.join(body(template) for template in synthesize({names!r}).values()))"
    )
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == "".join(body(template) for template in templates.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_readable_template_equals_the_deployed_one(name: str, templates: Templates) -> None:
    assert json.loads(readable(templates[name])) == json.loads(body(templates[name]))


@pytest.mark.parametrize("name", NAMES)
def test_values_are_literals_so_that_a_change_is_a_template_change(name: str, templates: Templates) -> None:
    assert templates[name].to_dict().keys() - {"Outputs"} == {"Description", "Resources"}


@pytest.mark.parametrize("name", STACK_SETS)
def test_a_stack_set_has_no_nested_stack_and_no_macro(name: str, templates: Templates) -> None:
    text = body(templates[name])
    types = {resource["Type"] for resource in resources(templates[name]).values()}
    assert "AWS::CloudFormation::Stack" not in types
    assert "Transform" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_template_has_a_description_of_its_purpose(name: str, templates: Templates) -> None:
    assert templates[name].to_dict()["Description"].startswith("deployer: ")


@pytest.mark.parametrize("function", ["HandlerFunction", "WatchFunction"])
def test_a_function_uses_the_regional_endpoint_of_sts(function: str, templates: Templates) -> None:
    """Tokens of the global endpoint, the default of older SDKs, are not valid in opt-in regions."""
    properties = resources(templates["central"])[function]["Properties"]
    assert properties["Environment"]["Variables"]["AWS_STS_REGIONAL_ENDPOINTS"] == "regional"


def test_the_lambda_runs_exactly_the_zip_that_was_built(names: Names, templates: Templates) -> None:
    function = resources(templates["central"])["HandlerFunction"]["Properties"]
    assert function["Code"] == {"S3Bucket": names.artifacts_bucket, "S3Key": handler_key("0123456789abcdef" * 4)}

"""`deployer policy` prints the policies under which the commands are tested, with the names of the config files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.cli.main import run
from deployer.cli.policy import POLICIES
from templates.names import Names
from templates.operator_policy import COMMANDS, permissions
from templates.permissions import BY_CLOUDFORMATION
from tests.operator_policies import operator_policy

ROOT = Path(__file__).parents[3]
CONFIG = ["--config", str(ROOT / "config")]
IMAGE = "300000000001.dkr.ecr.eu-west-1.amazonaws.com/team-a/api:1"
NAMES = Names(
    prefix="deployer", organization_id="o-exampleorg1", central_account="200000000001", central_region="eu-west-1"
)


def test_an_unknown_policy_is_wrong_usage_that_lists_the_policies(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "look", "everything"]) == 64
    refused = capsys.readouterr().err
    assert all(name in refused for name in POLICIES)
    assert run(["policy", "roll-out"]) == 64
    assert "did you mean rollout?" in capsys.readouterr().err


@given(st.lists(st.sampled_from(list(COMMANDS)), min_size=1))
def test_combined_policies_allow_exactly_what_the_single_policies_allow(commands: list[str]) -> None:
    statements = operator_policy(NAMES, *commands)["Statement"]
    sids = [one["Sid"] for one in statements]
    assert len(sids) == len(set(sids)), "IAM refuses a policy in which a Sid is twice"
    separate = [permission.statement() for command in commands for permission in permissions(NAMES, command)]
    assert allowed(statements) == allowed(separate)


def allowed(statements: Sequence[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    """Each action on each resource of its own service, under its condition: no other combination exists in AWS."""
    return {
        (action, resource, json.dumps(one.get("Condition")))
        for one in statements
        for action, resource in product(one["Action"], one["Resource"])
        if not one["Sid"].startswith(BY_CLOUDFORMATION)
        or resource == "*"
        or resource.split(":")[2] == action.partition(":")[0]
    }


def test_a_policy_that_is_too_large_for_a_role_has_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "rollout", "verify", *CONFIG]) == 0
    assert not capsys.readouterr().err
    assert run(["policy", "rollout", "destroy", *CONFIG]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == operator_policy(NAMES, "rollout", "destroy")
    assert "10,240" in captured.err


def test_it_has_the_names_of_the_config_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "look", "verify", *CONFIG]) == 0
    assert json.loads(capsys.readouterr().out) == operator_policy(NAMES, "look", "verify")


def test_without_the_organizations_id_it_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    file = tmp_path / "config" / "organization.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("organization:")]
    file.write_text("\n".join(lines))
    assert run(["policy", "look", "--config", str(tmp_path / "config")]) == 3
    assert "deployer organization show" in capsys.readouterr().err


def test_a_role_of_another_account_gets_its_own_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "push", "--image", IMAGE, *CONFIG]) == 0
    pushing = json.loads(capsys.readouterr().out)
    assert run(["ensure", "--policy", IMAGE, *CONFIG]) == 0
    assert json.loads(capsys.readouterr().out) == pushing
    assert run(["policy", "ensure", *CONFIG]) == 0
    captured = capsys.readouterr()
    assert "--image" in captured.err
    actions = {action for one in json.loads(captured.out)["Statement"] for action in one["Action"]}
    assert actions < {action for one in pushing["Statement"] for action in one["Action"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["look", "push"], "printed alone", id="two principals"),
        pytest.param(["look", "--image", IMAGE], "ensure and push only", id="images of a policy without repositories"),
        pytest.param(["push", "--image", "alpine"], "in ECR", id="an image of another registry"),
        pytest.param(["look", "--explain", "--terraform"], "choose one", id="two formats"),
    ],
)
def test_invalid_combinations_of_options_are_wrong_usage(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["policy", *arguments, *CONFIG]) == 64
    assert message in " ".join(capsys.readouterr().err.split())


def test_each_format_contains_the_same_policies(capsys: pytest.CaptureFixture[str]) -> None:
    document = operator_policy(NAMES, "look", "failures")
    assert run(["policy", "look", "failures", "--cloudformation", *CONFIG]) == 0
    [resource] = json.loads(capsys.readouterr().out)["Resources"].values()
    assert resource["Properties"]["PolicyDocument"] == document
    assert resource["Properties"]["PolicyName"] == "deployer-look-failures"
    assert run(["policy", "look", "failures", "--terraform", *CONFIG]) == 0
    printed = capsys.readouterr().out
    assert 'resource "aws_iam_role_policy" "deployer_look_failures"' in printed
    assert run(["policy", "look", "failures", "--explain", *CONFIG]) == 0
    explained = capsys.readouterr().out
    for one in document["Statement"]:
        assert {word for word in (one["Sid"], *one["Action"]) if word not in explained or word not in printed} == set()


def test_the_page_has_at_most_ten_lines_for_each_policy() -> None:
    page = (ROOT / "docs" / "operator-policy.md").read_text(encoding="utf-8")
    sections = {name: text for name, _, text in (one.partition("\n") for one in page.split("\n## ")[1:])}
    assert list(sections) == [*POLICIES]
    assert {name for name, text in sections.items() if len(text.strip().splitlines()) > 10} == set()

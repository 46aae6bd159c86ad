"""`deployer policy` prints the policies under which the commands are tested, with the names of the config files."""

from __future__ import annotations

import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.cli.main import run
from templates.names import Names
from templates.operator_policy import BY_CLOUDFORMATION, COMMANDS, operator_policy, permissions

ROOT = Path(__file__).parents[3]
NAMES = Names(
    prefix="deployer", organization_id="o-exampleorg1", central_account="200000000001", central_region="eu-west-1"
)


def test_an_unknown_policy_is_wrong_usage_that_lists_the_policies(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "look", "everything"]) == 64
    refused = capsys.readouterr().err
    assert all(name in refused for name in COMMANDS)


@given(st.lists(st.sampled_from(list(COMMANDS)), min_size=1))
def test_several_policies_allow_together_what_each_allows_and_no_more(commands: list[str]) -> None:
    statements = operator_policy(NAMES, *commands)["Statement"]
    sids = [one["Sid"] for one in statements]
    assert len(sids) == len(set(sids)), "IAM refuses a policy in which a Sid is twice"
    separate = [permission.statement() for command in commands for permission in permissions(NAMES, command)]
    assert allowed(statements) == allowed(separate)


def allowed(statements: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Each action on each resource of its own service, under its condition: no other combination exists in AWS."""
    return {
        (action, resource, json.dumps(one.get("Condition")))
        for one in statements
        for action, resource in product(one["Action"], one["Resource"])
        if not one["Sid"].startswith(BY_CLOUDFORMATION)
        or resource == "*"
        or resource.split(":")[2] == action.partition(":")[0]
    }


def test_a_policy_that_fits_into_no_role_comes_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(ROOT / "config")]
    assert run(["policy", "rollout", "verify", *config]) == 0
    assert not capsys.readouterr().err
    assert run(["policy", "rollout", "destroy", *config]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == operator_policy(NAMES, "rollout", "destroy")
    assert "10,240" in captured.err


def test_it_has_the_names_of_the_config_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "look", "verify", "--config", str(ROOT / "config")]) == 0
    assert json.loads(capsys.readouterr().out) == operator_policy(NAMES, "look", "verify")


def test_without_the_organizations_id_it_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    file = tmp_path / "config" / "organization.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("organization:")]
    file.write_text("\n".join(lines))
    assert run(["policy", "look", "--config", str(tmp_path / "config")]) == 3
    assert "deployer organization show" in capsys.readouterr().err

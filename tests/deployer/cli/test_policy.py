"""`deployer policy` prints the policies under which the commands are tested, with the names of the config files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.cli.main import run
from templates.names import Names
from templates.operator_policy import COMMANDS, operator_policy, permissions

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
    expected = [permission.statement() for command in commands for permission in permissions(NAMES, command)]
    sids = [one.pop("Sid") for one in statements]
    assert len(sids) == len(set(sids)), "IAM refuses a policy in which a Sid is twice"
    allowed = [{key: value for key, value in one.items() if key != "Sid"} for one in expected]
    assert all(one in allowed for one in statements)
    assert all(one in statements for one in allowed)


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

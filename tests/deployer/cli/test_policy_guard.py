"""`deployer policy guard` prints the policies of one OU with engine: native, and what else they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer.cli.main import run
from tests.deployer.examples import CONFIG, changed

SNAPSHOT = ["--organization", str(CONFIG / "snapshot.json")]
NATIVE = "engine: native\nnative: {unenforced: [create.principals]}\n"
DEV = (CONFIG / "ous/workloads/dev.yaml").read_text(encoding="utf-8")
OU = "ou: Workloads/Dev\nenabled: true\nregions: [eu-west-1]\n"
RULES = 'create: {principals: {allow: ["arn:aws:iam::*:role/ci-*"]}}\n'


def test_the_policies_of_the_only_native_ou_are_printed_with_what_else_they_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = changed(tmp_path, "ous/workloads/dev.yaml", DEV, OU + NATIVE + RULES)
    assert run(["policy", "guard", "--config", str(config), *SNAPSHOT]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["ou"]["path"] == "Workloads/Dev"
    resource, service = printed["resource_control_policy"], printed["service_control_policy"]
    assert (resource["attach_to"], service["attach_to"]) == (printed["ou"]["id"], "r-exam")
    assert [one["Sid"] for one in resource["policy"]["Statement"]] == ["OutsideOrganization", "OtherPrincipals"]
    (statement,) = service["policy"]["Statement"]
    assert printed["ou"]["id"] in json.dumps(statement["Condition"])
    assert any("repositories that exist" in sentence for sentence in printed["also_refused"])
    assert printed["not_refused"]


def test_settings_below_the_ou_that_differ_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(tmp_path, "ous/infrastructure/infrastructure.yaml", "", NATIVE)
    changed(tmp_path, "ous/infrastructure/network.yaml", "", "engine: handler\n")
    config = changed(tmp_path, "ous/workloads/dev.yaml", DEV, OU + NATIVE)
    options = ["--config", str(config), *SNAPSHOT]
    assert run(["policy", "guard", *options]) == 3
    assert "Infrastructure, Workloads/Dev" in capsys.readouterr().err
    assert run(["policy", "guard", "--ou", "Infrastructure", *options]) == 0
    assert "Infrastructure/Network" in json.loads(capsys.readouterr().out)["also_refused"][-1]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["guard", "--ou", "Infrastructure"], 3, "Infrastructure", id="an OU without templates"),
        pytest.param(["guard", "--ou", "Nowhere"], 11, "Nowhere", id="an OU that does not exist"),
        pytest.param(["guard", "look"], 64, "printed alone", id="together with the policy of a role"),
        pytest.param(["look", "--ou", "Sandbox"], 64, "for guard only", id="an OU for another policy"),
    ],
)
def test_invalid_requests_are_an_error(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = SNAPSHOT if "look" not in arguments else []
    assert run(["policy", *arguments, "--config", str(CONFIG), *snapshot]) == code
    assert message in capsys.readouterr().err


def test_each_format_has_both_policies_and_attaches_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = changed(tmp_path, "ous/workloads/dev.yaml", "", NATIVE + RULES)
    options = ["--config", str(config), *SNAPSHOT]
    assert run(["policy", "guard", *options]) == 0
    printed = json.loads(capsys.readouterr().out)
    documents = {
        kind.upper(): printed[kind]["policy"] for kind in ("resource_control_policy", "service_control_policy")
    }

    assert run(["policy", "guard", "--cloudformation", *options]) == 0
    resources = json.loads(capsys.readouterr().out)["Resources"].values()
    assert {one["Properties"]["Type"]: one["Properties"]["Content"] for one in resources} == documents
    assert not any("TargetIds" in one["Properties"] for one in resources)

    assert run(["policy", "guard", "--terraform", *options]) == 0
    terraform = capsys.readouterr().out
    assert terraform.count('resource "aws_organizations_policy"') == 2
    assert 'resource "aws_organizations_policy_attachment"' not in terraform

    assert run(["policy", "guard", "--explain", *options]) == 0
    explained = capsys.readouterr().out
    assert max(map(len, explained.splitlines())) <= 80
    for part in ("OutsideOrganization", "OtherPrincipals", "Also refused:", "Not refused:", printed["ou"]["id"]):
        assert part in explained

"""A refusal names the command that explains it, and that command names the same reason and rule."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from deployer.cli.main import run
from deployer.pushing.ensure import Refusal, Refused
from deployer.pushing.images import parse_image
from deployer.rendering.ensure import outcome_lines
from deployer.settings import compile as compile_settings
from deployer.settings import load
from deployer.settings.verdicts import constructed_call
from handler import decision
from tests.conftest import CONFIG
from tests.example_organization import EXAMPLE

ROOT = Path(__file__).parents[3]
SHOP = "300000000001"
PAYMENTS = "300000000003"
ROLE = f"arn:aws:iam::{SHOP}:role/ci-build"
SESSION = f"arn:aws:sts::{SHOP}:assumed-role/ci-build/build 4711"


@pytest.mark.parametrize(
    ("account", "repository", "region", "principal", "reason"),
    [
        (SHOP, "team-a/tmp-1", "eu-west-1", SESSION, "name-denied"),
        (SHOP, "other/api", "us-east-1", ROLE, "name-not-allowed"),
        (SHOP, "team-a/api", "ap-south-1", ROLE, "region-not-enabled"),
        (SHOP, "team-a/api", "eu-west-1", "arn:aws:iam::999999999999:role/x", "principal-outside-organization"),
        (PAYMENTS, "team-a/api", "eu-west-1", f"arn:aws:sts::{PAYMENTS}:assumed-role/dev/x", "principal-not-allowed"),
        ("500000000001", "team-a/api", "eu-west-1", ROLE, "ou-not-enabled"),
    ],
)
def test_a_refusal_and_explain_agree(
    account: str,
    repository: str,
    region: str,
    principal: str,
    reason: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled = compile_settings(load(CONFIG), EXAMPLE)
    chain = compiled.settings_file.last_known_chain(account)
    assert chain is not None
    settings = compiled.settings_file.settings_for(account, chain)
    call = constructed_call(account=account, region=region, repository=repository, principal=principal, trigger="push")
    refused = decision.decide(call, settings, is_member=compiled.is_member)
    assert isinstance(refused, decision.Refused)
    assert refused.reason == reason

    image = parse_image(f"{account}.dkr.ecr.{region}.amazonaws.com/{repository}:1")
    assert image is not None
    refusal = Refusal(reason=reason, rule=str(refused.rule), principal=principal)
    lines = [line.text for line in outcome_lines(Refused(image=image, refusal=refusal, seconds=1, calls=1))]
    assert f"[{reason}]" in " ".join(lines)
    begin = next(index for index, line in enumerate(lines) if line.strip().startswith("deployer explain"))
    command = shlex.split("\n".join(lines[begin:]).replace("\\\n", ""))  # a shell joins such lines, shlex does not
    assert all(len(line) <= 80 for line in lines)

    monkeypatch.chdir(ROOT)
    assert run([*command[1:], "--organization", "config/snapshot.json"]) == 0
    explained = capsys.readouterr().out
    assert f"refused ({reason})" in explained
    assert str(refused.rule) in explained
    assert ("pass the role's ARN" in explained) == (reason == "principal-not-allowed")
    assert f"    deployer audit list --account {account} --repository {repository}\n" in explained

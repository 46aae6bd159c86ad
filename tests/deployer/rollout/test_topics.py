"""Topics that config files name and that do not exist: refused before anything changes, until they are created."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import CONFIG, Deployer, writes

CENTRAL = "200000000001"
TOPIC = f"arn:aws:sns:eu-west-1:{CENTRAL}:on-call"


@pytest.mark.parametrize("key", ["alarms", "notifications"])
def test_a_topic_that_does_not_exist_is_refused_with_file_and_key(sandbox: Sandbox, tmp_path: Path, key: str) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    file = config / "organization.yaml"
    lines = file.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("alarms:", "notifications:"))]
    file.write_text("".join(kept) + f"{key}: {{topic: {TOPIC}}}\n")
    deployer = Deployer(sandbox, config=config)
    for command in (["plan"], ["rollout", "--org", "--yes"]):
        refused = deployer(*command)
        assert refused.exit_code == 3, refused
        assert f"{key}.topic: the topic {TOPIC} does not exist" in " ".join(refused.err.split())
    assert writes(sandbox) == []
    sandbox.client("sns", account=CENTRAL, region="eu-west-1").create_topic(Name="on-call")
    assert deployer("plan").exit_code == 2

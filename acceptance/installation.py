"""Rolls out `deployer` to the OU under test with its own command line."""

from __future__ import annotations

import json
from pathlib import Path

from acceptance.commands import run_command
from acceptance.journal import Resource
from acceptance.lab import Lab


def prefix(lab: Lab) -> str:
    """Differs from the prefix of the run, to avoid equal names; at most 20 characters."""
    return lab.name("job")


def write_config(lab: Lab) -> Path:
    """A config folder that covers the OU under test and nothing else."""
    folder, environment = lab.folder / "config", lab.environment
    (folder / "ous").mkdir(parents=True, exist_ok=True)
    organization = {
        "organization": environment.organization_id,
        "central": {"account": environment.central_account, "region": environment.region},
        "prefix": prefix(lab),
    }
    ou = {"ou": environment.ou, "enabled": True, "regions": [environment.region], "create": {"on": ["push"]}}
    (folder / "organization.yaml").write_text(json.dumps(organization, indent=2) + "\n", encoding="utf-8")
    (folder / "ous" / "acceptance.yaml").write_text(json.dumps(ou, indent=2) + "\n", encoding="utf-8")
    return folder


def roll_out(lab: Lab, config: Path) -> tuple[int, str]:
    """Roll out; returns the exit code and the output."""
    profile = lab.profile or ""
    details = {"config": str(config), "profile": profile}
    resource = Resource(
        kind="installation", side="central", region=lab.environment.region, name=prefix(lab), details=details
    )
    return lab.create(
        resource, lambda: run_command("rollout", "--org", config=config, profile=profile, clock=lab.clock)
    )

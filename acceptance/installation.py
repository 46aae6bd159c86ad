"""`deployer` itself, rolled out to the OU under test and taken back, by its own command line."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

from acceptance.errors import LeftoversError
from acceptance.journal import Resource
from acceptance.lab import Lab
from deployer.cli.main import INTERRUPTED_EXIT_CODE, run


def prefix(lab: Lab) -> str:
    """Another than that of the run, whose names would clash; at most 20 characters."""
    return lab.name("job")


def write_config(lab: Lab) -> Path:
    """A config folder that covers the OU under test and nothing else."""
    folder, place = lab.folder / "config", lab.place
    (folder / "ous").mkdir(parents=True, exist_ok=True)
    organization = {
        "organization": place.organization_id,
        "central": {"account": place.central_account, "region": place.region},
        "prefix": prefix(lab),
    }
    ou = {"ou": place.ou, "enabled": True, "regions": [place.region], "create": {"on": ["push"]}}
    (folder / "organization.yaml").write_text(json.dumps(organization, indent=2) + "\n", encoding="utf-8")
    (folder / "ous" / "acceptance.yaml").write_text(json.dumps(ou, indent=2) + "\n", encoding="utf-8")
    return folder


def roll_out(lab: Lab, config: Path) -> tuple[int, str]:
    """Roll out; gives the exit code and what was printed."""
    profile = lab.profile or ""
    details = {"config": str(config), "profile": profile}
    resource = Resource(kind="installation", side="central", region=lab.place.region, name=prefix(lab), details=details)
    return lab.create(resource, lambda: _command("rollout", "--org", config=config, profile=profile))


def destroy(config: Path, *, profile: str | None) -> None:
    """Take everything back, the ledger included."""
    code, printed = _command("destroy", "--delete-ledger", config=config, profile=profile)
    if code:
        raise LeftoversError(
            f"`deployer destroy --delete-ledger --config {config}` ended with {code}: {printed[-2000:]}",
            next_step="Run that command, then `python -m acceptance clean`.",
        )


def _command(*arguments: str, config: Path, profile: str | None) -> tuple[int, str]:
    options = ["--yes", "--config", str(config), *(["--profile", profile] if profile else [])]
    with _captured() as text:
        code = run([*arguments, *options])
    if code == INTERRUPTED_EXIT_CODE:
        raise KeyboardInterrupt
    return code, text.getvalue()


@contextlib.contextmanager
def _captured() -> Iterator[io.StringIO]:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        yield text

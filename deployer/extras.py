"""Packages that only some commands need, and the command that installs them from this program's own source."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlparse

from deployer.errors import MissingExtraError

COMMAND = "deployer"
SANDBOX_PACKAGES = ("aws_org_sandbox", "moto", "awslambdaric")


_ADDITIONAL = {
    "pip install": "{} ",
    "pipx install --force": "--preinstall {} ",
    "uv tool install --force": "--with {} ",
}
"""How each installer takes a further distribution: in a clone the sandbox is the one of its folder."""


def require(extra: str, packages: Sequence[str], *, purpose: str) -> None:
    """Raise MissingExtraError, with the command that installs it, unless all packages of an extra are installed."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise missing_extra(extra, missing, purpose=purpose)


def missing_extra(extra: str, packages: Sequence[str], *, purpose: str) -> MissingExtraError:
    """The error to raise if packages of an extra cannot be imported."""
    names = " and ".join(packages)
    return MissingExtraError(
        f"{purpose} needs {names}, which {'is' if len(packages) == 1 else 'are'} not installed",
        next_step=f"Install the extra `{extra}` with: {install_command(extra)}",
    )


def install_command(extra: str) -> str:
    """The command that adds an extra to this installation: a clone's own files, or the distribution by its name."""
    installer, source = _installer(), _source()
    is_clone = source == "." or "/" in source
    additional = _ADDITIONAL[installer].format(f"'{source}/sandbox'") if is_clone and extra == "sandbox" else ""
    return f"{installer} {additional}'{source}[{extra}]'"


def _installer() -> str:
    """Isolated installations are created again: their tools keep a receipt in the environment."""
    if (Path(sys.prefix) / "pipx_metadata.json").is_file():
        return "pipx install --force"
    if (Path(sys.prefix) / "uv-receipt.toml").is_file():
        return "uv tool install --force"
    return "pip install"


def _source() -> str:
    """Where the installed distribution came from: a folder that still exists, or the package index."""
    distribution = _distribution()
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    folder = Path(unquote(urlparse(origin.get("url", "")).path))
    if "dir_info" in origin and (folder / "pyproject.toml").is_file():
        return "." if folder == Path.cwd() else str(folder)
    return str(distribution.name)


def _distribution() -> importlib.metadata.Distribution:
    """The distribution that installed this command; its name is not that of the import package."""
    for script in importlib.metadata.entry_points(group="console_scripts", name=COMMAND):
        if script.dist is not None and script.value.startswith(f"{COMMAND}."):
            return script.dist
    raise MissingExtraError(
        "deployer runs from files that no package manager installed",
        next_step="Install it as `deployer docs getting-started` describes.",
    )

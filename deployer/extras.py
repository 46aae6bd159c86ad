"""Packages that only some commands need, and the command that installs them from this program's own source."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlparse

from deployer.errors import MissingExtraError

COMMAND = "deployer"
SANDBOX = "sandbox"

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "parquet": ("pyarrow",),
    "report": ("jinja2", "pygal"),
    SANDBOX: ("aws_org_sandbox", "moto", "awslambdaric"),
}
"""The packages that each extra installs, by the names under which they are imported."""


def require(extra: str, *, purpose: str) -> None:
    """Raise MissingExtraError, with the command that installs it, unless all packages of an extra are installed."""
    missing = _missing(extra)
    if missing:
        raise MissingExtraError(
            f"{purpose} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            next_step=f"Install the extra `{extra}` with: {install_command(extra)}",
        )


def _missing(extra: str) -> list[str]:
    return [package for package in EXTRAS[extra] if importlib.util.find_spec(package) is None]


def install_command(extra: str) -> str:
    """The command that adds an extra to this installation: a clone's own files, or the distribution by its name.

    In a clone, the sandbox is the distribution in its folder, which no package index needs to have.
    """
    source = _source()
    sandbox = f"'{source}/sandbox'" if source == "." or "/" in source else None
    if (Path(sys.prefix) / "pipx_metadata.json").is_file():
        return _pipx(extra, source, sandbox=sandbox)
    if (Path(sys.prefix) / "uv-receipt.toml").is_file():
        return _uv_tool(extra, source, sandbox=sandbox)
    return f"pip install {sandbox}" if extra == SANDBOX and sandbox else f"pip install '{source}[{extra}]'"


def _pipx(extra: str, source: str, *, sandbox: str | None) -> str:
    """`--force` replaces what pipx knows of the installation, so that the command names its extras again."""
    if extra == SANDBOX and sandbox:
        return f"pipx inject {Path(sys.prefix).name} {sandbox}"
    return f"pipx install --force '{_with_extras(source, _extras_with(extra) - ({SANDBOX} if sandbox else set()))}'"


def _uv_tool(extra: str, source: str, *, sandbox: str | None) -> str:
    """`--force` removes what the command does not name."""
    extras = _extras_with(extra)
    if sandbox and SANDBOX in extras:
        return f"uv tool install --force --with {sandbox} '{_with_extras(source, extras - {SANDBOX})}'"
    return f"uv tool install --force '{_with_extras(source, extras)}'"


def _extras_with(extra: str) -> set[str]:
    """An extra, and those that are installed."""
    return {extra, *(other for other in EXTRAS if not _missing(other))}


def _with_extras(source: str, extras: set[str]) -> str:
    return f"{source}[{','.join(sorted(extras))}]" if extras else source


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

"""Peers that npm has: installed into a cache folder, never into the project."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "deployer-benchmarks"


def installed(package: str, program: str) -> Path | None:
    """A program of a package (`name@version`), installed if it is not there yet; None without npm."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / "node_modules/.bin" / program
    if not path.exists():
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run([npm, "install", *options, "--prefix", str(CACHE), package], check=True)  # noqa: S603
    return path

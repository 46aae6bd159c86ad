"""The oldest supported AWS SDK, installed next to the newest and cached for the next run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

OLDEST = "1.40.0"
"""The oldest version of botocore that the tests run the handler with."""
FOLDER = Path(__file__).parents[2] / "build" / "sdk" / f"botocore-{OLDEST}"


class NotInstalledError(Exception):
    """pip could not install the old botocore, for example without a network."""


def install(folder: Path = FOLDER) -> Path:
    """A folder with only that botocore; its dependencies are those of this environment."""
    if not (folder / "botocore").is_dir():
        unfinished = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        _pip_install(f"botocore=={OLDEST}", unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    assert version("botocore") != OLDEST, "the newest is what the other tests run with"
    return folder


def _pip_install(requirement: str, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    ran = subprocess.run([*command, "--target", str(target), requirement], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        output = (ran.stderr or ran.stdout).strip()
        raise NotInstalledError(
            f"pip could not install {requirement}, which these tests run the handler with and keep in build/sdk. "
            "Run them once with access to the package index; later runs need no network. "
            f"pip reported:\n{output}"
        )

"""The oldest AWS SDK that the handler has to work with, installed beside the newest and kept for the next run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from handler.sdk import OLDEST

FOLDER = Path(__file__).parents[2] / "build" / "sdk" / f"botocore-{OLDEST}"


def install() -> Path:
    """A folder with that botocore alone; what it depends on is this environment's."""
    if not (FOLDER / "botocore").is_dir():
        unfinished = FOLDER.with_name(f"{FOLDER.name}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        subprocess.run([*command, "--target", str(unfinished), f"botocore=={OLDEST}"], check=True)
        shutil.rmtree(FOLDER, ignore_errors=True)
        unfinished.rename(FOLDER)
    assert version("botocore") != OLDEST, "the newest is what the other tests run with"
    return FOLDER

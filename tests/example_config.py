"""The config files of the example organization, and a copy of them in which the handler creates every repository.

Most tests are about the handler: they use the copy, so that a push is refused first, and there are two StackSets.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Final

EXAMPLE_CONFIG: Final = Path(__file__).parents[1] / "config"
NATIVE_FILE: Final = "ous/workloads/dev.yaml"
"""The only file with `engine: native`."""
NATIVE_KEYS: Final = ("engine:", "native:", "  unenforced:")


def _copied() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="deployer-config-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = folder / "config"
    shutil.copytree(EXAMPLE_CONFIG, copy)
    lines = (copy / NATIVE_FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(NATIVE_KEYS)]
    assert len(kept) == len(lines) - len(NATIVE_KEYS)
    (copy / NATIVE_FILE).write_text("".join(kept), encoding="utf-8")
    return copy


HANDLER_CONFIG: Final = _copied()

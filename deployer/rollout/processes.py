"""This process as others may see it, so that what it left behind can be told from what is still at work."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


def machine() -> str:
    """One run of one machine, or one container on it: where a process id means one process.

    Where that cannot be told (no /proc), it is this process alone, so that no other is ever taken for dead.
    """
    try:
        return f"{platform.node()}/{_BOOT.read_text(encoding='ascii').strip()}/{_NAMESPACE.readlink()}"
    except OSError:
        return f"{platform.node()}/process-{os.getpid()}"


def is_at_work(process: int) -> bool:
    """Whether another process of this machine is there; this one is not at work on anything that it finds."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

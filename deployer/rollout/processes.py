"""Identifies this process to others, so that its leftovers can be distinguished from running work."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


def machine() -> str:
    """One boot of one machine, or one container on it, within which a process id means one process.

    If that is unknown (no /proc), it is this process alone, so that no other is ever considered dead.
    """
    try:
        return f"{platform.node()}/{_BOOT.read_text(encoding='ascii').strip()}/{_NAMESPACE.readlink()}"
    except OSError:
        return f"{platform.node()}/process-{os.getpid()}"


def is_running(process: int) -> bool:
    """Whether another process of this machine exists; records of this process's own id are leftovers."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""One lock for each service whose calls come one at a time: moto checks and then acts without any of its own.

The gate holds it for every call; what changes or reads a service's state beside the gate, in the background, holds it
too.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from threading import RLock


@cache
def lock_of(service: str) -> AbstractContextManager[bool]:
    """The lock of a service, by its botocore name."""
    del service
    return RLock()

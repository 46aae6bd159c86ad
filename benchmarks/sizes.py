"""Sizes of benchmarks. Claims are measured at full size; `BENCHMARKS=small` only shows that a benchmark runs."""

from __future__ import annotations

import os
from typing import TypeVar

SMALL = os.environ.get("BENCHMARKS") == "small"

T = TypeVar("T")


def size(full: T, *, small: T) -> T:
    """The full size, or the one that a test runs."""
    return small if SMALL else full


def holds(claim: bool) -> bool:
    """Whether a claim about time, memory or a ratio holds; a small run claims nothing of that kind."""
    return claim or SMALL

"""Partitions of AWS by region, from botocore's data."""

from __future__ import annotations

import functools
import re
from typing import Any

import botocore.loaders


@functools.cache
def dns_suffix(region: str) -> str:
    """What endpoints of a region end in; that of the commercial partition for a region that no partition has."""
    partitions: list[dict[str, Any]] = botocore.loaders.create_loader().load_data("partitions")["partitions"]
    found = next((one for one in partitions if re.fullmatch(one["regionRegex"], region)), partitions[0])
    return str(found["outputs"]["dnsSuffix"])

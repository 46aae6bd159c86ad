"""Ids of our StackSet operations: they name who started them, which AWS's description of an operation does not. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperation.html has an action and times,
and no principal; CloudTrail has one, but not everybody who rolls out may read it.
"""

from __future__ import annotations

import re
from datetime import datetime

_LONGEST_NAME = 60
_OURS = re.compile(r"deployer-(?P<who>.+)-\d{8}T\d{6}Z-[0-9a-f]{8}")


def operation_id(caller: str, *, at: datetime, unique: str) -> str:
    """`deployer-alice-20261123T091500Z-3f9a01bc` for the caller's ARN; `unique` has 8 hexadecimal digits."""
    who = re.sub(r"[^a-zA-Z0-9]+", "-", caller.rsplit("/", 1)[-1].rsplit(":", 1)[-1]).strip("-")
    return f"deployer-{who[:_LONGEST_NAME] or 'unknown'}-{at:%Y%m%dT%H%M%SZ}-{unique}"


def author(operation: str) -> str | None:
    """Who started an operation, if its id names them."""
    ours = _OURS.fullmatch(operation)
    return ours["who"] if ours else None

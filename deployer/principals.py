"""Principals as CloudTrail names them, and the roles behind them. Pure."""

from __future__ import annotations

import re

_SESSION = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<role>[^/]+)/.+")


def role_of(principal: str) -> str | None:
    """ARN of the role behind an assumed-role session, without the role's path; None for anything else."""
    session = _SESSION.fullmatch(principal)
    return f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}" if session else None

"""What the seams need to know of the sandbox that is running: moto's state is one for the process, and so is this."""

from __future__ import annotations

from dataclasses import dataclass

from aws_org_sandbox.calls import CallLog
from aws_org_sandbox.errors import SandboxError
from aws_org_sandbox.faults import Faults
from aws_org_sandbox.visibility import Visibility


@dataclass(frozen=True, kw_only=True)
class Context:
    """The attributes of the running sandbox that seams use."""

    endpoint_url: str
    management_account: str
    home_region: str
    calls: CallLog
    faults: Faults
    visibility: Visibility


_current: Context | None = None


def current() -> Context:
    """The sandbox that is running in this process."""
    if _current is None:
        raise SandboxError("no sandbox is running in this process", next_step="Start one with `aws-org-sandbox start`.")
    return _current


def set_current(context: Context | None) -> None:
    """Set the running sandbox; None when it stops."""
    global _current  # noqa: PLW0603 - one sandbox at a time, because moto's state is global
    _current = context


def is_running() -> bool:
    """Whether a sandbox runs in this process."""
    return _current is not None

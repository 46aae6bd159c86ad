"""Findings: what is wrong or unknown, and the command that fixes or shows it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from deployer.doctor.actual_state import ActualState, Unread

Severity = Literal["problem", "warning", "unchecked"]
"""`problem`: a roll-out or pushes fail. `warning`: they may. `unchecked`: it could not be read."""

CheckStatus = Literal["ok", "problem", "warning", "unchecked"]
_WORST: tuple[CheckStatus, ...] = ("problem", "warning", "unchecked", "ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to act on. `commands` are for a shell, in the account that `next_step` names."""

    severity: Severity
    message: str
    next_step: str
    commands: tuple[str, ...] = ()


Judge = Callable[[ActualState], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its id, its title, and its function."""

    id: str
    title: str
    judge: Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The findings of one check."""

    check: Check
    findings: tuple[Finding, ...]

    @property
    def state(self) -> CheckStatus:
        severities = {finding.severity for finding in self.findings}
        return next(state for state in _WORST if state in severities or state == "ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of all checks, in their order."""

    results: tuple[Result, ...]

    @property
    def has_findings(self) -> bool:
        """Whether there is something to act on; unread values are not."""
        return any(result.state in {"problem", "warning"} for result in self.results)


def examine(actual: ActualState, checks: Iterable[Check]) -> Report:
    """Apply every check to the actual state."""
    return Report(results=tuple(Result(check=check, findings=tuple(check.judge(actual))) for check in checks))


def problem(message: str, next_step: str, *commands: str) -> Finding:
    """Something that makes a roll-out or pushes fail."""
    return Finding(severity="problem", message=message, next_step=next_step, commands=commands)


def warning(message: str, next_step: str, *commands: str) -> Finding:
    """Something that may make them fail."""
    return Finding(severity="warning", message=message, next_step=next_step, commands=commands)


def unchecked(what: str, unread: Unread, next_step: str, *commands: str) -> Finding:
    """Something that could not be read; `commands` show it to a person who may."""
    action = f" ({unread.action})" if unread.action else ""
    return Finding(
        severity="unchecked",
        message=f"Could not check {what}{action}: {unread.reason}",
        next_step=next_step,
        commands=commands,
    )

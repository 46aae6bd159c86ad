"""A check: its description, and a function that runs it and returns a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acceptance.lab import Lab


class Verdict(StrEnum):
    """The result for an assumption."""

    HELD = "held"
    REFUTED = "refuted"
    NOT_RUN = "not run"


class Need(StrEnum):
    """A requirement of a check; the text describes how to provide it."""

    MANAGEMENT = "credentials of the management account (--management-profile)"
    SUSPENDED = "a suspended account (--suspended-account)"
    SECOND_REGION = "a second region (--second-region)"
    REAL_AWS = "AWS itself: the sandbox evaluates no alarms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of a check: the verdict, the reason, and the unchanged responses of AWS."""

    verdict: Verdict
    why: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] | None = None
    """An event as EventBridge delivered it, for a file in tests/events/."""


def held(why: str, *, event: Mapping[str, Any] | None = None, **evidence: Any) -> Finding:
    """The assumption held."""
    return Finding(verdict=Verdict.HELD, why=why, evidence=evidence, event=event)


def refuted(why: str, *, event: Mapping[str, Any] | None = None, **evidence: Any) -> Finding:
    """The assumption is false."""
    return Finding(verdict=Verdict.REFUTED, why=why, evidence=evidence, event=event)


def not_run(why: str, **evidence: Any) -> Finding:
    """Nothing is known about the assumption."""
    return Finding(verdict=Verdict.NOT_RUN, why=why, evidence=evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check. `number` is that of the assumption in docs/contributing/assumptions.md; None for the main job."""

    number: int | None
    title: str
    run: Callable[[Lab], Finding]
    creates: tuple[str, ...]
    """What it creates, for a person to read; each with its account."""
    minutes: int
    """About how long it takes on AWS."""
    dollars: Decimal = Decimal("0.01")
    """What it costs on AWS at most."""
    needs: frozenset[Need] = frozenset()
    altered_by: str | None = None
    """The behaviour of the sandbox (aws_org_sandbox.behaviours) with which the check reports "refuted"."""

    @property
    def id(self) -> str:
        return "main" if self.number is None else f"A{self.number}"

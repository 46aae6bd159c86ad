"""Problems of the config files: one value for each, and the formats in which a list of them is printed.

Problems are collected, never raised one by one, so that one run shows all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from deployer.annotations import annotation
from deployer.errors import ConfigurationError
from deployer.words import counted, printable

SHOWN_IN_ERROR = 20
"""A command other than `validate` stops listing here; `validate` lists all."""


class Severity(StrEnum):
    """Errors stop every command; warnings fail `validate` under `--strict`; notes never do."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem at one location. `line` and `column` count from 1; `key` is a path as in `create.names.allow[0]`."""

    file: str
    line: int = 1
    column: int = 1
    key: str = ""
    message: str
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        kind = "" if self.is_error else f"{self.severity}: "
        key = f"{self.key}: " if self.key else ""
        return printable(f"{self.file}:{self.line}:{self.column}: {kind}{key}{self.message}")


class InvalidConfigurationError(ConfigurationError):
    """`config/` has errors; `problems` holds each of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [str(problem) for problem in self.problems[:SHOWN_IN_ERROR]]
        if hidden := len(self.problems) - len(shown):
            shown.append(f"… and {hidden} more")
        heading = "The config files have " + counted(len(self.problems), "error")
        super().__init__(
            "\n".join([heading, *(f"  {line}" for line in shown)]),
            next_step="`deployer validate` lists every problem of every file.",
        )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file and position, without duplicates."""
    return tuple(sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.key, p.message)))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that stop every command."""
    return tuple(problem for problem in problems if problem.is_error)


def number_of(severity: Severity, problems: Iterable[Problem]) -> int:
    """How many problems have a severity."""
    return sum(problem.severity is severity for problem in problems)


def as_text(problems: Iterable[Problem]) -> str:
    """One line for each problem: `file:line:column: key: problem`, which editors and terminals turn into links."""
    return "\n".join(str(problem) for problem in problems)


def as_document(problems: Sequence[Problem], *, organization_id: str | None) -> dict[str, object]:
    """For programs: totals, the organization compared with (null for none), and the problems with all their fields."""
    return {
        **{f"{severity}s": number_of(severity, problems) for severity in Severity},
        "organization": organization_id,
        "problems": [asdict(problem) for problem in problems],
    }


def as_github(problems: Iterable[Problem]) -> str:
    """Workflow commands that GitHub Actions shows as annotations on the changed lines of a pull request."""
    return "\n".join(_annotation(problem) for problem in problems)


def _annotation(problem: Problem) -> str:
    title = {"title": problem.key} if problem.key else {}
    level = "notice" if problem.severity is Severity.NOTE else problem.severity.value
    return annotation(level, problem.message, file=problem.file, line=problem.line, col=problem.column, **title)

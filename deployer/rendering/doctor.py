"""The results of `deployer doctor`: a table of 80 columns with the next steps below it, and JSON. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.cells import cell_len

from deployer.doctor.finding import CheckStatus, Finding, Report, Result
from deployer.rendering.text import WIDTH, Line, Tone, table, wrapped
from deployer.words import counted

_SHOWN: dict[CheckStatus, str] = {
    "ok": "ok",
    "problem": "problem",
    "warning": "warning",
    "unchecked": "could not check",
}
_TONES: dict[CheckStatus, Tone] = {"ok": "", "problem": "bad", "warning": "change", "unchecked": "quiet"}
_CONTINUED = " \\"


def report_lines(report: Report) -> list[Line]:
    """A row for each check, then each finding with its commands, then the totals."""
    header, *rows = table(
        ("check", "result", "what it checks"),
        [(result.check.id, _SHOWN[result.state], result.check.title) for result in report.results],
    )
    toned = [Line(row.text, _TONES[result.state]) for row, result in zip(rows, report.results, strict=True)]
    return [header, *toned, *_findings(report), Line(""), _sums(report)]


def _findings(report: Report) -> Iterator[Line]:
    for result in report.results:
        for finding in result.findings:
            yield Line("")
            yield from finding_lines(result, finding)


def finding_lines(result: Result, finding: Finding) -> list[Line]:
    """One finding: the problem, the next step, and the commands to copy."""
    tone = _TONES[finding.severity]
    return [
        *wrapped(f"{result.check.id}: {finding.message}", indent=0, tone=tone),
        *wrapped(finding.next_step, indent=2),
        *(line for command in finding.commands for line in command_lines(command)),
    ]


def command_lines(command: str) -> Iterator[Line]:
    """A command with line continuations, broken before options only."""
    lines: list[str] = []
    for number, part in enumerate(command.split(" --")):
        text = f"--{part}" if number else part
        if lines and cell_len(lines[-1]) + 1 + cell_len(text) <= WIDTH - 4 - len(_CONTINUED):
            lines[-1] += f" {text}"
        else:
            lines.append(text if not lines else f"  {text}")
    yield from (Line(f"    {line}{_CONTINUED}") for line in lines[:-1])
    yield Line(f"    {lines[-1]}")


def _sums(report: Report) -> Line:
    states = Counter(result.state for result in report.results)
    parts = [
        counted(len(report.results), "check"),
        *(f"{states[state]} {_SHOWN[state]}" for state in ("ok", "problem", "warning", "unchecked") if states[state]),
    ]
    return Line(", ".join(parts))


def report_document(report: Report) -> dict[str, object]:
    """All checks for programs; `findings` is empty if a check found nothing."""
    return {
        "has_findings": report.has_findings,
        "checks": [
            {
                "check": result.check.id,
                "title": result.check.title,
                "result": result.state,
                "findings": [
                    {
                        "severity": finding.severity,
                        "message": finding.message,
                        "next_step": finding.next_step,
                        "commands": list(finding.commands),
                    }
                    for finding in result.findings
                ],
            }
            for result in report.results
        ],
    }

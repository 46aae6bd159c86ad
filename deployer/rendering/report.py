"""The command's output once the page is written: numbers and findings, as text and as JSON. Pure."""

from __future__ import annotations

from deployer.rendering.text import Line, wrapped
from deployer.reporting import wording
from deployer.reporting.aggregation import Aggregates
from deployer.reporting.attention import Finding, findings_of
from deployer.reporting.page import Subject
from deployer.reporting.tallies import OUTCOMES
from deployer.times import iso

PERCENTS = (50, 90, 95, 99)


def summary_lines(file: str, size: int, found: Aggregates, subject: Subject) -> list[Line]:
    """A few lines, 80 columns wide."""
    lines = wrapped(wording.lede(found), indent=0, tone="")
    for finding in _findings(found, subject):
        lines += wrapped(finding.title, indent=2, tone="bad" if finding.weight == "act" else "change")
    return [*lines, Line(f"Wrote {file} ({size / 1e6:.1f} MB).", "add")]


def summary_document(found: Aggregates, subject: Subject) -> dict[str, object]:
    """The same for programs; times are seconds."""
    return {
        "since": iso(found.since),
        "until": iso(found.until),
        "records": found.count,
        "rows": len(found.rows),
        "retries": found.pushes.retries,
        "adoption": {
            "handler": found.adoption.total.by_handler,
            "native": found.adoption.total.by_ecr,
            "others": found.adoption.total.by_others,
            "accounts": len(found.adoption.total.accounts),
        },
        "outcomes": {outcome: found.total[outcome] for outcome in OUTCOMES},
        "seconds_to_repository": {f"p{percent}": _rounded(found.waiting.percentile(percent)) for percent in PERCENTS},
        "attention": [
            {"id": one.id, "weight": one.weight, "title": one.title, "items": len(one.every)}
            for one in _findings(found, subject)
        ],
    }


def _findings(found: Aggregates, subject: Subject) -> list[Finding]:
    return findings_of(found, coverage=subject.coverage, verification=subject.verification, usage=subject.usage)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)

"""The report of a run, as JSON for programs and Markdown for people, and the raw events as files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from acceptance.check import Check, Finding, Verdict
from acceptance.redaction import Redactor

VERSION = 1
_NOT_PROVEN = (
    "This run used the sandbox. It shows that the checks work, but proves no assumption, because the sandbox makes the "
    "same assumptions."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A check and its finding."""

    check: Check
    finding: Finding
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All results of one run. `leftovers` describes resources that could not be removed."""

    results: Sequence[Result]
    started: datetime
    version: str
    is_sandbox: bool
    prefix: str
    names: Sequence[str] = ()
    """Names of accounts and OUs, which the report omits."""
    leftovers: Sequence[str] = ()

    def count(self, verdict: Verdict) -> int:
        return sum(one.finding.verdict is verdict for one in self.results)

    def document(self) -> dict[str, Any]:
        """The report as JSON, without personal details."""
        redactor = Redactor(kept=(self.prefix, "deployer"), hidden=tuple(self.names))
        return {
            "version": VERSION,
            "deployer": self.version,
            "started": self.started.isoformat(timespec="seconds"),
            "target": "sandbox" if self.is_sandbox else "AWS",
            "checks": [_entry(one, redactor, is_sandbox=self.is_sandbox) for one in self.results],
            "leftovers": redactor.redact(list(self.leftovers)),
        }

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write report.json, report.md and events/<check>.json; returns the files."""
        document = self.document()
        folder.mkdir(parents=True, exist_ok=True)
        files = [_write(folder / "report.json", _json(document)), _write(folder / "report.md", markdown(document))]
        for entry in document["checks"]:
            if entry["event"] is not None:
                (folder / "events").mkdir(exist_ok=True)
                files.append(_write(folder / "events" / f"{entry['id']}.json", _json(entry["event"])))
        return tuple(files)


def _entry(result: Result, redactor: Redactor, *, is_sandbox: bool) -> dict[str, Any]:
    check, finding = result.check, result.finding
    return {
        "id": check.id,
        "title": check.title,
        "verdict": finding.verdict.value,
        "proven": finding.verdict is not Verdict.NOT_RUN and not is_sandbox,
        "why": redactor.redact(finding.why),
        "seconds": round(result.seconds, 1),
        "evidence": redactor.redact(dict(finding.evidence)),
        "event": redactor.redact(finding.event),
    }


def markdown(document: Mapping[str, Any]) -> str:
    """The report for people, from its JSON."""
    lines = ["# Acceptance of `deployer`", ""]
    lines += [f"Version {document['deployer']}, against {document['target']}, started {document['started']}.", ""]
    if document["target"] == "sandbox":
        lines += [_NOT_PROVEN, ""]
    lines += ["| check | verdict | what | why |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {one['id']} | {_verdict(one, document['target'])} | {_cell(one['title'])} | {_cell(one['why'])} |"
        for one in document["checks"]
    ]
    if document["leftovers"]:
        lines += ["", "## Not removed", "", *(f"- {_cell(one)}" for one in document["leftovers"])]
    for one in document["checks"]:
        if one["evidence"] or one["event"]:
            shown = {**one["evidence"], **({"event": one["event"]} if one["event"] else {})}
            lines += ["", f"## {one['id']}. {one['title']}", "", "```json", _json(shown).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _verdict(entry: Mapping[str, Any], target: str) -> str:
    if target == "sandbox" and entry["verdict"] == Verdict.HELD:
        return "held by the sandbox's model"
    return str(entry["verdict"])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file

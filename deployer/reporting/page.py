"""The page: one HTML file that loads nothing, and in which no untrusted text becomes markup.

Records contain text from untrusted users. Jinja2 escapes all of it, the table's data is JSON without
`<`, and the Content-Security-Policy admits exactly one style sheet and one script, by their hashes; no text becomes
markup in the script either (`require-trusted-types-for`).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from deployer import __version__
from deployer.reporting import wording
from deployer.reporting.aggregation import Aggregates
from deployer.reporting.attention import findings_of
from deployer.reporting.breakdowns import breakdowns
from deployer.reporting.consoles import repository_link
from deployer.reporting.coverage import Coverage
from deployer.reporting.sections import figures, first_rows, over_time, waiting
from deployer.reporting.usage import ACCOUNTS, Usage
from deployer.reporting.verification import Verification
from deployer.words import size_text

_ASSETS = files("deployer.reporting") / "assets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The facts in the head and foot of the page; `no_coverage` is the reason if `coverage` is None."""

    made_at: datetime
    command: str
    """As typed, so that the report can be reproduced."""
    ledger: str
    filters: tuple[tuple[str, str], ...] = ()
    organization_id: str = ""
    coverage: Coverage | None = None
    no_coverage: str = ""
    verification: Verification | None = None
    usage: Usage | None = None
    version: str = __version__


def write_page(aggregates: Aggregates, subject: Subject) -> Iterator[str]:
    """The file's text, in parts."""
    return _environment().get_template("report.html").generate(_context(aggregates, subject))


def _context(aggregates: Aggregates, subject: Subject) -> dict[str, object]:
    style, script = _asset("report.css"), _asset("report.js")
    findings = findings_of(
        aggregates, coverage=subject.coverage, verification=subject.verification, usage=subject.usage
    )
    urgent = [finding for finding in findings if finding.weight == "act"]
    return {
        "policy": policy(style=style, script=script),
        "style": _trusted(style),
        "script": _trusted(script),
        "subject": subject,
        "found": aggregates,
        "lede": wording.lede(aggregates),
        "figures": figures(aggregates),
        "findings": findings,
        "first": urgent[0] if urgent else None,
        "others": len(urgent) - 1,
        "adoption": aggregates.adoption.rows(subject.coverage),
        "over_time": over_time(aggregates),
        "breakdowns": breakdowns(aggregates),
        "waiting": waiting(aggregates),
        "rows": first_rows(aggregates),
        "data": (_trusted(part) for part in aggregates.rows.to_json()),
    }


def policy(*, style: str, script: str) -> str:
    """The Content-Security-Policy: only the one script and the one style sheet may be used."""
    return (
        "default-src 'none'; "
        f"script-src 'sha256-{_hash(script)}'; style-src 'sha256-{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _trusted(text: str) -> Markup:
    """Trusted markup: the package's own files, charts whose text pygal escapes, and JSON without markup."""
    return Markup(text)  # noqa: S704


def _breakable(text: str) -> Markup:
    """A name or path with possible line breaks after its slashes."""
    return Markup("/<wbr>").join(text.split("/"))


def _prose(text: str) -> Markup:
    """A sentence with its parts between backticks as code, as in handler/reasons.py."""
    parts = text.split("`")
    marked = [Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)]
    return Markup("").join(marked) if len(parts) % 2 else escape(text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("deployer.reporting", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable,
        "count": wording.count,
        "date": wording.date,
        "day": wording.day,
        "minute": wording.minute,
        "percent": wording.percent,
        "size": size_text,
        "prose": _prose,
        "seconds": wording.seconds,
        "svg": _trusted,
    }
    environment.globals["repository_link"] = repository_link
    environment.globals["accounts_shown"] = ACCOUNTS
    return environment

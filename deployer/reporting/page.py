"""The page: one HTML file that needs nothing from elsewhere and lets nothing in.

Everything that records say is text that strangers chose. Jinja2 escapes all of it, the table's data is JSON without
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
from typing import Any

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
from deployer.reporting.verification import Verification

_ASSETS = files("deployer.reporting") / "assets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Facts for the head and the foot of the page; what was not asked for says why in its place."""

    made_at: datetime
    command: str
    """As it was typed, so that somebody else can make the same report."""
    ledger: str
    filters: tuple[tuple[str, str], ...] = ()
    organization_id: str = ""
    coverage: Coverage | None = None
    no_coverage: str = ""
    verification: Verification | None = None
    version: str = __version__


def write_page(aggregates: Aggregates, subject: Subject) -> Iterator[str]:
    """The file's text, in parts."""
    return _environment().get_template("report.html").generate(_context(aggregates, subject))


def _context(aggregates: Aggregates, subject: Subject) -> dict[str, Any]:
    style, script = _asset("report.css"), _asset("report.js")
    return {
        "policy": policy(style=style, script=script),
        "style": _ours(style),
        "script": _ours(script),
        "subject": subject,
        "found": aggregates,
        "lede": wording.lede(aggregates),
        "figures": figures(aggregates),
        "findings": findings_of(aggregates, coverage=subject.coverage, verification=subject.verification),
        "over_time": over_time(aggregates),
        "breakdowns": breakdowns(aggregates),
        "waiting": waiting(aggregates),
        "rows": first_rows(aggregates),
        "data": (_ours(part) for part in aggregates.rows.to_json()),
    }


def policy(*, style: str, script: str) -> str:
    """Nothing may be loaded, sent or run but the one script and the one style sheet."""
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


def _ours(text: str) -> Markup:
    """Text of our own files, charts whose text pygal escapes, and JSON that holds no markup."""
    return Markup(text)  # noqa: S704


def _breakable(text: str) -> Markup:
    """A name or path that a narrow column may break behind its slashes."""
    return Markup("/<wbr>").join(text.split("/"))


def _prose(text: str) -> Markup:
    """A sentence whose parts between backticks are code, as those of handler/reasons.py are."""
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
        "day": wording.day,
        "minute": wording.minute,
        "prose": _prose,
        "seconds": wording.seconds,
        "svg": _ours,
    }
    environment.globals["repository_link"] = repository_link
    return environment

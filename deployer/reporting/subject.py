"""What a report is about, beside the records: whose, for which question, made when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deployer import __version__
from deployer.reporting.coverage import Coverage
from deployer.reporting.verification import Verification


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

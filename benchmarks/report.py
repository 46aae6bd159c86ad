"""How long a report takes, and how much memory: 50,000 records, and four times as many.

Run it with `python -m benchmarks.report`. Claimed: 50,000 records are a page in 15 s and 200 MB; four times as many
take no more than 40 MB on top, since the table stays at 50,000 rows; in a browser that page opens in 4 s, and sorts
and filters in 1 s. The browser's part is left out if Chromium is not installed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from benchmarks.sizes import SMALL, holds, size
from deployer.reporting.aggregation import aggregate
from deployer.reporting.page import Subject, write_page
from tests.deployer.reporting.browser import chromium, opened
from tests.deployer.reporting.samples import UNTIL, records

RECORDS, TIMES = size((50_000, 4), small=(50, 2))
SECONDS, MEGABYTES, MORE_MEGABYTES = 15.0, 200, 40
OPENS, REACTS = 4.0, 1.0

CLICKS: dict[str, str] = {
    "sort by repository": "document.querySelector('th.repository button').click()",
    "sort by account": "document.querySelector('th.account button').click()",
    "filter by outcome": "set({outcome: 'refused'})",
    "search": "set({outcome: '', q: 'team-a worker'})",
    "next page": "document.querySelector('[data-go=next]').click()",
}
MEASURED = "() => {{ const t = performance.now(); {}; document.body.offsetHeight; return performance.now() - t }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one report took."""

    records: int
    reading: float
    """Seconds to make up the records alone, which is part of `seconds`."""
    seconds: float
    peak: float
    """Megabytes, Python and all modules included."""
    size: float


def make(number: int, file: Path) -> Made:
    """One report, in a process of its own, so that its peak is its own."""
    began = time.perf_counter()
    for _ in records(number, days=365):
        pass
    reading = time.perf_counter() - began
    began = time.perf_counter()
    found = aggregate(records(number, days=365), since=UNTIL - timedelta(days=365), until=UNTIL)
    subject = Subject(made_at=UNTIL, command="deployer audit report", ledger="made up")
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(write_page(found, subject))
    return Made(
        records=number,
        reading=reading,
        seconds=time.perf_counter() - began,
        peak=getrusage(RUSAGE_SELF).ru_maxrss / 1024,
        size=file.stat().st_size / 1e6,
    )


def alone(function: Callable[[int, Path], Made], number: int, file: Path) -> Made:
    """Call in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, number, file).result()


def browse(file: Path) -> dict[str, float]:
    """Seconds that a reader waits."""
    with chromium() as browser:
        began = time.perf_counter()
        with opened(browser, file) as seen:
            waits = {"open": time.perf_counter() - began}
            for name, click in CLICKS.items():
                waits[name] = seen.page.evaluate(MEASURED.format(click)) / 1000
    return waits


def main() -> int:
    """Print what was measured; 1 when a claim does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (alone(make, number, Path(folder) / f"{number}.html") for number in (RECORDS, RECORDS * TIMES))
        for made in (few, many):
            show(f"{made.records:>9,} records: {made.seconds:.1f} s, {made.reading:.1f} s of it to make them up")
            show(f"{'':>18} peak {made.peak:.0f} MB, page {made.size:.1f} MB")
        as_claimed = few.seconds <= SECONDS and few.peak <= MEGABYTES and many.peak - few.peak <= MORE_MEGABYTES
        if shutil.which("chromium") and not SMALL:
            waits = browse(Path(folder) / f"{RECORDS}.html")
            for name, seconds in waits.items():
                show(f"{name:>18}: {seconds:.2f} s")
            as_claimed = as_claimed and waits.pop("open") <= OPENS and max(waits.values()) <= REACTS
    show("as claimed" if as_claimed else "NOT as claimed")
    return 0 if holds(as_claimed) else 1


def show(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())

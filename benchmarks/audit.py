"""The time and memory of queries over a million records.

Run it with `python -m benchmarks.audit`, which takes most of an hour; `--records 100000` takes a tenth of it, and
`--only exports` a part. The command line runs as users run it, in a process of its own; its ledger is served over
loopback by `benchmarks/million_records/server.py`, which pages, filters and counts capacity as DynamoDB does, and takes
10 ms more than it needs for each page. What is claimed: the first row within 5 s whatever the filter, and an export or
a report of many times the records in no more memory. The first row of an export is the first that is sure to stay,
whatever stops it: that of its first batch. How long the report's page takes a browser is measured by
`benchmarks/report.py`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.million_records.records import Records
from benchmarks.sizes import SMALL, size
from deployer.audit.export import Target

ROOT = Path(__file__).parents[1]
MILLION = 1_000_000
RECORDS = size(MILLION, small=100)
SPAN = ("--since", "2026-08-25", "--until", "2026-11-23")
"""All records: 90 days."""

FIRST_ROW = 5.0
POLL = 0.01
GROWTH = 1.25
"""Factor of peak memory between the smallest and the largest query of one command."""

TENTH = ("--since", "2026-08-25", "--until", "2026-09-02")
NINE_DAYS = ("--since", "2026-08-25", "--until", "2026-09-03")
"""In which some 50,000 records are of a kind that a report shows, if there are a million in all."""

EXPORTS = size({"a tenth": TENTH, "all": SPAN}, small={"all": SPAN})
FORMATS = size(("jsonl", "csv", "parquet"), small=("jsonl",))
REPORTS = size({"nine days": NINE_DAYS, "all": SPAN}, small={"all": SPAN})

LISTS: dict[str, tuple[str, ...]] = {
    "newest 100": (),
    "every outcome": ("--all",),
    "one account": ("--account", "300000000017"),
    "one repository": ("--repository", Records.known_repository()),
    "repository glob": ("--repository", "team-17/**"),
    "principal glob": ("--principal", "arn:aws:iam::*:role/ci-17"),
    "OU and below": ("--ou", "Workloads"),
    "region": ("--region", "ap-southeast-2"),
    "outcome": ("--outcome", "failed"),
    "reason": ("--reason", "kms-failed"),
    "nothing matches": ("--principal", "arn:aws:iam::*:user/nobody"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one command took; `first` is the time to its first row, on standard output or in its file."""

    first: float
    wall: float
    megabytes: float
    usage: str

    def line(self, name: str) -> str:
        return f"{name:24} {self.first:6.2f} s {self.wall:7.2f} s {self.megabytes:6.0f} MB  {self.usage}"


@contextmanager
def ledger(records: int) -> Iterator[dict[str, str]]:
    """The environment of a client of a ledger of so many records."""
    command = [sys.executable, "-m", "benchmarks.million_records.server", str(records)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout
        port = server.stdout.readline().strip()
        credentials = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
        yield {**os.environ, **credentials, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        server.kill()


def run(environment: dict[str, str], *arguments: str, sign: Path | None = None) -> Ran:
    """Run `deployer audit …` and measure it; its first row is there when a line is printed, or the file `sign` is."""
    command = [sys.executable, "-c", "from deployer.__main__ import main; main()", "audit", *arguments, "--verbose"]
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603
        assert process.stdout
        if sign:
            while not sign.exists() and not has_ended(process.pid):
                time.sleep(POLL)
        else:
            process.stdout.readline()
        first = time.perf_counter() - began
        while process.stdout.read(1 << 20):
            pass
        _, status, resources = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        printed = errors.read()
    assert process.returncode == 0, printed
    usage = re.search(r"Read (.*)\.$", printed, re.MULTILINE)
    return Ran(first=first, wall=wall, megabytes=resources.ru_maxrss / 1024, usage=usage[1] if usage else "")


def has_ended(pid: int) -> bool:
    """Whether a child process has ended; its resource usage can still be read."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def measure_lists(environment: dict[str, str]) -> bool:
    """List by each filter; whether every first row came in time, if there is one."""
    holds = True
    for name in size(tuple(LISTS), small=("newest 100",)):
        options = LISTS[name]
        ran = run(environment, "list", *SPAN, *options)
        print(ran.line(f"list: {name}"), flush=True)  # noqa: T201
        holds &= ran.first <= FIRST_ROW or name == "nothing matches" or SMALL
    return holds


def measure_exports(environment: dict[str, str], folder: Path, *, records: int) -> bool:
    """Export in each format; whether memory stayed what it was."""
    holds = True
    for kind in FORMATS:
        megabytes: list[float] = []
        for share, span in EXPORTS.items():
            file = folder / f"{share}.{kind}"
            ran = run(environment, "export", "--all", *span, "--out", str(file), sign=Target(file).state)
            print(ran.line(f"export {kind}: {share}"), flush=True)  # noqa: T201
            megabytes.append(ran.megabytes)
            file.unlink()
        holds &= is_flat(megabytes, records=records)
    return holds


def measure_reports(environment: dict[str, str], folder: Path, *, records: int) -> bool:
    """A report of some 50,000 records, and of all; whether memory stayed what it was."""
    megabytes: list[float] = []
    for share, span in REPORTS.items():
        file = folder / "report.html"
        ran = run(environment, "report", *span, "--no-coverage", "--html", str(file))
        print(f"{ran.line(f'report: {share}')}, page of {file.stat().st_size / 1e6:.1f} MB", flush=True)  # noqa: T201
        megabytes.append(ran.megabytes)
        file.unlink()
    return is_flat(megabytes, records=records)


def is_flat(megabytes: list[float], *, records: int) -> bool:
    """Whether the last took no more memory than the first; of fewer records than a million that proves nothing."""
    return megabytes[-1] <= GROWTH * megabytes[0] or records < MILLION


def main() -> int:
    """Measure, print, and fail if a claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--only", choices=("lists", "exports", "reports"))
    options = parser.parse_args()
    records: int = options.records
    print(f"{records:,} records\n{'':24} first row     wall     peak  reading")  # noqa: T201
    with ledger(records) as environment, tempfile.TemporaryDirectory() as folder:
        parts: dict[str, Callable[[], bool]] = {
            "lists": lambda: measure_lists(environment),
            "exports": lambda: measure_exports(environment, Path(folder), records=records),
            "reports": lambda: measure_reports(environment, Path(folder), records=records),
        }
        holds = [measure() for name, measure in parts.items() if options.only in (None, name)]
    print("as claimed" if all(holds) else "NOT as claimed")  # noqa: T201
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())

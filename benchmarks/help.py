"""How long `--help` takes, beside takomo, the fastest of the peers to say what it can do.

Run it with `make bench`. takomo (npm) is installed into a cache folder, never into the project; without npm this is
skipped. Both run in turn, so that a busy machine slows both, and the medians are compared. Claimed is at most half.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.npm import installed

PACKAGE = "takomo@2.7.1"
RUNS = 15
SHARE = 0.5


def main() -> int:
    """Time both and compare; fail where the claim does not hold."""
    peer = installed(PACKAGE, "tkm")
    ours = (str(Path(sys.executable).with_name("deployer")), "--help")
    if peer is None:
        _print("takomo is skipped: there is no npm")
        return 0
    theirs = (str(peer), "--help")
    times: dict[Sequence[str], list[float]] = {ours: [], theirs: []}
    for _ in range(RUNS):
        for command, seconds in times.items():
            seconds.append(_seconds(command))
    medians = {command: statistics.median(seconds) for command, seconds in times.items()}
    for name, command in (("deployer --help", ours), ("tkm --help", theirs)):
        _print(f"{name:<16} median of {RUNS}: {medians[command]:.3f} s")
    share = medians[ours] / medians[theirs]
    _print(f"deployer takes {share:.2f} of takomo's time; at most {SHARE} is claimed")
    return 0 if share <= SHARE else 1


def _seconds(command: Sequence[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return time.perf_counter() - begun


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a benchmark's result


if __name__ == "__main__":
    sys.exit(main())

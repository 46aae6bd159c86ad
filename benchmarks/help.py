"""How long `--help` takes, beside importing typer alone, and beside takomo, the fastest of the peers.

Run it with `make bench`. takomo (npm) is installed into a cache folder, never into the project; without npm it is left
out. All run in turn, so that a busy machine slows all, and the medians are compared. Claimed is at most twice the time
of `import typer`, and at most half of takomo's.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.peers.npm import installed
from benchmarks.sizes import SMALL, holds, size

PACKAGE = "takomo@2.7.1"
RUNS = size(15, small=1)
TYPERS = 2.0
TAKOMOS = 0.5


def main() -> int:
    """Time all and compare; fail if a claim does not hold."""
    peer = None if SMALL else installed(PACKAGE, "tkm")
    commands = {
        "deployer --help": (str(Path(sys.executable).with_name("deployer")), "--help"),
        "import typer": (sys.executable, "-c", "import typer"),
    }
    claims = {"import typer": TYPERS}
    if peer is None:
        _print("takomo is skipped: npm is not installed")
    else:
        commands["tkm --help"] = (str(peer), "--help")
        claims["tkm --help"] = TAKOMOS
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            times[name].append(_seconds(command))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    for name, seconds in medians.items():
        _print(f"{name:<16} median of {RUNS}: {seconds:.3f} s")
    held = [_holds(medians, name, claim) for name, claim in claims.items()]
    return 0 if all(held) else 1


def _holds(medians: Mapping[str, float], name: str, claim: float) -> bool:
    ratio = medians["deployer --help"] / medians[name]
    _print(f"deployer --help takes {ratio:.2f} of the time of `{name}`; at most {claim} is claimed")
    return holds(ratio <= claim)


def _seconds(command: Sequence[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return time.perf_counter() - begun


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a benchmark's result


if __name__ == "__main__":
    sys.exit(main())

"""Every benchmark runs with a small size, without other tools and without time limits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BENCHMARKS = [path.stem for path in sorted((ROOT / "benchmarks").glob("*.py")) if "def main(" in path.read_text()]


def test_benchmarks_exist() -> None:
    assert {"audit", "ensure", "handler", "help", "organization", "reading"} <= set(BENCHMARKS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs(name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"],
        cwd=ROOT,
        env=os.environ | {"BENCHMARKS": "small"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout

"""Every benchmark runs with a small size, without other tools and without time limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BENCHMARKS = [path.stem for path in sorted((ROOT / "benchmarks").glob("*.py")) if "def main(" in path.read_text()]

Run = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs one benchmark after another in a process that has loaded what they need: half of each was loading."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.forks"],
        cwd=ROOT,
        env=os.environ | {"BENCHMARKS": "small"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdin
        assert program.stdout
        to, answers = program.stdin, program.stdout

        def run(name: str) -> dict[str, Any]:
            to.write(f"{name}\n")
            to.flush()
            answer: dict[str, Any] = json.loads(answers.readline())
            return answer

        yield run
        to.close()


def test_benchmarks_exist() -> None:
    assert {"audit", "ensure", "handler", "help", "organization", "reading"} <= set(BENCHMARKS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_is_a_program(name: str) -> None:
    """`python -m benchmarks.NAME` runs `main`, which is all that the next test runs."""
    text = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
    assert text.endswith('\n\nif __name__ == "__main__":\n    sys.exit(main())\n')


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs(name: str, run: Run) -> None:
    ran = run(name)
    assert ran["code"] == 0, ran["printed"]
    assert ran["printed"]

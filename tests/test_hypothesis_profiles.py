"""Every CI run draws the same examples; each local run draws new ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.hypothesis_profiles import CI, LOCAL, profile

ROOT = Path(__file__).parents[1]

DRAWING = """
import os
from hypothesis import given, settings, strategies as st
from tests.hypothesis_profiles import profile
settings.load_profile(profile(os.environ))

@settings(max_examples=30)
@given(st.text(), st.integers())
def draw(text, number):
    print(ascii(text), number)

draw()
"""


def drawn(**environment: str) -> str:
    """The examples that a property test draws, run in a separate process."""
    answer = subprocess.run(
        [sys.executable, "-c", DRAWING],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout


@pytest.mark.slow
def test_two_runs_of_ci_draw_the_same_examples() -> None:
    first = drawn(CI="true", PYTHONHASHSEED="1")
    assert len(first.splitlines()) >= 10
    assert first == drawn(CI="true", PYTHONHASHSEED="2")


@pytest.mark.parametrize(
    ("environment", "name"),
    [({"CI": "true"}, CI), ({"CI": "1"}, CI), ({}, LOCAL), ({"CI": ""}, LOCAL), ({"CI": "false"}, LOCAL)],
)
def test_the_profile_depends_on_the_variable_that_every_ci_sets(environment: dict[str, str], name: str) -> None:
    assert profile(environment) == name
    assert settings.get_profile(name).derandomize is (name == CI)


def test_this_run_uses_the_profile_of_its_environment() -> None:
    assert settings().derandomize is (profile(os.environ) == CI)

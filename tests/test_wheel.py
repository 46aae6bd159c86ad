"""The wheels, installed in otherwise empty environments, and the whole demo there, started as users start it."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.clean_environments import environment, install, program, wheel_of
from tests.conftest import Generated
from tools.pictures import demo_picture

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PATIENCE = 900
"""Seconds until a demo counts as hung; it takes one minute on a machine that has nothing else to do."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sandbox_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(ROOT / "sandbox", tmp_path_factory.mktemp("sandbox-wheel"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the product; `demo` installs the sandbox in it, after the tests without."""
    folder = tmp_path_factory.mktemp("clean")
    install(wheel, programs := environment(folder), folder=folder)
    return programs


def test_it_has_the_distributions_name_and_only_the_products_packages(wheel: Path) -> None:
    assert wheel.name.startswith("ecr_org_deployer-")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packages = {name.split("/")[0] for name in names}
    assert {name for name in packages if not name.endswith(".dist-info")} == {"deployer", "templates", "handler"}
    assert [name for name in names if name.startswith("deployer/sandbox/")] == []


def test_each_program_runs_in_a_clean_environment(programs: Path, tmp_path: Path) -> None:
    assert "rollout" in program(programs / "deployer", "--help", folder=tmp_path)
    program(programs / "deployer", "validate", "--config", ROOT / "config", folder=tmp_path)
    listed = program(programs / "deployer", "docs", folder=tmp_path)
    assert [page.stem for page in sorted((ROOT / "docs").glob("*.md")) if f"\n{page.stem} " not in listed] == []
    guard = program(programs / "deployer", "docs", "guard", folder=tmp_path)
    assert guard == (ROOT / "docs" / "guard.md").read_text(encoding="utf-8")
    program(programs / "python", "-c", "import templates.central, handler.handling", folder=tmp_path)
    refused = subprocess.run(
        [programs / "deployer", "sandbox", "start"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 24
    assert "pip install 'ecr-org-deployer[sandbox]'" in refused.stderr


@pytest.fixture(scope="module")
def demo(sandbox_wheel: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    """It names the folder of its config files, which are below the environment's own folder."""
    folder = programs.parent
    install(sandbox_wheel, programs, folder=folder)
    completed = subprocess.run(
        [programs / "deployer", "sandbox", "demo"],
        cwd=folder,
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    print(f"{completed.stdout}\n{completed.stderr}")  # noqa: T201 - shown on failure
    return completed


def test_every_check_passes(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0
    assert "checks passed in" in demo.stdout
    assert "deployer docs getting-started" in " ".join(demo.stdout.splitlines()[-3:])
    assert "✗" not in demo.stdout


def test_each_step_is_reported(demo: subprocess.CompletedProcess[str]) -> None:
    for sentence in (
        "1. A local AWS",
        "2. Roll out",
        "3. Push to repositories that do not exist",
        "NAME_UNKNOWN",
        "the repository appears",
        "the next push succeeds",
        "pulled back with the same digest",
        "4. Push where ECR creates the repository",
        "the first push succeeds",
        "it has the OU's settings",
        "5. Push what an OU's rules refuse",
        "name-denied",
        "principal-not-allowed",
        "6. Request the repository before the push",
        "team-shop/worker (300000000001, eu-west-1): exists after",
        "7. A new account",
        "8. The ledger",
    ):
        assert sentence in demo.stdout


def test_the_picture_in_the_readme_is_what_the_demo_prints(
    demo: subprocess.CompletedProcess[str], generated: Generated
) -> None:
    """`make picture` updates it."""
    generated("docs/demo.svg", demo_picture(demo.stdout))


def test_lines_are_at_most_80_wide(demo: subprocess.CompletedProcess[str]) -> None:
    wide = [line for line in demo.stdout.splitlines() if len(line) > 80]
    assert [line for line in wide if ".dkr.ecr." not in line and ".lambda-url." not in line] == []  # cannot be broken


def test_the_sandbox_runs_without_the_product(
    sandbox_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = environment(tmp_path / "alone")
    install(sandbox_wheel, programs, folder=tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    program(programs / "aws-org-sandbox", "start", "--detach", "--port", "0", folder=tmp_path)
    try:
        assert json.loads(program(programs / "aws-org-sandbox", "status", "--json", folder=tmp_path))["accounts"] == 14
    finally:
        program(programs / "aws-org-sandbox", "stop", folder=tmp_path)

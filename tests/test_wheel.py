"""The wheel, installed in an otherwise empty environment."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def _run(*command: str | Path, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def _wheel_of(source: Path, folder: Path) -> Path:
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source, folder=folder)
    (made,) = folder.glob("*.whl")
    return made


def _environment(folder: Path) -> Path:
    """The bin folder of a clean environment, into which the pip of this one installs."""
    _run(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder.parent)
    return folder / "bin"


def _install(wheel: Path, programs: Path, *, folder: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    _run(*pip, "install", "--quiet", "--no-compile", wheel, folder=folder)  # imports compile what runs


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel_of(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sandbox_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel_of(ROOT / "sandbox", tmp_path_factory.mktemp("sandbox-wheel"))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _environment(tmp_path_factory.mktemp("clean"))


def test_it_has_the_distributions_name_and_only_the_products_packages(wheel: Path) -> None:
    assert wheel.name.startswith("ecr_org_deployer-")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packages = {name.split("/")[0] for name in names}
    assert {name for name in packages if not name.endswith(".dist-info")} == {"deployer", "templates", "handler"}
    assert [name for name in names if name.startswith("deployer/sandbox/")] == []


def test_each_program_runs_in_a_clean_environment(
    wheel: Path, sandbox_wheel: Path, programs: Path, tmp_path: Path
) -> None:
    _install(wheel, programs, folder=tmp_path)
    assert "rollout" in _run(programs / "deployer", "--help", folder=tmp_path)
    _run(programs / "deployer", "validate", "--config", ROOT / "config", folder=tmp_path)
    listed = _run(programs / "deployer", "docs", folder=tmp_path)
    assert [page.stem for page in sorted((ROOT / "docs").glob("*.md")) if f"\n{page.stem} " not in listed] == []
    assert _run(programs / "deployer", "docs", "guard", folder=tmp_path) == (ROOT / "docs" / "guard.md").read_text()
    _run(programs / "python", "-c", "import templates.central, handler.handling", folder=tmp_path)
    refused = subprocess.run(
        [programs / "deployer", "sandbox", "start"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 24
    assert "pip install 'ecr-org-deployer[sandbox]'" in refused.stderr

    _install(sandbox_wheel, programs, folder=tmp_path)
    output = _run(programs / "deployer", "sandbox", "demo", folder=tmp_path)
    assert "checks passed in" in output


def test_the_sandbox_runs_without_the_product(
    sandbox_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = _environment(tmp_path / "alone")
    _install(sandbox_wheel, programs, folder=tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    _run(programs / "aws-org-sandbox", "start", "--detach", "--port", "0", folder=tmp_path)
    try:
        assert json.loads(_run(programs / "aws-org-sandbox", "status", "--json", folder=tmp_path))["accounts"] == 14
    finally:
        _run(programs / "aws-org-sandbox", "stop", folder=tmp_path)

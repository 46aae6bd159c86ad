"""What users install: the wheel, in an environment that has nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _run(*command: str | Path, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, folder=folder)
    (made,) = folder.glob("*.whl")
    return made


def test_it_has_the_distributions_name_and_only_the_products_packages(wheel: Path) -> None:
    assert wheel.name.startswith("ecr_org_deployer-")
    with zipfile.ZipFile(wheel) as archive:
        packages = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in packages if not name.endswith(".dist-info")} == {"deployer", "templates", "handler"}


def test_it_runs_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    _run(sys.executable, "-m", "venv", tmp_path / "clean", folder=tmp_path)
    programs = tmp_path / "clean" / "bin"
    _run(programs / "pip", "install", "--quiet", wheel, folder=tmp_path)
    assert "rollout" in _run(programs / "deployer", "--help", folder=tmp_path)
    _run(programs / "deployer", "validate", "--config", ROOT / "config", folder=tmp_path)
    _run(programs / "python", "-c", "import templates.central, handler.handling", folder=tmp_path)
    refused = subprocess.run(
        [programs / "deployer", "sandbox", "start"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 24
    assert "pip install 'ecr-org-deployer[sandbox]'" in refused.stderr

"""`deployer synth` as a user runs it, without credentials."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployer.json_documents import check_document
from tests.example_organization import EXAMPLE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
RUN = "from deployer.__main__ import main; main()"
FILES = [
    "artifacts.json",
    "central.json",
    "access.json",
    "forwarding.json",
    "registry-creation-templates.json",
    "handler.zip",
]
"""Without the digests of contents."""


def without_digest(name: str) -> str:
    return re.sub("-[0-9a-f]{8}[.]", ".", name)


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    file = tmp_path / "organization.json"
    file.write_text(EXAMPLE.to_json(), encoding="utf-8")
    return file


def synth(out: Path, snapshot: Path, *options: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run the command in a new process without credentials and without a home folder."""
    return subprocess.run(
        [
            *(sys.executable, "-W", "error", "-c", RUN, "synth", "--out", str(out)),
            *("--config", str(ROOT / "config"), "--organization", str(snapshot), *options),
        ],
        env={"PATH": "/usr/bin:/bin", "HOME": str(snapshot.parent / "nobody"), "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_two_runs_write_the_same_bytes(tmp_path: Path, snapshot: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for out, seed in ((first, "1"), (second, "2")):
        run = synth(out, snapshot, seed=seed)
        assert run.returncode == 0, run.stderr
    assert sorted(without_digest(file.name) for file in first.iterdir()) == sorted(FILES)
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes(), file.name


def test_the_zip_contains_only_the_handler_and_its_settings(tmp_path: Path, snapshot: Path) -> None:
    assert synth(tmp_path / "out", snapshot).returncode == 0
    listing = subprocess.run(
        [sys.executable, "-m", "zipfile", "--list", str(tmp_path / "out" / "handler.zip")],
        capture_output=True,
        text=True,
        check=True,
    )
    names = [line.split()[0] for line in listing.stdout.splitlines()[1:]]
    assert "settings.json" in names
    assert "handler/function.py" in names
    assert all(name == "settings.json" or (name.startswith("handler/") and name.endswith(".py")) for name in names)


def test_it_prints_which_files_it_wrote(tmp_path: Path, snapshot: Path) -> None:
    run = synth(tmp_path / "out", snapshot, "--json")
    assert [without_digest(Path(path).name) for path in json.loads(run.stdout)["files"]] == FILES
    check_document(json.loads(run.stdout), "synth")


def test_a_file_in_place_of_the_output_folder_is_an_error_with_a_next_step(tmp_path: Path, snapshot: Path) -> None:
    run = synth(snapshot, snapshot)
    assert run.returncode == 14
    assert run.stderr.splitlines() == [
        f"Error: {snapshot.as_posix()} is a file, not a folder",
        "  Name another folder with --out.",
    ]


def test_without_a_snapshot_file_the_error_names_how_to_create_one(tmp_path: Path) -> None:
    run = synth(tmp_path / "out", tmp_path / "missing.json")
    assert run.returncode == 11
    assert "deployer organization snapshot" in run.stderr

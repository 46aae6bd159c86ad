from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import handler
from deployer import bundle

SETTINGS = b'{"version":1}'
SOURCE = Path(handler.__file__).parent


def test_the_zip_contains_only_the_handlers_modules_and_the_settings() -> None:
    with zipfile.ZipFile(io.BytesIO(bundle.build(SETTINGS).data)) as archive:
        modules = [f"handler/{path.name}" for path in sorted(SOURCE.glob("*.py"))]
        assert archive.namelist() == [*modules, "settings.json"]
        assert archive.read("settings.json") == SETTINGS
        assert archive.read("handler/function.py") == (SOURCE / "function.py").read_bytes()
        assert archive.testzip() is None


def test_everybody_may_read_the_files_that_lambda_unpacks() -> None:
    with zipfile.ZipFile(io.BytesIO(bundle.build(SETTINGS).data)) as archive:
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_digests_are_of_the_bytes() -> None:
    built = bundle.build(SETTINGS)
    assert built.digest == hashlib.sha256(built.data).hexdigest()
    assert built.settings_digest == hashlib.sha256(SETTINGS).hexdigest()
    assert built.key == f"handler/{built.digest}.zip"


def test_other_settings_give_another_zip() -> None:
    assert bundle.build(SETTINGS).digest != bundle.build(b"{}").digest


@pytest.mark.slow
def test_another_checkout_at_another_time_builds_the_same_bytes(tmp_path: Path) -> None:
    """Copied in reverse order, with other times, other permissions, compiled files and leftovers beside it."""
    copy = tmp_path / "handler"
    copy.mkdir()
    for path in sorted(SOURCE.glob("*.py"), reverse=True):
        shutil.copyfile(path, copy / path.name)
        (copy / path.name).chmod(0o600)
        os.utime(copy / path.name, (0, 0))
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "log.cpython-311.pyc").write_bytes(b"compiled")
    (copy / "notes.txt").write_text("left behind")
    (copy / ".hidden.py.swp").write_text("left behind")
    shutil.copytree(
        Path(bundle.__file__).parent, tmp_path / "deployer", ignore=shutil.ignore_patterns("sandbox", "aws")
    )

    program = "import os; os.umask(0o077); from deployer import bundle; print(bundle.build(b'{\"version\":1}').digest)"
    environment = {"PYTHONPATH": str(tmp_path), "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7"}
    built = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert built.stdout.strip() == bundle.build(SETTINGS).digest

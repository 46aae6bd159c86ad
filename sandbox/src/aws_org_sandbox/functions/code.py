"""The files of execution environments: each zip, unpacked once, and the packages of Lambda's runtime.

All files are in one temporary folder of this process, which `clear` removes.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
import zipfile
from importlib.util import find_spec
from pathlib import Path

RUNTIME_PACKAGES = (
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
)
"""Packages outside the function's zip: the SDK in Lambda's Python runtimes, and their runtime client."""


class CodeFolders:
    """Folders with function code by digest, and the folder of the runtime's packages; created on first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._base: Path | None = None
        self._is_borrowed = False

    def task_root(self, code: bytes, *, digest: str) -> Path:
        """The unpacked zip; raises BadZipFile if `code` is no zip."""
        with self._lock:
            folder = self._folder() / "task" / digest
            if not folder.is_dir():
                unfinished = folder.with_suffix(".part")
                with zipfile.ZipFile(io.BytesIO(code)) as archive:
                    archive.extractall(unfinished)
                unfinished.rename(folder)
            return folder

    def runtime_root(self) -> Path:
        """A folder of links to the runtime's packages, so that no other package on this machine can be imported."""
        with self._lock:
            folder = self._folder() / "runtime"
            if not folder.is_dir():
                link_runtime(folder)
            return folder

    def clear(self) -> None:
        """Remove all folders; requires that no execution environment is running."""
        with self._lock:
            if self._base is not None and not self._is_borrowed:
                shutil.rmtree(self._base, ignore_errors=True)
            self._base, self._is_borrowed = None, False

    def lend(self) -> None:
        """Prepare for a fork: what it unpacks is there for the next one, too."""
        with self._lock:
            self._folder()

    def borrow(self) -> None:
        """Use the folders of the parent process, from which this one was forked, and leave them to it."""
        self._lock = threading.Lock()
        self._is_borrowed = True

    def _folder(self) -> Path:
        if self._base is None:
            self._base = Path(tempfile.mkdtemp(prefix="aws-org-sandbox-functions-"))
            (self._base / "task").mkdir()
        return self._base


def link_runtime(folder: Path) -> None:
    """Create a folder of links to the runtime's packages."""
    folder.mkdir()
    for package in RUNTIME_PACKAGES:
        location = _location(package)
        (folder / location.name).symlink_to(location)


def _location(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed; the sandbox needs it to run functions")
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin


folders = CodeFolders()
"""The folders of this process."""

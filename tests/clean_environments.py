"""Environments that have a wheel and what it requires, from the packages of this environment: nothing is downloaded."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Set
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def program(*command: str | Path, folder: Path) -> str:
    """Run a program that succeeds; returns what it prints."""
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def wheel_of(source: Path, folder: Path) -> Path:
    """The wheel that the project's build backend makes."""
    program(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, folder=source)
    (made,) = folder.glob("*.whl")
    return made


def environment(folder: Path) -> Path:
    """The bin folder of an empty environment."""
    venv.create(folder, symlinks=True)
    return folder / "bin"


def install(wheel: Path, programs: Path, *, folder: Path) -> None:
    """Install a wheel, and links to what its own metadata requires; nothing else of this environment is visible.

    That an index has all of it, `pip install` shows in whatever made this environment.
    """
    pip = (sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet")
    program(*pip, "--no-compile", "--no-deps", wheel, folder=folder)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(programs.parent)}))
    name = canonicalize_name(wheel.name.split("-")[0])
    (installed,) = (one for one in distributions(path=[str(packages)]) if canonicalize_name(one.name) == name)
    for entry in {entry for required in _required(installed, frozenset({""})) for entry in _entries(required)}:
        link = packages / entry.name
        if not link.exists():
            link.symlink_to(entry)


def _required(installed: Distribution, extras: Set[str]) -> Iterator[Distribution]:
    """What a distribution requires with these extras, and what that requires."""
    for requirement in map(Requirement, installed.requires or ()):
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        found = distribution(requirement.name)
        assert found.version in requirement.specifier, requirement
        yield found
        yield from _required(found, requirement.extras | {""})


def _entries(required: Distribution) -> Iterator[Path]:
    """Its files and folders in site-packages, its metadata included; not its programs."""
    assert required.files
    for top in {file.parts[0] for file in required.files} - {"..", "__pycache__"}:
        yield Path(str(required.locate_file(top)))

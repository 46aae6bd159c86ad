"""Hints about extras install this distribution, not an unrelated one of the same name."""

from __future__ import annotations

import importlib.metadata
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deployer import extras
from deployer.cli.main import run
from deployer.errors import MissingExtraError

ROOT = Path(__file__).parents[2]
NAME = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]


class Installed:
    """The metadata of an installed distribution."""

    name = NAME

    def __init__(self, origin: str | None = None) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self.origin


def from_folder(folder: Path, *, editable: str = "true") -> Installed:
    return Installed(f'{{"url": "{folder.as_uri()}", "dir_info": {{"editable": {editable}}}}}')


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(distribution: Installed) -> None:
        script = SimpleNamespace(dist=distribution, value="deployer.cli.main:main")
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [script])

    return install


def test_the_name_on_the_package_index_is_not_an_unrelated_project() -> None:
    assert NAME == "ecr-org-deployer"
    assert importlib.metadata.version(NAME)


def test_from_the_index_the_hint_names_the_distribution(installed: Any) -> None:
    installed(Installed())
    assert extras.install_command("report") == "pip install 'ecr-org-deployer[report]'"


@pytest.mark.parametrize("editable", ["true", "false"])
def test_from_a_clone_the_hint_installs_the_clone(
    editable: str, installed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "my clone"
    clone.mkdir()
    (clone / "pyproject.toml").touch()
    installed(from_folder(clone, editable=editable))
    assert extras.install_command("report") == f"pip install '{clone}[report]'"
    monkeypatch.chdir(clone)
    assert extras.install_command("report") == "pip install '.[report]'"
    assert extras.install_command("sandbox") == "pip install './sandbox'"


def test_from_a_deleted_clone_the_hint_names_the_distribution(installed: Any, tmp_path: Path) -> None:
    installed(from_folder(tmp_path / "gone"))
    assert extras.install_command("report") == "pip install 'ecr-org-deployer[report]'"


PIPX, UV = "pipx_metadata.json", "uv-receipt.toml"


@pytest.mark.parametrize(
    ("receipt", "has", "extra", "from_index", "from_clone"),
    [
        (PIPX, set(), "report", "pipx install --force '{}[report]'", "pipx install --force '.[report]'"),
        (PIPX, {"parquet"}, "report", "pipx install --force '{}[parquet,report]'", None),
        (PIPX, {"sandbox"}, "report", "pipx install --force '{}[report,sandbox]'", "pipx install --force '.[report]'"),
        (PIPX, {"report"}, "sandbox", "pipx install --force '{}[report,sandbox]'", "pipx inject my-tool './sandbox'"),
        (UV, set(), "report", "uv tool install --force '{}[report]'", "uv tool install --force '.[report]'"),
        (
            UV,
            set(),
            "sandbox",
            "uv tool install --force '{}[sandbox]'",
            "uv tool install --force --with './sandbox' '.'",
        ),
        (
            UV,
            {"report", "sandbox"},
            "parquet",
            "uv tool install --force '{}[parquet,report,sandbox]'",
            "uv tool install --force --with './sandbox' '.[parquet,report]'",
        ),
    ],
)
def test_an_isolated_installation_is_extended_by_its_own_tool_and_loses_no_extra(
    receipt: str,
    has: set[str],
    extra: str,
    from_index: str,
    from_clone: str | None,
    installed: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prefix = tmp_path / "my-tool"
    prefix.mkdir()
    (prefix / receipt).touch()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(extras, "_missing", lambda other: [] if other in has else ["absent"])
    installed(Installed())
    assert extras.install_command(extra) == from_index.format(NAME)
    monkeypatch.chdir(tmp_path)
    installed(from_folder(tmp_path))
    assert from_clone is None or extras.install_command(extra) == from_clone


def test_the_packages_of_the_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(extras.EXTRAS) == set(project["optional-dependencies"]) - {"dev"}


@pytest.mark.parametrize(
    ("arguments", "module", "extra"),
    [
        (["sandbox", "start"], "moto", "sandbox"),
        (["sandbox", "demo"], "awslambdaric", "sandbox"),
        (["audit", "report", "--html", "page.html"], "pygal", "report"),
        (["audit", "export", "--out", "records.parquet"], "pyarrow", "parquet"),
    ],
)
def test_a_missing_extra_is_named_and_has_its_own_exit_code(
    arguments: list[str],
    module: str,
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(ROOT)
    assert run(arguments) == MissingExtraError.exit_code
    err = capsys.readouterr().err
    assert module in err
    assert f"Install the extra `{extra}` with: " in err

"""Project files: workflows, templates, placeholders, versions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployer import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FOLDERS = {"ecr-org-deployer": ROOT, "aws-org-sandbox": ROOT / "sandbox"}
"""The two distributions, and the folder that each is built from."""


def _project(name: str) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((FOLDERS[name] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


PLACEHOLDER = "github.com/OWNER/ecr-org-deployer"
"""Stands for the project's address until it has one; replace it in every file that the test lists."""


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(str(command[0]))
    return subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", sorted((ROOT / ".github" / "workflows").glob("*.yml"))),
        ("vendor.dependabot", [ROOT / ".github" / "dependabot.yml"]),
        (
            "vendor.github-issue-forms",
            [ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml" for name in ("bug", "feature")],
        ),
        ("vendor.github-issue-config", [ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"]),
    ],
    ids=["workflows", "dependabot", "issue forms", "choice of issue forms"],
)
def test_github_files_follow_their_schemas(schema: str, files: list[Path]) -> None:
    assert files
    checked = _run("check-jsonschema", "--builtin-schema", schema, *files)
    assert checked.returncode == 0, checked.stdout


def test_actionlint_accepts_workflows_and_their_examples() -> None:
    """Their expressions, the inputs of their actions, and that GitHub's runners still run the actions."""
    files = [
        file for folder in (".github/workflows", "contrib/github-actions") for file in (ROOT / folder).glob("*.yml")
    ]
    assert len(files) > 3
    checked = _run("actionlint", "-shellcheck=", "-pyflakes=", "-oneline", *files)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr


def test_a_static_analysis_of_workflows_finds_nothing() -> None:
    checked = _run("zizmor", "--offline", "--no-progress", "--format", "json", ".github")
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout) == []


@pytest.mark.parametrize("name", FOLDERS)
def test_ci_runs_every_python_that_a_distribution_supports(name: str) -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    project = _project(name)
    classified = [
        version
        for classifier in project["classifiers"]
        if (version := classifier.removeprefix("Programming Language :: Python :: ")).startswith("3.")
    ]
    assert re.search(r"python: \[(.*)\]", workflow)[1].replace('"', "").split(", ") == classified  # type: ignore[index]
    assert project["requires-python"] == f">={classified[0]}"


@pytest.mark.parametrize("name", FOLDERS)
def test_a_distribution_has_the_licence_and_placeholders_for_its_urls(name: str) -> None:
    project = _project(name)
    assert project["name"] == name
    assert project["license-files"] == ["LICENSE"]
    assert (FOLDERS[name] / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert set(project["urls"]) == {"Changelog", "Documentation", "Issues", "Source"}
    assert all(PLACEHOLDER in url for url in project["urls"].values())


def test_pre_commit_hooks_are_valid() -> None:
    checked = _run("pre-commit", "validate-config")
    assert checked.returncode == 0, checked.stdout


def test_pre_commit_installs_the_hooks_of_every_stage_in_use() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    stages = {stage for hook in hooks for stage in hook.get("stages", config["default_stages"])}
    assert stages == set(config["default_install_hook_types"])
    assert [
        hook["id"] for hook in hooks if not Path(sys.executable).with_name(Path(hook["entry"].split()[0]).name).exists()
    ] == []


def test_the_placeholder_of_the_projects_url_is_in_the_expected_files() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {
        name
        for name in listed.splitlines()
        if name != "tests/test_project_files.py"
        and "OWNER/" in (ROOT / name).read_text(encoding="utf-8", errors="replace")
    }
    assert found == {
        ".github/ISSUE_TEMPLATE/config.yml",
        "SECURITY.md",
        "mkdocs.yml",
        "pyproject.toml",
        "sandbox/pyproject.toml",
    }


def test_no_file_has_conflict_markers() -> None:
    marker = "^(<<<<<<<|>>>>>>>) "
    found = subprocess.run(["git", "grep", "-lE", marker], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (1, ""), found.stderr


def test_the_changelog_begins_with_this_version_or_unreleased_changes() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings
    assert headings[0] == "Unreleased" or re.fullmatch(rf"{re.escape(__version__)} - \d{{4}}-\d\d-\d\d", headings[0])


def test_the_list_of_make_targets_has_no_colours_in_a_pipe() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(r"^  check +Format, lint", shown, re.MULTILINE)
    assert "\x1b" not in shown


def test_another_python_has_an_environment_of_its_own() -> None:
    """An existing .venv stays what it is, and its Python is not taken for the requested one."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    variables = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "PYTHON"}}
    for arguments, environment in (([], ".venv"), ([f"PYTHON={sys.executable}"], f".venv-{version}")):
        command = ["make", "--no-print-directory", "--dry-run", "--always-make", "test-fast", *arguments]
        ran = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
        planned = ran.stdout.splitlines()
        assert planned[0].endswith(f" -m venv {environment}")
        assert planned[-1].startswith(f"{environment}/bin/pytest ")

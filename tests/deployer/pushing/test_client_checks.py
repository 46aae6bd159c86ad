"""Errors before a push that cannot work: no client, no daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.pushing.client_checks import ClientMissingError, DaemonError, check_daemon, check_installed
from deployer.pushing.client_wrappers import simple_commands


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def check(folder: Path, *command: str) -> None:
    (inner,) = simple_commands(command, {"PATH": f"{folder}:/usr/bin:/bin"})
    check_daemon(inner)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_a_client_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientMissingError, match="crane is not installed"):
        check_installed("crane")


@pytest.mark.slow
def test_a_daemon_that_does_not_respond(folder: Path) -> None:
    program(folder, "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    with pytest.raises(DaemonError, match="Cannot connect to the Docker daemon"):
        check(folder, "docker", "push")


@pytest.mark.slow
def test_a_daemon_that_responds(folder: Path) -> None:
    program(folder, "docker", "echo 28.0.0")
    check(folder, "docker", "push")


@pytest.mark.slow
def test_the_daemon_that_the_command_selects_is_queried(folder: Path) -> None:
    program(folder, "docker", '[ "$*" = "--context ci version --format {{.Server.Version}}" ]')
    check(folder, "docker", "--debug", "--context", "ci", "push", "--quiet")
    check(folder, "docker", "--log-level", "debug", "--context", "ci", "image", "push")
    check(folder, "docker", "--context", "ci", "compose", "-f", "x.yaml", "push")
    check(folder, "env", "A=b", "docker", "--context", "ci", "push")
    with pytest.raises(DaemonError):
        check(folder, "docker", "push", "--context", "ci")


@pytest.mark.parametrize(
    "command",
    [
        "docker buildx build --push .",
        "docker build --push .",
        "docker buildx bake --push",
        "docker buildx imagetools create -t x y",
        "docker manifest push x",
        "docker trust sign x",
        "docker compose build --push",
        "docker compose publish x",
        "docker ps",
        "skopeo copy a b",
        "podman push x",
    ],
)
def test_a_command_that_needs_no_local_daemon_queries_none(folder: Path, command: str) -> None:
    for name in ("docker", "skopeo", "podman"):
        program(folder, name, "exit 1")
    check(folder, *command.split())

"""What is said before a push that cannot work: no client, no daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.pushing.client_checks import ClientMissingError, DaemonError, check_client


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_client_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientMissingError, match="crane is not installed"):
        check_client(["crane", "push"])


@pytest.mark.slow
def test_a_daemon_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DaemonError, match="Cannot connect to the Docker daemon"):
        check_client(["docker", "push"])


@pytest.mark.slow
def test_a_daemon_that_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo 28.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    check_client(["docker", "push"])


@pytest.mark.slow
def test_the_daemon_that_the_command_means_is_the_one_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path, "docker", '[ "$*" = "--context ci version --format {{.Server.Version}}" ]')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    check_client(["docker", "--debug", "--context", "ci", "push", "--quiet"])
    check_client(["docker", "--log-level", "debug", "--context", "ci", "push"])
    with pytest.raises(DaemonError):
        check_client(["docker", "push", "--context", "ci"])


def test_a_builder_needs_no_daemon_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "docker", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    check_client(["docker", "buildx", "build", "--push", "."])


def test_a_client_without_a_daemon_is_not_asked_for_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "skopeo", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    check_client(["skopeo", "copy"])

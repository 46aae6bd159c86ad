"""What is said before a push that cannot work: no client, no daemon, no login."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer.client_checks import ClientMissingError, DaemonError, LoginError, check_client, check_login
from deployer.images import Registry

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"
REGISTRY = Registry(account="300000000001", region="eu-west-1", host=HOST)


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_client_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientMissingError, match="crane is not installed"):
        check_client(["crane", "push"])


def test_a_daemon_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DaemonError, match="Cannot connect to the Docker daemon"):
        check_client(["docker", "push"])


def test_a_daemon_that_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo 28.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    check_client(["docker", "push"])


def test_the_daemon_that_the_command_means_is_the_one_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path, "docker", '[ "$*" = "--context ci version --format {{.Server.Version}}" ]')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    check_client(["docker", "--debug", "--context", "ci", "push", "--quiet"])
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


@pytest.mark.parametrize(
    ("client", "file", "document"),
    [
        pytest.param("docker", ".docker/config.json", {"auths": {HOST: {}}}, id="docker's login"),
        pytest.param("docker", ".docker/config.json", {"auths": {f"https://{HOST}/v1/": {}}}, id="written as a URL"),
        pytest.param("docker", ".docker/config.json", {"credHelpers": {HOST: "ecr-login"}}, id="a helper for the host"),
        pytest.param("docker", ".docker/config.json", {"credsStore": "osxkeychain"}, id="a store for all hosts"),
        pytest.param("podman", "run/containers/auth.json", {"auths": {HOST: {}}}, id="podman's login"),
        pytest.param("skopeo", ".docker/config.json", {"auths": {HOST: {}}}, id="docker's login for skopeo"),
    ],
)
def test_a_login_that_the_client_finds(tmp_path: Path, client: str, file: str, document: object) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document))
    environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    check_login([client, "push"], [REGISTRY], environment)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param("{", id="a broken file"),
        pytest.param('{"auths": {"other.example": {}}}', id="a login elsewhere"),
    ],
)
def test_no_login_is_said_with_the_command_that_gives_one(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(LoginError, match=f"docker has no login for {HOST}") as caught:
        check_login(["docker", "push"], [REGISTRY], {"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path)})
    assert caught.value.next_step == (
        f"aws ecr get-login-password --region eu-west-1 | docker login --username AWS --password-stdin {HOST}"
    )


@pytest.mark.parametrize(
    "option",
    [
        pytest.param(["--dest-creds", "AWS:x"], id="credentials in the command"),
        pytest.param(["--creds=AWS:x"], id="too"),
    ],
)
def test_credentials_in_the_command_need_no_login(tmp_path: Path, option: list[str]) -> None:
    check_login(["skopeo", "copy", *option], [REGISTRY], {"HOME": str(tmp_path)})


def test_a_client_that_is_not_known_keeps_its_own_logins(tmp_path: Path) -> None:
    check_login(["/kaniko/executor"], [REGISTRY], {"HOME": str(tmp_path)})


def test_the_folder_that_docker_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {HOST: {}}}))
    check_login(["docker", "--config", str(tmp_path), "push"], [REGISTRY], {"HOME": "/nonexistent"})


def test_a_login_file_named_in_the_command(tmp_path: Path) -> None:
    path = tmp_path / "ci.json"
    path.write_text(json.dumps({"auths": {HOST: {}}}))
    for option in (["--authfile", str(path)], [f"--authfile={path}"]):
        check_login(["podman", "push", *option], [REGISTRY], {"HOME": str(tmp_path)})

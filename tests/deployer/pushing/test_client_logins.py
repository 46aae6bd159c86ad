"""What counts as a login for a registry, and the error without one."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from deployer.pushing.client_logins import LoginError, check_login
from deployer.pushing.images import Registry

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"
REGISTRY = Registry(account="300000000001", region="eu-west-1", host=HOST)


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
    "script",
    [
        pytest.param('exec /usr/bin/podman "$@"', id="the script of podman-docker"),
        pytest.param(None, id="a link to podman"),
    ],
)
def test_podman_installed_as_docker_uses_podmans_logins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None
) -> None:
    (tmp_path / "podman").write_text("#!/bin/sh\n")
    docker = tmp_path / "docker"
    if script is None:
        docker.symlink_to(tmp_path / "podman")
    else:
        docker.write_text(f"#!/bin/sh\n{script}\n")
    for path in (tmp_path / "podman", docker):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {HOST: {}}}))
    check_login(["docker", "push"], [REGISTRY], {"HOME": "/nonexistent", "REGISTRY_AUTH_FILE": f"{tmp_path}/auth.json"})


@pytest.mark.parametrize(
    ("client", "is_enough"),
    [pytest.param("podman", True, id="podman uses it"), pytest.param("docker", False, id="docker does not")],
)
def test_a_helper_for_all_registries(tmp_path: Path, client: str, is_enough: bool) -> None:
    folder = tmp_path / ".config" / "containers"
    folder.mkdir(parents=True)
    (folder / "registries.conf").write_text('credential-helpers = ["containers-auth.json", "ecr-login"]\n')
    with nullcontext() if is_enough else pytest.raises(LoginError):
        check_login([client, "push"], [REGISTRY], {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})


def test_a_login_in_the_environment() -> None:
    environment = {"HOME": "/nonexistent", "DOCKER_AUTH_CONFIG": json.dumps({"auths": {HOST: {}}})}
    check_login(["docker", "push"], [REGISTRY], environment)
    with pytest.raises(LoginError, match="skopeo has no login"):
        check_login(["skopeo", "copy"], [REGISTRY], environment)


def test_compose_as_a_separate_program_uses_dockers_logins(tmp_path: Path) -> None:
    with pytest.raises(LoginError) as caught:
        check_login(["docker-compose", "push"], [REGISTRY], {"HOME": str(tmp_path)})
    assert "| docker login --username AWS" in (caught.value.next_step or "")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param("{", id="an invalid file"),
        pytest.param('{"auths": {"other.example": {}}}', id="a login for another registry"),
    ],
)
def test_a_missing_login_is_reported_with_the_command_that_creates_one(tmp_path: Path, content: str | None) -> None:
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
        pytest.param(["--creds=AWS:x"], id="credentials in an option with an equals sign"),
        pytest.param(["--to-username", "AWS"], id="oras's for the destination"),
    ],
)
def test_credentials_in_the_command_need_no_login(tmp_path: Path, option: list[str]) -> None:
    check_login(["skopeo", "copy", *option], [REGISTRY], {"HOME": str(tmp_path)})


def test_logins_of_an_unknown_client_are_not_checked(tmp_path: Path) -> None:
    check_login(["/kaniko/executor"], [REGISTRY], {"HOME": str(tmp_path)})


def test_the_config_folder_that_is_named_in_the_command(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {HOST: {}}}))
    check_login(["docker", "--config", str(tmp_path), "push"], [REGISTRY], {"HOME": "/nonexistent"})


def test_a_login_file_named_in_the_command(tmp_path: Path) -> None:
    path = tmp_path / "ci.json"
    path.write_text(json.dumps({"auths": {HOST: {}}}))
    for option in (["--authfile", str(path)], [f"--authfile={path}"]):
        check_login(["podman", "push", *option], [REGISTRY], {"HOME": str(tmp_path)})


@pytest.mark.parametrize("client", ["docker", "podman"])
def test_a_pipe_instead_of_a_login_file_is_no_login_and_does_not_hang(tmp_path: Path, client: str) -> None:
    for file in (".docker/config.json", "run/containers/auth.json", ".config/containers/registries.conf"):
        (tmp_path / file).parent.mkdir(parents=True)
        os.mkfifo(tmp_path / file)
    environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    with pytest.raises(LoginError):
        check_login([client, "push"], [REGISTRY], environment)

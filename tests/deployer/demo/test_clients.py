"""The demo's clients, the real one and the built-in one: the same refusals, the same digests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.demo import clients
from deployer.demo.clients import BuiltIn, ImageLocation, Pusher, Skopeo, find_pusher

SHOP = "300000000001"
IMAGE = oci_images.build()


@pytest.fixture
def ecr(sandbox: Sandbox) -> Any:
    return sandbox.client("ecr", account=SHOP)


@pytest.fixture
def location(sandbox: Sandbox, ecr: Any) -> ImageLocation:
    registry = host_of(SHOP, "eu-west-1")
    login = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=registry)
    return ImageLocation(registry=registry, repository="team-a/api", tag="1", login=login)


@pytest.fixture(params=[BuiltIn, pytest.param(Skopeo, marks=pytest.mark.client)])
def pusher(request: pytest.FixtureRequest) -> Pusher:
    if request.param is Skopeo and shutil.which("skopeo") is None:
        assert os.environ.get("CI") != "true", "skopeo must be installed in CI"
        pytest.skip("skopeo is not installed")
    pusher: Pusher = request.param()
    return pusher


def test_a_missing_repository_is_refused(pusher: Pusher, location: ImageLocation) -> None:
    with pytest.raises(Rejected) as caught:
        pusher.push(IMAGE, location)
    assert caught.value.code == "NAME_UNKNOWN"
    assert caught.value.message == (
        f"The repository with name 'team-a/api' does not exist in the registry with id '{SHOP}'"
    )


def test_push_and_pull(pusher: Pusher, location: ImageLocation, ecr: Any) -> None:
    ecr.create_repository(repositoryName="team-a/api", imageTagMutability="IMMUTABLE")
    pusher.push(IMAGE, location)
    assert pusher.pull(location, IMAGE.digest) == IMAGE.digest
    with pytest.raises(Rejected, match="immutable") as caught:
        pusher.push(oci_images.build(content="other"), location)
    assert caught.value.code == "TAG_INVALID"


@pytest.mark.parametrize(
    ("stderr", "code", "message"),
    [
        pytest.param("", "", "skopeo printed nothing", id="no output"),
        pytest.param("panic: x", "", "panic: x", id="a line in another format"),
        pytest.param('level=fatal msg="denied: User: x"', "DENIED", "User: x", id="denied"),
        pytest.param('first\nlevel=fatal msg="it\'s: tag invalid: no"', "TAG_INVALID", "no", id="the last line"),
    ],
)
def test_output_of_skopeo(stderr: str, code: str, message: str) -> None:
    rejected = clients._rejection(stderr)
    assert (rejected.code, rejected.message) == (code, message)


def test_without_skopeo_the_built_in_client_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert isinstance(find_pusher(), BuiltIn)


def test_a_skopeo_that_hangs_counts_as_a_refusal(
    location: ImageLocation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "skopeo"
    program.write_text("#!/bin/sh\nexec sleep 30\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(clients, "_TIMEOUT", 0.2)
    with pytest.raises(Rejected, match="skopeo did not end within"):
        Skopeo().push(IMAGE, location)

"""Unmodified container clients against the sandbox, with the real host names of registries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client, client_environment
from aws_org_sandbox.oci.layouts import write_layout
from aws_org_sandbox.registry import front
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox

SHOP = "300000000001"
NAME = "team-a/api"
HOSTS = [
    pytest.param(host_of(SHOP, "us-east-1"), id="classic"),
    pytest.param(f"{SHOP}.dkr.ecr-fips.us-east-1.amazonaws.com", id="FIPS"),
    pytest.param(f"{SHOP}.dkr-ecr.us-east-1.on.aws", id="dual-stack"),
]
IMAGE = oci_images.build(layers=4)

pytestmark = pytest.mark.client


def run(client: str, arguments: Sequence[str], *, sandbox: Sandbox) -> subprocess.CompletedProcess[str]:
    """Run a client with the sandbox as its proxy; without the client the test is skipped, but never in CI."""
    if shutil.which(client) is None:
        assert os.environ.get("CI") != "true", f"{client} must be installed in CI"
        pytest.skip(f"{client} is not installed")
    environment = client_environment(sandbox.endpoint_url)
    return subprocess.run(
        [client, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return write_layout(IMAGE, tmp_path / "image", tag="1")


@pytest.fixture
def storage() -> Iterator[list[str]]:
    """Options that keep a client's images apart from the machine's; podman refuses long paths."""
    with tempfile.TemporaryDirectory(prefix="oci-") as folder:
        yield ["--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]


@pytest.fixture
def ecr(sandbox: Sandbox) -> Any:
    return sandbox.client("ecr", account=SHOP, region="us-east-1")


@pytest.fixture
def login(sandbox: Sandbox, ecr: Any) -> str:
    client = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(SHOP, "us-east-1"))
    return f"{client.user}:{client.password}"


class TestSkopeo:
    def push(self, sandbox: Sandbox, layout: Path, login: str, host: str) -> subprocess.CompletedProcess[str]:
        options = ["copy", "--dest-tls-verify=false", f"--dest-creds={login}"]
        return run("skopeo", [*options, f"oci:{layout}:1", f"docker://{host}/{NAME}:1"], sandbox=sandbox)

    @pytest.mark.parametrize("host", HOSTS)
    def test_push_and_pull(self, sandbox: Sandbox, ecr: Any, layout: Path, login: str, host: str) -> None:
        refused = self.push(sandbox, layout, login, host)
        assert refused.returncode != 0
        assert "name unknown: The repository with name 'team-a/api' does not exist in the registry" in refused.stderr
        ecr.create_repository(repositoryName=NAME, imageTagMutability="IMMUTABLE")
        pushed = self.push(sandbox, layout, login, host)
        assert pushed.returncode == 0, pushed.stderr
        [detail] = ecr.describe_images(repositoryName=NAME)["imageDetails"]
        assert (detail["imageDigest"], detail["imageTags"]) == (IMAGE.digest, ["1"])
        pulled = layout.parent / "pulled"
        options = ["copy", "--src-tls-verify=false", f"--src-creds={login}"]
        source = f"docker://{host}/{NAME}@{IMAGE.digest}"
        copied = run("skopeo", [*options, source, f"oci:{pulled}:1"], sandbox=sandbox)
        assert copied.returncode == 0, copied.stderr
        [entry] = json.loads((pulled / "index.json").read_text())["manifests"]
        assert entry["digest"] == IMAGE.digest

    def test_an_immutable_tag_is_refused(self, sandbox: Sandbox, ecr: Any, tmp_path: Path, login: str) -> None:
        ecr.create_repository(repositoryName=NAME, imageTagMutability="IMMUTABLE")
        outcomes = [
            self.push(sandbox, write_layout(image, tmp_path / name, tag="1"), login, host_of(SHOP, "us-east-1"))
            for name, image in (("first", IMAGE), ("second", oci_images.build(content="second")))
        ]
        assert outcomes[0].returncode == 0
        assert "cannot be overwritten because the tag is immutable" in outcomes[1].stderr

    def test_a_wrong_password_is_refused(self, sandbox: Sandbox, layout: Path) -> None:
        refused = self.push(sandbox, layout, "AWS:wrong", host_of(SHOP, "us-east-1"))
        assert refused.returncode != 0
        assert "authentication required" in refused.stderr or "unauthorized" in refused.stderr

    def test_a_dropped_connection_is_reported(self, sandbox: Sandbox, layout: Path, login: str) -> None:
        front.answer_missing_repositories_by("drop")
        refused = self.push(sandbox, layout, login, host_of(SHOP, "us-east-1"))
        assert refused.returncode != 0
        assert "EOF" in refused.stderr

    def test_tags_are_listed(self, sandbox: Sandbox, ecr: Any, layout: Path, login: str) -> None:
        ecr.create_repository(repositoryName=NAME)
        host = host_of(SHOP, "us-east-1")
        self.push(sandbox, layout, login, host)
        options = ["list-tags", "--tls-verify=false", f"--creds={login}"]
        listed = run("skopeo", [*options, f"docker://{host}/{NAME}"], sandbox=sandbox)
        assert json.loads(listed.stdout)["Tags"] == ["1"]

    def test_an_index_is_copied_completely(self, sandbox: Sandbox, ecr: Any, tmp_path: Path, login: str) -> None:
        ecr.create_repository(repositoryName=NAME)
        images = [IMAGE, oci_images.build(content="another platform")]
        layout = write_layout(oci_images.index(images), tmp_path / "index", tag="1", images=images)
        host = host_of(SHOP, "us-east-1")
        options = ["copy", "--all", "--dest-tls-verify=false", f"--dest-creds={login}"]
        copied = run("skopeo", [*options, f"oci:{layout}:1", f"docker://{host}/{NAME}:all"], sandbox=sandbox)
        assert copied.returncode == 0, copied.stderr
        digests = {detail["imageDigest"] for detail in ecr.describe_images(repositoryName=NAME)["imageDetails"]}
        assert digests == {oci_images.index(images).digest, *(image.digest for image in images)}


@pytest.mark.parametrize("client", ["buildah", "podman"])
def test_other_clients_are_refused_until_the_repository_exists(
    sandbox: Sandbox, ecr: Any, storage: list[str], layout: Path, login: str, client: str
) -> None:
    pulled = run(client, [*storage, "pull", f"oci:{layout}:1"], sandbox=sandbox)
    if pulled.returncode != 0:
        pytest.skip(f"{client} cannot store images here: {pulled.stderr.strip()}")
    image = pulled.stdout.split()[-1]
    push = [*storage, "push", "--tls-verify=false", "--creds", login, image]
    host = host_of(SHOP, "us-east-1")
    refused = run(client, [*push, f"docker://{host}/{NAME}:1"], sandbox=sandbox)
    assert "name unknown: The repository with name 'team-a/api' does not exist" in refused.stderr
    ecr.create_repository(repositoryName=NAME)
    pushed = run(client, [*push, f"docker://{host}/{NAME}:1"], sandbox=sandbox)
    assert pushed.returncode == 0, pushed.stderr
    [detail] = ecr.describe_images(repositoryName=NAME)["imageDetails"]
    assert detail["imageTags"] == ["1"]

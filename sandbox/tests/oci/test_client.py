"""The built-in client: valid images, complete pushes, verified pulls."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from typing import Any

import pytest

from aws_org_sandbox.ecr.layers import layers_of
from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client, Rejected, client_environment
from aws_org_sandbox.registry.hosts import host_of, parse_host
from aws_org_sandbox.registry.store import repository_of
from aws_org_sandbox.sandbox import Sandbox

SHOP = "300000000001"
HOST = host_of(SHOP, "eu-west-1")


@pytest.fixture
def ecr(sandbox: Sandbox) -> Any:
    return sandbox.client("ecr", account=SHOP)


@pytest.fixture
def client(sandbox: Sandbox, ecr: Any) -> Client:
    return Client.login(ecr, endpoint=sandbox.endpoint_url, registry=HOST)


@pytest.mark.parametrize("layers", [0, 1, 5])
def test_an_image_is_built_complete_and_reproducibly(layers: int) -> None:
    image = oci_images.build(layers=layers)
    manifest = json.loads(image.manifest)
    config = json.loads(image.blobs[manifest["config"]["digest"]])
    assert len(manifest["layers"]) == len(config["rootfs"]["diff_ids"]) == layers
    for layer, unpacked in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        archive = gzip.decompress(image.blobs[layer["digest"]])
        assert oci_images.digest_of(archive) == unpacked
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            assert opened.getnames()
    assert oci_images.build(layers=layers) == image
    assert oci_images.build(layers=layers + 1).digest != image.digest


def test_different_content_gives_a_different_image() -> None:
    assert oci_images.build(content="other").digest != oci_images.build().digest


def test_a_missing_repository_is_reported_with_its_error_code(client: Client) -> None:
    with pytest.raises(Rejected) as caught:
        client.push(oci_images.build(), "missing/x", "1")
    assert (caught.value.status, caught.value.code) == (404, "NAME_UNKNOWN")
    assert "does not exist in the registry with id" in caught.value.message


def test_a_pull_verifies_the_digest(ecr: Any, client: Client) -> None:
    ecr.create_repository(repositoryName="team-a/api")
    image = oci_images.build()
    client.push(image, "team-a/api", "1")
    host = parse_host(HOST)
    assert host
    repository = repository_of(host, "team-a/api")
    assert repository
    layers_of(repository).blobs[next(iter(image.blobs))] = b"other bytes"
    with pytest.raises(Rejected, match="different bytes for sha256"):
        client.pull("team-a/api", "1")


def test_a_response_that_is_not_json_is_reported_unchanged(client: Client) -> None:
    stranger = Client(client.endpoint, client.registry, "nobody's")
    with pytest.raises(Rejected, match="HTTP 401") as caught:
        stranger.pull("team-a/api", "1")
    assert caught.value.message == "Not Authorized"


def test_real_clients_use_only_the_sandbox_as_their_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    environment = client_environment("http://127.0.0.1:5000")
    assert environment["HTTP_PROXY"] == environment["http_proxy"] == "http://127.0.0.1:5000"
    assert "https_proxy" not in environment
    assert environment["PATH"] == os.environ["PATH"]

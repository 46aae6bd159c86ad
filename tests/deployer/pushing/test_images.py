"""What counts as an image in a private ECR registry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.pushing.images import ImageReference, ImageReferenceError, parse_image, parse_registry

CLASSIC = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("host", "region", "is_fips", "is_dual_stack"),
    [
        pytest.param(CLASSIC, "eu-west-1", False, False, id="the classic host"),
        pytest.param("300000000001.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", True, False, id="FIPS"),
        pytest.param("300000000001.dkr-ecr.eu-west-1.on.aws", "eu-west-1", False, True, id="dual-stack"),
        pytest.param("300000000001.dkr-ecr-fips.us-west-2.on.aws", "us-west-2", True, True, id="dual-stack FIPS"),
        pytest.param("300000000001.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", False, False, id="China"),
        pytest.param(
            "300000000001.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
            "cn-north-1",
            False,
            True,
            id="China dual-stack",
        ),
        pytest.param("300000000001.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", False, False, id="GovCloud"),
        pytest.param(
            "300000000001.dkr.ecr.eusc-de-east-1.amazonaws.eu",
            "eusc-de-east-1",
            False,
            False,
            id="European Sovereign Cloud",
        ),
        pytest.param(
            "300000000001.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu",
            "eusc-de-east-1",
            False,
            True,
            id="European Sovereign Cloud dual-stack",
        ),
        pytest.param("300000000001.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", False, False, id="ISO"),
        pytest.param("300000000001.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", False, False, id="ISO-B"),
        pytest.param(f"{CLASSIC}:443", "eu-west-1", False, False, id="with a port"),
        pytest.param(CLASSIC.upper(), "eu-west-1", False, False, id="host names are case-insensitive"),
    ],
)
def test_registry_hosts(host: str, region: str, is_fips: bool, is_dual_stack: bool) -> None:
    registry = parse_registry(host)
    assert registry is not None
    assert (registry.account, registry.region) == ("300000000001", region)
    assert (registry.is_fips, registry.is_dual_stack) == (is_fips, is_dual_stack)


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        pytest.param(f"{CLASSIC}/team-a/api:1", "team-a/api", "1", None, id="a tag"),
        pytest.param(f"{CLASSIC}/api", "api", None, None, id="neither tag nor digest"),
        pytest.param(f"{CLASSIC}/api@{DIGEST}", "api", None, DIGEST, id="a digest"),
        pytest.param(f"{CLASSIC}/api:v1@{DIGEST}", "api", "v1", DIGEST, id="a tag and a digest"),
    ],
)
def test_images(text: str, repository: str, tag: str | None, digest: str | None) -> None:
    image = parse_image(text)
    assert image is not None
    assert (image.repository, image.tag, image.digest) == (repository, tag, digest)
    assert str(image) == text


@pytest.mark.parametrize("transport", ["docker://", "oci://", "oras://", "https://"])
def test_transports(transport: str) -> None:
    assert parse_image(f"{transport}{CLASSIC}/api:1") == parse_image(f"{CLASSIC}/api:1")


def test_the_version_of_a_chart_becomes_the_tag_that_helm_uses() -> None:
    image = parse_image(f"oci://{CLASSIC}/charts/web:1.2.0+build.5")
    assert image
    assert (image.repository, image.tag) == ("charts/web", "1.2.0_build.5")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("docker.io/library/alpine:3", id="another registry"),
        pytest.param("alpine", id="no registry"),
        pytest.param("public.ecr.aws/docker/library/alpine", id="ECR Public"),
        pytest.param("localhost:5000/api", id="a local registry"),
        pytest.param("my_registry:5000/api:1+2", id="a host with an underscore"),
        pytest.param("[::1]:5000/api@sha256:" + "a" * 64, id="an IPv6 address"),
        pytest.param("000000000000.dkr.ecr.us-east-1.localhost.localstack.cloud:4566/api", id="LocalStack"),
        pytest.param("vpce-0a1b2c3d.dkr.ecr.eu-west-1.vpce.amazonaws.com/api", id="a VPC endpoint"),
        pytest.param("300000000001.dkr.ecr.eu-west-1.vpce.amazonaws.com/api", id="an account's VPC endpoint"),
        pytest.param(
            "300000000001.dkr.ecr.us-iso-east-1.amazonaws.com/api", id="an invalid host of an isolated partition"
        ),
        pytest.param("300000000001.dkr.ecr.eu-west-1.amazonaws.org/api", id="a host of somebody else"),
        pytest.param(
            "300000000001.dkr.ecr.eu-west-1.amazonaws.com.example.org/api", id="a host that begins like one of ECR"
        ),
        pytest.param("300000000001.registry.example/api", id="another host that begins with twelve digits"),
    ],
)
def test_other_registries_are_not_ecr(text: str) -> None:
    assert parse_image(text) is None


@pytest.mark.parametrize(
    ("host", "arn"),
    [
        pytest.param(CLASSIC, "arn:aws:ecr:eu-west-1:300000000001:repository/api", id="commercial"),
        pytest.param(
            "300000000001.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "arn:aws-cn:ecr:cn-north-1:300000000001:repository/api",
            id="China",
        ),
        pytest.param(
            "300000000001.dkr.ecr-fips.us-gov-east-1.amazonaws.com",
            "arn:aws-us-gov:ecr:us-gov-east-1:300000000001:repository/api",
            id="GovCloud",
        ),
    ],
)
def test_the_arn_of_a_repository(host: str, arn: str) -> None:
    image = parse_image(f"{host}/api:1")
    assert image is not None
    assert image.repository_arn == arn


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("30000000001.dkr.ecr.eu-west-1.amazonaws.com/api:1", "not the host name", id="11 digits"),
        pytest.param(
            "300000000001.dkr.ecr.cn-north-1.amazonaws.com/api", "not the host name", id="another partition's domain"
        ),
        pytest.param(
            "300000000001.dkr-ecr.eu-west-1.amazonaws.com/api", "not the host name", id="incomplete dual-stack"
        ),
        pytest.param("300000000001.ecr.eu-west-1.amazonaws.com/api", "not the host name", id="without dkr"),
        pytest.param("/app:1", "not a reference", id="an empty registry"),
        pytest.param("$REGISTRY/app:1", "not a reference", id="an unexpanded shell variable"),
        pytest.param("", "not a reference", id="an empty string"),
        pytest.param("docker:///app:1", "not a reference", id="a transport and an empty registry"),
        pytest.param("docker.io/App", "not a reference", id="uppercase letters in any registry"),
        pytest.param("app:", "not a reference", id="an empty tag in any registry"),
        pytest.param(CLASSIC, "no repository", id="only a registry"),
        pytest.param(f"{CLASSIC}/API:1", "accepts no repository", id="uppercase letters"),
        pytest.param(f"{CLASSIC}/a", "accepts no repository", id="one character"),
        pytest.param(f"{CLASSIC}/{'a' * 257}", "accepts no repository", id="257 characters"),
        pytest.param(f"{CLASSIC}/team--/api", "accepts no repository", id="a part that ends in a hyphen"),
        pytest.param(f"{CLASSIC}/api:", "the tag is empty", id="an empty tag"),
        pytest.param(f"{CLASSIC}/api@", "the digest is empty", id="an empty digest"),
        pytest.param(f"{CLASSIC}/api:-x", "is no tag", id="a tag that begins with a hyphen"),
        pytest.param(f"{CLASSIC}/api@sha256:12", "is no digest", id="a short digest"),
    ],
)
def test_an_invalid_image_reference_is_an_error(text: str, complaint: str) -> None:
    with pytest.raises(ImageReferenceError, match=complaint) as raised:
        parse_image(text)
    assert raised.value.exit_code == 15


@given(
    st.from_regex(r"[a-z0-9]{2,9}(/[a-z0-9]{1,9}){0,3}", fullmatch=True),
    st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True),
)
def test_every_printed_reference_is_read_back_equal(repository: str, tag: str | None) -> None:
    registry = parse_registry(CLASSIC)
    assert registry is not None
    image = ImageReference(registry=registry, repository=repository, tag=tag)
    assert parse_image(str(image)) == image

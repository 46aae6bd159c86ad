"""Host names of registries, in every form that ECR uses."""

from __future__ import annotations

import pytest

from aws_org_sandbox.registry.hosts import host_of, parse_host


@pytest.mark.parametrize(
    ("host", "region"),
    [
        pytest.param("111111111111.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1", id="classic"),
        pytest.param("111111111111.dkr.ecr.eu-west-1.amazonaws.com:8080", "eu-west-1", id="with a port"),
        pytest.param("111111111111.DKR.ecr.eu-west-1.amazonaws.com", "eu-west-1", id="in capitals"),
        pytest.param("111111111111.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", id="FIPS"),
        pytest.param("111111111111.dkr-ecr.us-east-1.on.aws", "us-east-1", id="dual-stack"),
        pytest.param("111111111111.dkr-ecr-fips.us-east-1.on.aws", "us-east-1", id="dual-stack FIPS"),
        pytest.param("111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", id="China"),
        pytest.param(
            "111111111111.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", id="dual-stack in China"
        ),
        pytest.param("111111111111.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", id="GovCloud"),
    ],
)
def test_a_registry_is_derived_from_its_host(host: str, region: str) -> None:
    registry = parse_host(host)
    assert registry
    assert (registry.account, registry.region) == ("111111111111", region)
    assert ":" not in registry.name


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("api.ecr.eu-west-1.amazonaws.com", id="the API"),
        pytest.param("11111111111.dkr.ecr.eu-west-1.amazonaws.com", id="eleven digits"),
        pytest.param("111111111111.dkr.ecr.eu-west-1.amazonaws.com.evil.example", id="a suffix"),
        pytest.param("x111111111111.dkr.ecr.eu-west-1.amazonaws.com", id="a prefix"),
        pytest.param("public.ecr.aws", id="the public registry"),
        pytest.param("127.0.0.1:5000", id="loopback"),
        pytest.param("", id="an empty host"),
    ],
)
def test_other_hosts_are_not_registries(host: str) -> None:
    assert parse_host(host) is None


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1"])
def test_a_generated_host_is_parsed_back(region: str) -> None:
    registry = parse_host(host_of("111111111111", region))
    assert registry
    assert registry.region == region

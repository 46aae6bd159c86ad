"""The endpoint of ECR's API for each host name of a registry."""

from __future__ import annotations

import pytest

from deployer.aws.session import Session
from deployer.pushing.images import parse_registry


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        pytest.param("dkr.ecr.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com", id="classic"),
        pytest.param("dkr.ecr-fips.us-east-1.amazonaws.com", "ecr-fips.us-east-1.amazonaws.com", id="FIPS"),
        pytest.param("dkr-ecr.eu-west-1.on.aws", "ecr.eu-west-1.api.aws", id="dual-stack"),
        pytest.param("dkr-ecr-fips.us-west-2.on.aws", "ecr-fips.us-west-2.api.aws", id="dual-stack FIPS"),
        pytest.param("dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn", id="China"),
        pytest.param("dkr.ecr.us-gov-west-1.amazonaws.com", "api.ecr.us-gov-west-1.amazonaws.com", id="GovCloud"),
        pytest.param(
            "dkr.ecr-fips.us-gov-west-1.amazonaws.com", "ecr-fips.us-gov-west-1.amazonaws.com", id="GovCloud FIPS"
        ),
        pytest.param(
            "dkr.ecr.eusc-de-east-1.amazonaws.eu",
            "api.ecr.eusc-de-east-1.amazonaws.eu",
            id="the European Sovereign Cloud",
        ),
    ],
)
def test_endpoints(monkeypatch: pytest.MonkeyPatch, host: str, endpoint: str) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR"):
        monkeypatch.delenv(name, raising=False)
    registry = parse_registry(f"300000000001.{host}")
    assert registry is not None
    client = Session().ecr_client(
        region=registry.region, is_fips=registry.is_fips, is_dual_stack=registry.is_dual_stack
    )
    assert client.meta.endpoint_url == f"https://{endpoint}"


def test_a_configured_endpoint_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    client = Session().ecr_client(region="us-east-1", is_fips=True, is_dual_stack=True)
    assert client.meta.endpoint_url == "http://127.0.0.1:9"

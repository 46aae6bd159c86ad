from __future__ import annotations

import pytest

from handler.clients import SERVICES, Clients, Credentials

ONE = Credentials("ASIA1", "secret", "token")
OTHER = Credentials("ASIA2", "secret", "token")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Clients(region="eu-west-1")


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_found_without_looking_for_it(clients: Clients, service: str) -> None:
    assert clients.own(service).meta.service_model.service_name == service


def test_a_client_is_made_once_for_a_region_and_credentials(clients: Clients) -> None:
    client = clients.of("ecr", region="us-east-1", credentials=ONE)
    assert clients.of("ecr", region="us-east-1", credentials=ONE) is client
    assert clients.of("ecr", region="us-east-1", credentials=OTHER) is not client
    assert clients.of("ecr", region="eu-west-1", credentials=ONE) is not client
    assert client.meta.region_name == "us-east-1"


def test_sts_is_asked_in_the_functions_own_region(clients: Clients) -> None:
    assert clients.own("sts").meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-new-9", "aws")],
)
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert Clients(region=region).partition == partition


def test_a_call_without_an_answer_ends_well_before_the_function_does(clients: Clients) -> None:
    config = clients.own("ecr").meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) <= 20

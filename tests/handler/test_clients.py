from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest

from handler.clients import MAX_CLIENTS, SERVICES, Clients, Credentials
from templates.lambdas import MEMORY_MB

ONE = Credentials("ASIA1", "secret", "token")
OTHER = Credentials("ASIA2", "secret", "token")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Clients(region="eu-west-1")


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_found_without_searching_for_its_model(clients: Clients, service: str) -> None:
    assert clients.own(service).meta.service_model.service_name == service


def test_a_client_is_created_once_for_a_region_and_credentials(clients: Clients) -> None:
    client = clients.of("ecr", region="us-east-1", credentials=ONE)
    assert clients.of("ecr", region="us-east-1", credentials=ONE) is client
    assert clients.of("ecr", region="us-east-1", credentials=OTHER) is not client
    assert clients.of("ecr", region="eu-west-1", credentials=ONE) is not client
    assert client.meta.region_name == "us-east-1"


def test_clients_use_less_than_half_of_the_functions_memory() -> None:
    one_mb, process_mb = 1, 64
    assert process_mb + MAX_CLIENTS * one_mb <= MEMORY_MB / 2


def test_sts_is_called_in_the_functions_own_region(clients: Clients) -> None:
    assert clients.own("sts").meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-new-9", "aws")],
)
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert Clients(region=region).partition == partition


def test_a_call_without_a_response_times_out_well_before_the_function(clients: Clients) -> None:
    config = clients.own("ecr").meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) <= 20


A_CALL: dict[str, tuple[str, dict[str, Any]]] = {
    "events": ("put_events", {"Entries": [{"Source": "deployer"}]}),
    "cloudformation": ("list_stack_instances", {"StackSetName": "x"}),
    "dynamodb": ("list_tables", {}),
    "ecr": ("describe_repositories", {}),
    "iam": ("get_role", {"RoleName": "x"}),
    "lambda": ("invoke", {"FunctionName": "x"}),
    "organizations": ("list_roots", {}),
    "sqs": ("send_message", {"QueueUrl": "https://sqs.example/1/queue", "MessageBody": "x"}),
    "sts": ("get_caller_identity", {}),
}


def sent_by(client: Any) -> tuple[str, str]:
    """The URL to which a client would send a call, and the region and service for which it would sign it."""
    requests: list[AWSPreparedRequest] = []

    def catch(request: AWSPreparedRequest, **_: Any) -> None:
        requests.append(request)
        raise InterruptedError

    client.meta.events.register("before-send", catch)
    operation, parameters = A_CALL[client.meta.service_model.service_name]
    with pytest.raises(InterruptedError):
        getattr(client, operation)(**parameters)
    return requests[0].url, str(requests[0].headers["Authorization"]).partition(", ")[0]


def test_calls_go_to_the_same_endpoints_as_with_botocores_complete_list(clients: Clients) -> None:
    stock = botocore.session.Session()
    regions = [
        region
        for partition in stock.get_available_partitions()
        for region in stock.get_available_regions("dynamodb", partition_name=partition)[::8]
    ]
    assert len(regions) > 10
    for region in [*regions, "eu-new-9"]:
        for service in SERVICES:
            ours, theirs = clients.of(service, region=region, credentials=None), stock.create_client(service, region)
            assert sent_by(ours) == sent_by(theirs), region

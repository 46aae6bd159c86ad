"""Cached values equal those that moto computes."""

from __future__ import annotations

import pytest
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import sqs_backends

from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original


@pytest.mark.parametrize(
    "host", [None, "moto_api", "sqs", "sqs.eu-west-1.amazonaws.com", "iam.amazonaws.com", "bucket.s3.amazonaws.com"]
)
def test_the_backend_of_a_host_is_the_one_that_moto_finds(host: str | None, sandbox: Sandbox) -> None:
    dispatcher = DomainDispatcherApplication(create_backend_app)
    found = original(DomainDispatcherApplication, "get_backend_for_host")(dispatcher, host)
    assert [dispatcher.get_backend_for_host(host) for _ in range(2)] == [found, found]


@pytest.mark.parametrize("service", ["sqs", "lambda", "ecr"])
def test_the_regions_of_a_service_are_those_that_moto_knows(service: str, sandbox: Sandbox) -> None:
    backend = sqs_backends["300000000001"]
    known = original(AccountSpecificBackend, "_generate_regions")(backend, service)
    assert backend._generate_regions(service) == known
    assert known

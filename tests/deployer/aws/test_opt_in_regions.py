"""Whether the management account has opted into the covered regions, as far as the caller may read it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from deployer.aws.opt_in_regions import opt_in_regions
from deployer.aws.session import Session

MANAGEMENT, CENTRAL = "100000000000", "200000000001"
ENABLED = {"eu-west-1": "opt-in-not-required", "me-central-1": "opted-in", "af-south-1": "opted-in"}


class Caller:
    """A session of one account, and the responses of the Account Management API to it."""

    def __init__(self, account: str, answer: dict[str, str] | Exception | None = None) -> None:
        self.identity = SimpleNamespace(account=account)
        self.answer = answer

    def client(self, service: str, *, region: str) -> Caller:
        assert (service, region) == ("account", "eu-west-1")
        assert self.answer is not None, "asks although it need not"
        return self

    def get_paginator(self, operation: str) -> Caller:
        assert operation == "list_regions"
        return self

    def paginate(self, *, AccountId: str) -> Iterator[Any]:  # noqa: N803 - AWS's name
        assert AccountId == MANAGEMENT
        if isinstance(self.answer, Exception):
            raise self.answer
        for region, status in (self.answer or {}).items():
            yield {"Regions": [{"RegionName": region, "RegionOptStatus": status}]}


def ask(caller: Caller, *covered: str) -> dict[str, str]:
    session = cast("Session", caller)
    found = opt_in_regions(session, covered, enabled=ENABLED, management_account=MANAGEMENT, home="eu-west-1")
    return dict(found)


def test_regions_that_every_account_has_are_not_queried() -> None:
    assert ask(Caller(CENTRAL), "eu-west-1") == {}


def test_the_management_account_has_every_region_in_which_it_plans() -> None:
    assert ask(Caller(MANAGEMENT), "eu-west-1", "me-central-1") == {"me-central-1": "enabled"}


def test_a_delegated_administrator_gets_the_status_from_aws() -> None:
    answer = {"eu-west-1": "ENABLED_BY_DEFAULT", "me-central-1": "ENABLING", "af-south-1": "ENABLED"}
    found = ask(Caller(CENTRAL, answer), "eu-west-1", "me-central-1", "af-south-1")
    assert found == {"me-central-1": "disabled", "af-south-1": "enabled"}


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListRegions"),
        ClientError({"Error": {"Code": "ValidationException", "Message": "no member"}}, "ListRegions"),
        EndpointConnectionError(endpoint_url="https://account.us-east-1.amazonaws.com"),
    ],
    ids=["denied", "not about the management account", "out of reach"],
)
def test_the_status_is_unknown_if_it_cannot_be_read(error: Exception) -> None:
    assert ask(Caller(CENTRAL, error), "me-central-1") == {"me-central-1": "unknown"}

"""Requests to the function URL as Lambda delivers them to the function, with the changes that a test makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from tests.handler.fakes import ACCOUNT

ORGANIZATION = "o-exampleorg1"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci-build/build-4711"
REQUEST_ID = "d1f5b2a0-6a9e-4c1e-9d0a-000000000001"

_numbers = count(1)


def body(*repositories: str, **changes: Any) -> dict[str, Any]:
    """A valid body, with other values for some keys."""
    document = {"version": 1, "account": ACCOUNT, "region": "eu-west-1", "repositories": list(repositories)}
    return document | changes


def http(
    content: Any = None,
    *,
    repositories: Sequence[str] = ("team-a/api",),
    iam: Mapping[str, Any] | None = None,
    request_id: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """The event of a request; `content` is the body if it is a string, and becomes JSON otherwise.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
    """
    text = content if isinstance(content, str) else json.dumps(body(*repositories) if content is None else content)
    caller = {
        "accessKey": "ASIAEXAMPLE",
        "accountId": ACCOUNT,
        "callerId": "AROAEXAMPLE:build-4711",
        "cognitoIdentity": None,
        "principalOrgId": ORGANIZATION,
        "userArn": CALLER,
        "userId": "AROAEXAMPLE:build-4711",
    }
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "user-agent": "deployer"},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "urlid",
            "authorizer": {"iam": {**caller, **(iam or {})}},
            "domainName": "urlid.lambda-url.eu-west-1.on.aws",
            "domainPrefix": "urlid",
            "http": {
                "method": "POST",
                "path": "/",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "deployer",
            },
            "requestId": request_id or f"{REQUEST_ID[:-4]}{next(_numbers):04}",
            "routeKey": "$default",
            "stage": "$default",
            "time": "23/Nov/2026:07:45:20 +0000",
            "timeEpoch": 1795419920000,
        },
        "body": text,
        "isBase64Encoded": False,
    }
    return event | changes


def answered(response: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and document of a response."""
    return response["statusCode"], json.loads(response["body"])


def outcomes(response: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Outcome and reason of each result."""
    status, document = answered(response)
    assert status == 200, document
    return [(result["outcome"], result["reason"]) for result in document["results"]]

from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Response

from aws_org_sandbox.credentials import Principal
from aws_org_sandbox.functions.url_events import BadResult, Caller, UrlRequest, event, response
from aws_org_sandbox.functions.url_hosts import UrlHost, parse_host

HOST = "a" * 32 + ".lambda-url.eu-west-1.on.aws"
NOW = datetime(2026, 11, 28, 7, 5, 9, tzinfo=UTC)
CALLER = Caller(
    principal=Principal(
        arn="arn:aws:sts::300000000001:assumed-role/pusher/build",
        account="300000000001",
        access_key_id="ASIAEXAMPLE",
        user_id="AROAEXAMPLE:build",
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RESULTS = JSON | st.fixed_dictionaries(
    {"statusCode": st.integers(0, 1000) | JSON},
    optional={
        "body": st.text() | JSON,
        "headers": st.dictionaries(st.text(max_size=8), st.text(max_size=8)) | JSON,
        "cookies": st.lists(st.text(max_size=8)) | JSON,
        "isBase64Encoded": st.booleans(),
    },
)


@given(RESULTS | st.binary())
def test_any_result_becomes_a_response_or_is_refused(result: Any) -> None:
    payload = result if isinstance(result, bytes) else json.dumps(result).encode()
    with contextlib.suppress(BadResult):
        found = response(payload)
        sent = Response(found.body, status=found.status)
        for name, value in [*found.headers.items(), *(("set-cookie", cookie) for cookie in found.cookies)]:
            assert name.isascii()
            assert not {"\r", "\n"} & set(name + value)
            value.encode("latin-1")
            sent.headers.add(name, value)
        assert sent.status_code == found.status


@given(
    st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1), st.text()),
    st.text(),
    st.binary(),
    st.sampled_from(["GET", "POST", "PUT"]),
)
def test_a_client_controls_nothing_in_the_context_except_the_request_line(
    headers: dict[str, str], query: str, body: bytes, method: str
) -> None:
    forged = {"requestContext": "forged", "x-forwarded-for": "9.9.9.9", "x-amzn-trace-id": "forged", "host": "forged"}
    request = UrlRequest(
        method=method,
        path="/p",
        query=query,
        headers={**headers, **forged, "user-agent": "agent"},
        source_ip="127.0.0.1",
        domain_name=HOST,
        body=body,
    )
    made = event(request, caller=CALLER, owner="200000000001", request_id="1-2", now=NOW)
    assert json.loads(json.dumps(made)) == made
    assert made["requestContext"] == {
        "accountId": "200000000001",
        "apiId": "a" * 32,
        "authentication": None,
        "authorizer": {
            "iam": {
                "accessKey": "ASIAEXAMPLE",
                "accountId": "300000000001",
                "callerId": "AROAEXAMPLE:build",
                "cognitoIdentity": None,
                "principalOrgId": None,
                "userArn": "arn:aws:sts::300000000001:assumed-role/pusher/build",
                "userId": "AROAEXAMPLE:build",
            }
        },
        "domainName": HOST,
        "domainPrefix": "a" * 32,
        "http": {
            "method": method,
            "path": "/p",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "agent",
        },
        "requestId": "1-2",
        "routeKey": "$default",
        "stage": "$default",
        "time": "28/Nov/2026:07:05:09 +0000",
        "timeEpoch": 1795849509000,
    }
    assert (made["headers"]["host"], made["headers"]["x-forwarded-for"]) == (HOST, "127.0.0.1")
    assert made["headers"]["x-amzn-trace-id"] != "forged"


@given(st.binary(), st.sampled_from(["application/json", "text/plain; charset=utf-8", "image/png", ""]))
def test_the_body_arrives_unchanged(body: bytes, content_type: str) -> None:
    request = UrlRequest(
        method="POST",
        path="/",
        query="",
        headers={"content-type": content_type},
        source_ip="127.0.0.1",
        domain_name=HOST,
        body=body,
    )
    made = event(request, caller=CALLER, owner="200000000001", request_id="1-2", now=NOW)
    text = made.get("body", "")
    assert (base64.b64decode(text) if made["isBase64Encoded"] else text.encode()) == body


@pytest.mark.parametrize(
    ("host", "found"),
    [
        pytest.param(HOST, UrlHost("a" * 32, "eu-west-1", HOST), id="a function URL"),
        pytest.param(HOST.upper(), UrlHost("a" * 32, "eu-west-1", HOST), id="in capitals"),
        pytest.param("a." + HOST, None, id="a subdomain of a function URL"),
        pytest.param(HOST + ".example.com", None, id="another domain"),
        pytest.param(HOST.replace("a" * 32, "a" * 31), None, id="an id that is too short"),
        pytest.param("lambda.eu-west-1.amazonaws.com", None, id="an API Gateway host"),
    ],
)
def test_hosts_of_function_urls(host: str, found: UrlHost | None) -> None:
    assert parse_host(host) == found

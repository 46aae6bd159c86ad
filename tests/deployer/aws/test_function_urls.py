"""Signed requests to a function URL, with a stand-in for the HTTP session; the sandbox's endpoint checks real ones."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from botocore import exceptions as botocore

from deployer.aws import function_urls
from deployer.aws.function_urls import FunctionUrlTransport
from deployer.aws.session import Session
from deployer.errors import CredentialsError
from deployer.function_url import FunctionUrl
from deployer.pushing.request_lane import NoResponse, Response

URL = FunctionUrl.parse("https://abc.lambda-url.eu-west-1.on.aws/")
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@dataclass
class Http:
    """Implements the used part of botocore's session: it returns a response or raises an error."""

    error: Exception | None = None
    requests: list[Any] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, **options: Any) -> Http:
        self.options = options
        return self

    def send(self, request: Any) -> Any:
        self.requests.append(request)
        if self.error:
            raise self.error

        @dataclass
        class Answer:
            status_code: int = 200
            content: bytes = b"{}"

        return Answer()

    def close(self) -> None: ...


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Http:
    """Behind a proxy, so that nothing is looked up."""
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    found = Http()
    monkeypatch.setattr(function_urls, "URLLib3Session", found)
    return found


def session(**changes: Any) -> Session:
    keys: Any = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": SECRET}
    return Session(region="us-east-1", **keys, **changes)


def test_a_request_is_signed_for_the_region_and_host_of_the_url(http: Http) -> None:
    answer = FunctionUrlTransport(session(aws_session_token="a-token"), URL).send(b'{"version": 1}')
    assert answer == Response(status=200, body=b"{}")
    [request] = http.requests
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    assert (request.method, request.url, request.body) == ("POST", URL.text, b'{"version": 1}')
    assert "/eu-west-1/lambda/aws4_request" in headers["authorization"]
    assert "host;" in headers["authorization"]
    assert SECRET not in str(headers)


def test_certificate_authorities_and_proxies_come_from_the_environment(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    for bundle in ("", "/etc/ca.pem"):
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
        FunctionUrlTransport(session(), URL).send(b"")
        verified.append(http.options["verify"])
    assert verified == [True, "/etc/ca.pem"]
    assert http.options["proxies"]["https"] == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("error", "reason", "is_repeatable"),
    [
        pytest.param(
            botocore.ConnectTimeoutError(endpoint_url=URL.text), "it is not reachable", False, id="no connection"
        ),
        pytest.param(
            botocore.EndpointConnectionError(endpoint_url=URL.text), "it is not reachable", False, id="refused"
        ),
        pytest.param(
            botocore.ProxyConnectionError(proxy_url="http://127.0.0.1:9"), "it is not reachable", False, id="the proxy"
        ),
        pytest.param(
            botocore.SSLError(endpoint_url=URL.text, error=ValueError("self-signed")),
            "it is not reachable",
            False,
            id="TLS",
        ),
        pytest.param(
            botocore.ReadTimeoutError(endpoint_url=URL.text),
            "it did not answer within 20 s, or the proxy did not connect",
            False,
            id="no response from the URL or the proxy",
        ),
        pytest.param(
            botocore.ConnectionClosedError(endpoint_url=URL.text), "the connection broke", True, id="a lost connection"
        ),
        pytest.param(botocore.HTTPClientError(error="odd"), "the connection broke", True, id="any other error"),
    ],
)
def test_failed_requests_are_errors_with_the_cause(
    http: Http, error: Exception, reason: str, is_repeatable: bool
) -> None:
    http.error = error
    found = FunctionUrlTransport(session(), URL).send(b"")
    assert isinstance(found, NoResponse)
    assert found.reason.startswith(reason)
    assert found.is_repeatable is is_repeatable


def test_a_network_that_discards_packets_causes_a_time_out(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the resolver nor a connection ever responds."""
    never = Event()

    def hang(*_: Any, **__: Any) -> socket.socket:
        never.wait()
        raise OSError

    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(function_urls, "CONNECT_SECONDS", 0.01)
    monkeypatch.setattr(socket, "create_connection", hang)
    found = FunctionUrlTransport(session(), URL).send(b"")
    assert isinstance(found, NoResponse)
    assert found.reason.startswith("it is not reachable")
    assert http.requests == []
    never.set()


def test_without_credentials_nothing_is_sent(http: Http, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CredentialsError):
        FunctionUrlTransport(Session(), URL).send(b"")
    assert http.requests == []

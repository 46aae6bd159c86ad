"""Requests to function URLs as any client of AWS makes them: signed by botocore, through the proxy, over TLS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from botocore.httpsession import URLLib3Session

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str | None:
        return self.headers.get("x-amzn-errortype")


def signed(
    url: str,
    keys: Credentials,
    body: bytes = b"{}",
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    region: str = "eu-west-1",
    service: str = "lambda",
) -> AWSRequest:
    """A signed request."""
    request = AWSRequest(
        method=method, url=url, data=body, headers={"Content-Type": "application/json", **(headers or {})}
    )
    given = Keys(keys.access_key_id, keys.secret_access_key, keys.session_token)
    SigV4Auth(given, service, region).add_auth(request)
    return request


def sent(sandbox: Sandbox, request: AWSRequest) -> Reply:
    """Send the request unchanged."""
    bundle: Any = sandbox.ca_bundle  # which the stubs do not know of
    session = URLLib3Session(proxies={"https": sandbox.endpoint_url}, verify=bundle, timeout=60)
    try:
        answered = session.send(request.prepare())
        return Reply(
            status=answered.status_code,
            headers={name.lower(): value for name, value in answered.headers.items()},
            body=answered.content,
        )
    finally:
        session.close()


def post(sandbox: Sandbox, url: str, keys: Credentials, /, **order: Any) -> Reply:
    """A signed request with JSON for its body."""
    return sent(sandbox, signed(url, keys, json.dumps(order).encode()))

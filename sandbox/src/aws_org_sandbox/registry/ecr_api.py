"""The registry's own AWS calls: ECR's registry is a client of ECR's API, with the identity of the token.

Each request of a container client passes the gate like any call: logged, delayed and refused by faults,
authorized by IAM, answered, and recorded by CloudTrail as a call from inside AWS.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import AWS_INTERNAL
from aws_org_sandbox.ecr.tokens import Token
from aws_org_sandbox.registry import creation
from aws_org_sandbox.registry.errors import from_api
from aws_org_sandbox.registry.hosts import RegistryHost

_TARGET = "AmazonEC2ContainerRegistry_V20150921"


@dataclass(frozen=True, slots=True)
class EcrApi:
    """ECR's API for one request to a registry; `gate` is the WSGI application that takes AWS calls."""

    gate: Any
    host: RegistryHost
    token: Token
    source_ip: str

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation in this registry; raises RegistryError if ECR refuses. Bytes are encoded."""
        if is_altered(Behaviour.PUSHERS_JUDGED_LATE) and operation in creation.PUSHES:
            creation.create_unjudged(parameters["repositoryName"], account=self.host.account, region=self.host.region)
        environ = EnvironBuilder(
            path="/",
            method="POST",
            base_url=f"http://api.ecr.{self.host.region}.amazonaws.com",
            headers=Headers(self._headers(operation)),
            data=_encode({"registryId": self.host.account, **parameters}),
            environ_overrides={"REMOTE_ADDR": self.source_ip},
        ).get_environ()
        body, status, headers = run_wsgi_app(self.gate, environ, buffered=True)
        answer: dict[str, Any] = json.loads(b"".join(body) or b"{}")
        if status.startswith("200"):
            return answer
        code = str(headers.get("x-amzn-ErrorType") or answer.get("__type", "")).rpartition("#")[2].partition(":")[0]
        raise from_api(code, str(answer.get("message") or answer.get("Message") or ""))

    def _headers(self, operation: str) -> dict[str, str]:
        scope = f"{self.token.access_key_id}/20150921/{self.host.region}/ecr/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=registry",
            "Content-Type": "application/x-amz-json-1.1",
            "User-Agent": AWS_INTERNAL,
            "X-Amz-Target": f"{_TARGET}.{operation}",
        }
        if self.token.session_token:
            headers["X-Amz-Security-Token"] = self.token.session_token
        return headers


def _encode(parameters: Mapping[str, Any]) -> bytes:
    plain = {
        key: b64encode(value).decode() if isinstance(value, bytes) else value
        for key, value in parameters.items()
        if value is not None
    }
    return json.dumps(plain).encode()

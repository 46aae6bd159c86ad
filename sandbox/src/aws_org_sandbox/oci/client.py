"""A small client of the OCI distribution protocol: for the demo and tests if skopeo is not installed.

It uses plain HTTP on the sandbox's port and names the registry in the Host header. `client_environment` is for real
clients: it makes the sandbox their proxy.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from aws_org_sandbox.oci.images import OciImage, digest_of

_TIMEOUT = 60.0


class Rejected(Exception):  # noqa: N818 - names what the registry did
    """The registry refused: the protocol's error `code` and the registry's message; `status` 0 without a response."""

    def __init__(self, status: int, code: str, message: str) -> None:
        kind = code or (f"HTTP {status}" if status else "")
        super().__init__(": ".join(part for part in (kind, message) if part))
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Reply:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    """A client of one registry, logged in with a password from GetAuthorizationToken."""

    endpoint: str
    registry: str
    password: str = field(repr=False)
    user: str = "AWS"

    @classmethod
    def login(cls, ecr: Any, *, endpoint: str, registry: str) -> Self:
        """Log in as the principal of the ECR client."""
        token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        user, _, password = base64.b64decode(token).decode().partition(":")
        return cls(endpoint, registry, password, user)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request, whatever its outcome."""
        address = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        sent = {"Host": self.registry, "Authorization": f"Basic {login}", **(headers or {})}
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Reply(response.status, dict(response.headers.items()), response.read())
        finally:
            connection.close()

    def push(self, image: OciImage, repository: str, tag: str | None = None) -> str:
        """Push missing blobs, then the manifest; returns its digest. Raises Rejected."""
        for digest, blob in image.blobs.items():
            if self.request("HEAD", f"/v2/{repository}/blobs/{digest}").status != 200:
                self._upload(repository, digest, blob)
        reply = self._expect(
            "PUT",
            f"/v2/{repository}/manifests/{tag or image.digest}",
            image.manifest,
            {"Content-Type": image.media_type},
        )
        return reply.headers["Docker-Content-Digest"]

    def pull(self, repository: str, reference: str) -> OciImage:
        """An image by tag or digest with all of its blobs, each checked against its digest. Raises Rejected."""
        reply = self._expect("GET", f"/v2/{repository}/manifests/{reference}")
        document = reply.json()
        blobs = {
            item["digest"]: self._expect("GET", f"/v2/{repository}/blobs/{item['digest']}").body
            for item in [document["config"], *document["layers"]]
        }
        for digest, blob in blobs.items():
            if digest_of(blob) != digest:
                raise Rejected(200, "DIGEST_INVALID", f"the registry returned different bytes for {digest}")
        return OciImage(reply.body, blobs, reply.headers["Content-Type"])

    def _upload(self, repository: str, digest: str, blob: bytes) -> None:
        location = self._expect("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        headers = {"Content-Type": "application/octet-stream", "Content-Range": f"0-{len(blob) - 1}"}
        location = self._expect("PATCH", location, blob, headers).headers["Location"]
        self._expect("PUT", f"{location}?{urlencode({'digest': digest})}")

    def _expect(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        reply = self.request(method, path, body, headers)
        if reply.status < 400:
            return reply
        try:
            error = reply.json()["errors"][0]
        except (ValueError, KeyError, IndexError):
            raise Rejected(reply.status, "", reply.body.decode(errors="replace").strip()) from None
        raise Rejected(reply.status, error["code"], error["message"])


def client_environment(endpoint: str) -> dict[str, str]:
    """Environment variables with which an unmodified container client reaches registries by their real names.

    The sandbox's port is an HTTP proxy for them; clients use plain HTTP if configured not to verify TLS
    (`skopeo --dest-tls-verify=false`). It proxies nothing else.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.upper().endswith("_PROXY")}
    return {**inherited, "HTTP_PROXY": endpoint, "http_proxy": endpoint, "NO_PROXY": "127.0.0.1,localhost"}

"""A push as container clients begin it: a login, and the request to start the upload of a layer."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from acceptance.lab import Lab
from deployer.aws.session import Session
from deployer.local_endpoint import is_loopback

USER_AGENT = "deployer-acceptance"
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the registry answered."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """The error code of the distribution protocol, NAME_UNKNOWN for one."""
        errors = self.body.get("errors") if isinstance(self.body, dict) else None
        return str(errors[0].get("code", "")) if errors else ""


def begin_push(lab: Lab, session: Session, repository: str) -> Answer:
    """Ask the member's registry to begin an upload, as whoever the session is of."""
    ecr: Any = session.client("ecr", region=lab.environment.region)  # type: ignore[call-overload]
    parsed = ecr.get_authorization_token()["authorizationData"][0]
    host = urlsplit(parsed["proxyEndpoint"]).netloc or parsed["proxyEndpoint"]
    host = f"{lab.environment.member_account}.{host.partition('.')[2]}"
    request = urllib.request.Request(  # noqa: S310 - the registry of the member, or the sandbox
        f"{_scheme(ecr)}://{host}/v2/{repository}/blobs/uploads/",
        method="POST",
        headers={"Authorization": f"Basic {parsed['authorizationToken']}", "User-Agent": USER_AGENT},
    )
    try:
        with _opener(ecr).open(request, timeout=TIMEOUT) as response:
            return Answer(status=response.status, body=_json(response.read()))
    except urllib.error.HTTPError as error:
        return Answer(status=error.code, body=_json(error.read()))


def _scheme(ecr: Any) -> str:
    return "http" if is_loopback(ecr.meta.endpoint_url) else "https"


def _opener(ecr: Any) -> urllib.request.OpenerDirector:
    """The sandbox is a proxy for its registries; AWS's are reached as the machine reaches anything."""
    url = ecr.meta.endpoint_url
    if is_loopback(url):
        return urllib.request.build_opener(urllib.request.ProxyHandler({"http": url}))
    return urllib.request.build_opener()


def _json(data: bytes) -> Any:
    try:
        return json.loads(data or b"{}")
    except ValueError:
        return {"text": data.decode(errors="replace")}

"""Signed requests to a function URL, as `deployer ensure` sends them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from deployer.aws.session import Session

TIMEOUT = 30
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response of the URL."""

    status: int
    body: str


def post(session: Session, url: str, *, region: str) -> Answer:
    """Send an empty JSON object signed with the credentials of the session."""
    keys = session.credentials
    assert keys is not None, "the session has already made calls"
    bundle: Any = os.environ.get("AWS_CA_BUNDLE") or True
    request = AWSRequest("POST", url, data=b"{}", headers={"Content-Type": "application/json"})
    SigV4Auth(keys, "lambda", region).add_auth(request)
    http = URLLib3Session(proxies=get_environ_proxies(url), verify=bundle, timeout=TIMEOUT)
    try:
        answered = http.send(request.prepare())
        return Answer(status=answered.status_code, body=answered.text)
    finally:
        http.close()

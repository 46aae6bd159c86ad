"""Signed requests to a function URL. Implements `deployer.pushing.request_lane.Transport`.

The signature covers host, region and body, so whoever receives a request can use it nowhere else, and not for another
body. Redirects are not followed. Proxies and certificate authorities are those that botocore would use.
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import os
import socket
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from botocore import exceptions as botocore
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from deployer.aws.errors import translated
from deployer.aws.session import Session
from deployer.function_url import FunctionUrl
from deployer.pushing.request_lane import NoResponse, Response

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 20.0
"""The handler answers in about a second, after a cold start in some."""

_NO_CONNECTION: Final = (
    botocore.ConnectTimeoutError,
    botocore.EndpointConnectionError,
    botocore.ProxyConnectionError,
    botocore.SSLError,
)


class FunctionUrlTransport:
    """Sends to one URL, with the credentials of a session."""

    def __init__(self, session: Session, url: FunctionUrl) -> None:
        self._session = session
        self._url = url

    def send(self, body: bytes) -> Response | NoResponse:
        """Raises CredentialsError if there are none, or they cannot be refreshed."""
        request = self._signed(body).prepare()
        proxies = get_environ_proxies(self._url.text)
        if not proxies and not _is_reachable(self._url.host):
            return _unreachable("")
        verify = self._session.ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True
        timeout = (CONNECT_SECONDS, ANSWER_SECONDS)
        try:
            with closing(URLLib3Session(verify=verify, proxies=proxies, timeout=timeout)) as http:  # type: ignore[arg-type]
                response = http.send(request)
                return Response(status=response.status_code, body=response.content)
        except _NO_CONNECTION as error:
            return _unreachable(f": {error}")
        except botocore.ReadTimeoutError:
            or_proxy = ", or the proxy did not connect" if proxies else ""
            return NoResponse(reason=f"it did not answer within {ANSWER_SECONDS:.0f} s{or_proxy}")
        except (botocore.ConnectionError, botocore.HTTPClientError) as error:
            return NoResponse(reason=f"the connection broke: {error}", is_repeatable=True)

    def _signed(self, body: bytes) -> AWSRequest:
        headers = {"Content-Type": "application/json", "User-Agent": "deployer"}
        request = AWSRequest(method="POST", url=self._url.text, data=body, headers=headers)
        with translated():
            credentials = self._session.credentials
            if credentials is None:
                raise botocore.NoCredentialsError
            SigV4Auth(credentials, "lambda", self._url.region).add_auth(request)
        return request


def _unreachable(cause: str) -> NoResponse:
    return NoResponse(reason=f"it is not reachable within {CONNECT_SECONDS:.0f} s{cause}")


def _is_reachable(host: str) -> bool:
    """Whether a connection opens in time, the look-up of the name and all addresses included.

    A network without a way out discards packets, so urllib3 would wait for every address of the host in turn, and for
    the resolver as long as the system does.
    """
    opened: SimpleQueue[bool] = SimpleQueue()

    def connect() -> None:
        try:
            socket.create_connection((host, 443), timeout=CONNECT_SECONDS).close()
        except OSError:
            opened.put(False)
        else:
            opened.put(True)

    Thread(target=connect, daemon=True).start()
    try:
        return opened.get(timeout=CONNECT_SECONDS)
    except Empty:
        return False

"""botocore clients: one session, each client made once, timeouts that fit into the function's minute.

botocore without boto3: the handler needs clients only, and boto3's import costs a cold start a third more. A session
is not safe to make clients in several threads, so one lock guards that; the clients themselves are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

CONFIG = Config(
    connect_timeout=2,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    user_agent_extra="deployer-handler",
)
"""A call that AWS never answers is given up after 18 s and two short pauses, and the event is Lambda's to retry, well
within the function's 60 s. Should several calls of one event each be answered only at the last attempt, Lambda ends the
function instead, which is the same as a crash, and a crash loses nothing."""

BRIEF = CONFIG.merge(Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}))
"""For notices, which nobody waits for and no event fails for: given up after 6 s."""

SERVICES = ("cloudformation", "dynamodb", "ecr", "events", "organizations", "sqs", "sts")
"""All that the handler and the watch talk to."""

MOST_CLIENTS = 128
"""For each account, region and hour of credentials; those used last. Each takes a megabyte, three quarters of it for
the certificates of its connection."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str


class _Loader(Loader):
    """botocore's loader of its own data, without what only costs time.

    Clients find their hosts by the rules that come with each service. botocore still reads its older list of every
    endpoint, 1.2 MB and a tenth of a cold start, for the partitions in it; those have a file of their own.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """The services of this program; botocore else looks through all of its 400."""
        return list(SERVICES)

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """The data of this name and where it is from."""
        if name != "endpoints":
            return super().load_data_with_path(name)
        data, path = super().load_data_with_path("partitions")
        return {"partitions": [_without_services(partition) for partition in data["partitions"]]}, path


def _without_services(partition: Mapping[str, Any]) -> dict[str, Any]:
    """A partition as the list of endpoints has it, where it knows no service."""
    return {
        "partition": partition["id"],
        "dnsSuffix": partition["outputs"]["dnsSuffix"],
        "regionRegex": partition["regionRegex"],
        "regions": partition["regions"],
        "services": {},
        "defaults": {"hostname": "{service}.{region}.{dnsSuffix}", "protocols": ["https"], "signatureVersions": ["v4"]},
    }


class Clients:
    """Clients of the function's own role, and of roles that it took on."""

    def __init__(self, *, region: str) -> None:
        self.region = region
        self._session = botocore.session.Session()
        self._session.register_component("data_loader", _Loader())
        self._lock = Lock()
        self.partition: str = self._session.get_partition_for_region(region)
        self._made = lru_cache(maxsize=MOST_CLIENTS)(self._make)

    def model(self, service: str) -> Any:
        """What the SDK knows of a service; making a client of it later reads nothing anew."""
        with self._lock:
            return self._session.get_service_model(service)

    def own(self, service: str) -> Any:
        """A client with the function's credentials in its own region."""
        return self.of(service, region=self.region, credentials=None)

    def of(self, service: str, *, region: str, credentials: Credentials | None) -> Any:
        """A client with a role's credentials, the same one each time they are the same."""
        with self._lock:
            return self._made(service, region, credentials)

    def _make(self, service: str, region: str, credentials: Credentials | None) -> Any:
        if credentials is None:
            config = BRIEF if service == "events" else CONFIG
            return self._session.create_client(service, region_name=region, config=config)
        return self._session.create_client(
            service,
            region_name=region,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=CONFIG,
        )

"""botocore clients: one session, cached clients, and timeouts that fit into the function's timeout of 60 s.

botocore without boto3: the handler needs only clients, and importing boto3 makes a cold start a third longer. Creating
clients from one session is not thread-safe, so a lock guards it; the clients themselves are thread-safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from handler.json_values import JsonValue

if TYPE_CHECKING:
    from botocore.model import ServiceModel

CONFIG = Config(
    connect_timeout=2,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    user_agent_extra="deployer-handler",
)
"""A call that AWS never answers fails after 18 s and two short pauses, well within the function's timeout of 60 s, and
Lambda retries the event. If several calls of one event each succeed only at the last attempt, the function times out.
That is equivalent to a crash, and a crash loses no event."""

SHORT_TIMEOUTS = CONFIG.merge(
    Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
)
"""For notices, which are optional and never fail an event: a call fails after 6 s."""

Client = Any
"""botocore makes the methods of clients at run time, so a caller annotates with a type of boto3-stubs what it gets."""

SERVICES = ("cloudformation", "dynamodb", "ecr", "events", "iam", "lambda", "organizations", "sqs", "sts")
"""All AWS services that the handler and the watch call."""

MAX_CLIENTS = 128
"""The most recently used clients are kept: one for each account, region and set of credentials. Each takes a megabyte,
three quarters of it for the TLS certificates of its connection."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str


class _Loader(Loader):
    """botocore's data loader, without data that the handler does not need.

    Clients resolve their endpoints by the rule set of each service. botocore still reads its older list of all
    endpoints (1.2 MB, a tenth of a cold start) for the partitions in it, which a separate small file also holds.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """The services that the handler uses; by default botocore searches all of its 400."""
        return list(SERVICES)

    def load_data_with_path(self, name: str) -> tuple[JsonValue, str]:
        """The data of this name, and the path of its file."""
        if name != "endpoints":
            return super().load_data_with_path(name)
        data, path = super().load_data_with_path("partitions")
        return {"partitions": [_without_services(partition) for partition in data["partitions"]]}, path


def _without_services(partition: Mapping[str, JsonValue]) -> dict[str, object]:
    """A partition in the format of the list of endpoints, without services."""
    return {
        "partition": partition["id"],
        "dnsSuffix": partition["outputs"]["dnsSuffix"],
        "regionRegex": partition["regionRegex"],
        "regions": partition["regions"],
        "services": {},
        "defaults": {"hostname": "{service}.{region}.{dnsSuffix}", "protocols": ["https"], "signatureVersions": ["v4"]},
    }


class Clients:
    """Clients with the function's own role, and with roles that it assumed."""

    def __init__(self, *, region: str) -> None:
        self.region = region
        self._session = botocore.session.Session()
        self._session.register_component("data_loader", _Loader())
        self._lock = Lock()
        self.partition: str = self._session.get_partition_for_region(region)
        self._cached = lru_cache(maxsize=MAX_CLIENTS)(self._make)

    def model(self, service: str) -> ServiceModel:
        """The SDK's model of a service; it is cached, so that a client created later does not read it again."""
        with self._lock:
            return self._session.get_service_model(service)

    def own(self, service: str) -> Client:
        """A client with the function's credentials in the function's region."""
        return self.of(service, region=self.region, credentials=None)

    def of(self, service: str, *, region: str, credentials: Credentials | None) -> Client:
        """A client with a role's credentials; cached by service, region and credentials."""
        with self._lock:
            return self._cached(service, region, credentials)

    def _make(self, service: str, region: str, credentials: Credentials | None) -> Client:
        if credentials is None:
            config = SHORT_TIMEOUTS if service == "events" else CONFIG
            return self._session.create_client(service, region_name=region, config=config)
        return self._session.create_client(
            service,
            region_name=region,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=CONFIG,
        )

"""Results that moto (5.2.5) computes at every call or for every account although they never change: cached instead."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import xmltodict  # type: ignore[import-untyped]
from moto.core import responses
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from aws_org_sandbox.seams import original, replace

for _owner, _name in ((responses, "method_names_from_class"), (responses, "camelcase_to_underscores")):
    setattr(_owner, _name, cache(getattr(_owner, _name)))
setattr(xmltodict, "_validate_name", lru_cache(maxsize=10_000)(xmltodict._validate_name))  # noqa: B010
"""Each request asks again for the methods of its class, and each answer for the letters of its elements' names."""

_backends: dict[str | None, Any] = {}


@replace(DomainDispatcherApplication, "get_backend_for_host")
def _get_backend_for_host(self: DomainDispatcherApplication, host: str | None) -> Any:
    """Stock moto lists its folders and tries its patterns at each call."""
    if host not in _backends:
        _backends[host] = original(DomainDispatcherApplication, "get_backend_for_host")(self, host)
    return _backends[host]


@replace(AccountSpecificBackend, "_generate_regions")
def _generate_regions(_: AccountSpecificBackend[Any], service_name: str) -> list[str]:
    """Stock moto remembers them for each account of each service."""
    return list(_regions(service_name))


@cache
def _regions(service_name: str) -> tuple[str, ...]:
    session = AccountSpecificBackend.get_session()
    partitions = session.get_available_partitions()
    return tuple(
        region for partition in partitions for region in session.get_available_regions(service_name, partition)
    )

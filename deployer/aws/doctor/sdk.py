"""What the installed SDK provides without a call: runtimes of Lambda, and regions that have an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import boto3
import botocore.session
from botocore.model import StringShape


def known_runtimes() -> frozenset[str]:
    """Runtimes in botocore's model of Lambda."""
    shape = botocore.session.get_session().get_service_model("lambda").shape_for("Runtime")
    assert isinstance(shape, StringShape), shape
    return frozenset(shape.enum)


def missing_endpoints(needed: Mapping[str, Iterable[str]], *, partition: str) -> dict[str, frozenset[str]]:
    """Services without an endpoint in a region in which they are needed; both by region."""
    session = boto3.Session()
    found: dict[str, frozenset[str]] = {}
    for region, services in needed.items():
        missing = {one for one in services if region not in _regions_of(session, one, partition)}
        if missing:
            found[region] = frozenset(missing)
    return found


def _regions_of(session: boto3.Session, service: str, partition: str) -> frozenset[str]:
    regions: Callable[..., list[str]] = session.get_available_regions
    return frozenset(regions(service, partition_name=partition))

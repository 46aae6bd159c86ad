"""What the installed SDK provides without a call: runtimes of Lambda, and regions that have an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import boto3
import botocore.session


def known_runtimes() -> frozenset[str]:
    """Runtimes in botocore's model of Lambda."""
    shape: Any = botocore.session.get_session().get_service_model("lambda").shape_for("Runtime")
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


def _regions_of(session: boto3.Session, service: Any, partition: str) -> frozenset[str]:
    return frozenset(session.get_available_regions(service, partition_name=partition))

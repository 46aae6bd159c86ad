"""Host names of function URLs. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_HOST: Final = re.compile(r"(?P<id>[a-z0-9]{32})\.lambda-url\.(?P<region>[a-z]{2,}(?:-[a-z]+)+-\d)\.on\.aws", re.ASCII)


@dataclass(frozen=True, slots=True)
class UrlHost:
    """A function URL, existing or not. `name` is in lower case."""

    url_id: str
    region: str
    name: str


def parse_host(host: str) -> UrlHost | None:
    """The function URL that a host name, without a port, names; None for any other host."""
    found = _HOST.fullmatch(host.lower())
    return UrlHost(found["id"], found["region"], host.lower()) if found else None

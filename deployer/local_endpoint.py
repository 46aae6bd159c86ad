"""Reports, once for a command, that its calls go to an endpoint on this machine, such as the sandbox, instead of AWS.

Clients are made in many places, some of them in threads: the command registers here what all of them call.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_reports: list[Callable[[str], None]] = []


@contextmanager
def reported_by(report: Callable[[str], None]) -> Iterator[None]:
    """Call `report` with the URL of the first client's endpoint on this machine, if there is any."""
    _reports.append(report)
    try:
        yield
    finally:
        _reports.clear()


def check_endpoint(url: str) -> None:
    """Report an endpoint that a client uses, if it is on this machine and none was reported before."""
    if not is_loopback(url):
        return
    try:
        report = _reports.pop()
    except IndexError:  # reported already, perhaps by another thread
        return
    report(url)


def is_loopback(url: str) -> bool:
    """Whether a URL points at this machine, as the sandbox's does."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

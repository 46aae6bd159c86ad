"""Reading on while AWS throttles: what an operation does goes on meanwhile, so a poll is no reason to leave it.

Every call is tried eight times by botocore, which takes about half a minute; only then does it count as throttled here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from deployer.aws.errors import THROTTLED, code_of
from deployer.polling import Sleep

Answer = TypeVar("Answer")

PAUSES = (5.0, 10.0, *[20.0] * 10)
"""Seconds between two tries: about ten minutes in all, with those that botocore takes."""


def patiently(read: Callable[..., Answer], *, sleep: Sleep, **request: Any) -> Answer:
    """The answer of a reading call, for which throttling of some minutes is waited out; raises what it says then."""
    for pause in PAUSES:
        try:
            return read(**request)
        except ClientError as error:
            if code_of(error) not in THROTTLED:
                raise
        sleep(pause)
    return read(**request)

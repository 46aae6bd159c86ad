"""Retries of reads while AWS throttles: the operation continues meanwhile, so a throttled poll must not end the run.

botocore tries every call eight times, which takes about half a minute; only then does it count as throttled here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

from deployer.aws.errors import THROTTLED, code_of
from deployer.clock import Clock

Answer = TypeVar("Answer")

PAUSES = (5.0, 10.0, *[20.0] * 10)
"""Seconds between two attempts: about ten minutes in total, including botocore's."""


def retry_throttled(read: Callable[..., Answer], *, clock: Clock, **request: object) -> Answer:
    """The response of a reading call, retried during some minutes of throttling; then raises its error."""
    for pause in PAUSES:
        try:
            return read(**request)
        except ClientError as error:
            if code_of(error) not in THROTTLED:
                raise
        clock.sleep(pause)
    return read(**request)

"""The errors that the handler raises on purpose. Lambda also retries the event after any other error.

PermanentError   a retry cannot succeed; becomes a `failed` record and a message in the failures queue
DeniedError      AWS denied a call that it may allow a minute later; raised so that Lambda retries the event
"""

from __future__ import annotations


class PermanentError(Exception):
    """A call that will fail again; `reason` is a code of `handler.reasons`, `detail` the call and AWS's message."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class DeniedError(Exception):
    """A call that AWS denied but may allow later: new permissions take time to propagate."""

    def __init__(self, denial: PermanentError) -> None:
        super().__init__(str(denial))
        self.reason = denial.reason

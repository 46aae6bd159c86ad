"""The errors that the handler raises on purpose. Everything else that is raised is for Lambda to retry, too.

PermanentError   AWS said no in a way that no retry mends; becomes a `failed` record and a message in the failures queue
DeniedError      AWS denied a call that it may allow a minute later; raised for Lambda to retry the event
"""

from __future__ import annotations


class PermanentError(Exception):
    """A call that will fail again; `reason` is a code of `handler.reasons`, `detail` has the call and AWS's words."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class DeniedError(Exception):
    """A call that AWS denied although it may be allowed: permissions that are new do not count at once."""

    def __init__(self, denial: PermanentError) -> None:
        super().__init__(str(denial))

"""The one error that the handler raises on purpose. Everything else that is raised is for Lambda to retry.

PermanentError   AWS said no in a way that no retry mends; becomes a `failed` record and a message in the failures queue
"""

from __future__ import annotations


class PermanentError(Exception):
    """A call that will fail again; `reason` is a code of `handler.reasons`, `detail` has the call and AWS's words."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

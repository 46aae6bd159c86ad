"""What AWS spreads late: for some time after they are made, IAM does not know tags and roles.

How long is nobody's promise, so it is counted in requests and not in seconds: a test that asks for it is the same on
every machine. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import threading


class Visibility:
    """How many requests about something new are judged as if it were not there yet: none unless a test sets it.

    `tags` counts the authorizations of calls on a repository that do not see the tags it was created with; `roles`
    the calls of AssumeRole for a new role that are denied.
    """

    def __init__(self) -> None:
        self.tags = 0
        self.roles = 0
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}

    def made(self, arn: str, *, overlooked: int) -> None:
        """Something new, that so many requests will overlook."""
        with self._lock:
            self._left[arn] = overlooked

    def overlooks(self, arn: str) -> bool:
        """Whether a request does not know it yet; counts the request."""
        with self._lock:
            left = self._left.get(arn, 0)
            self._left[arn] = max(left - 1, 0)
            return left > 0

    def clear(self) -> None:
        """Everything is known at once."""
        with self._lock:
            self.tags = self.roles = 0
            self._left.clear()

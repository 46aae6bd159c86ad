"""Eventual consistency of IAM: for some time after their creation, tags and roles are not visible.

AWS guarantees no duration, so the delay is counted in requests, not in seconds: a test that configures one behaves the
same on every machine. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import threading


class Visibility:
    """How many requests are evaluated as if a new tag or role did not exist yet: none unless a test configures it.

    `tags` counts the authorizations of calls on a repository that do not see the tags it was created with; `roles`
    the calls of AssumeRole for a new role that are denied.
    """

    def __init__(self) -> None:
        self.tags = 0
        self.roles = 0
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}

    def made(self, arn: str, *, hidden_from: int) -> None:
        """Register something new that this many requests do not see yet."""
        with self._lock:
            self._left[arn] = hidden_from

    def hides(self, arn: str) -> bool:
        """Whether a request does not see it yet; counts the request."""
        with self._lock:
            left = self._left.get(arn, 0)
            self._left[arn] = max(left - 1, 0)
            return left > 0

    def clear(self) -> None:
        """Make everything visible immediately."""
        with self._lock:
            self.tags = self.roles = 0
            self._left.clear()

"""The ARN of the role that signed a request, with the role's path, read with the creator role of its account.

A session's ARN lacks the path of its role, which rules on principals may name; CloudTrail's events have it, requests do
not. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from handler.aws_errors import translate_errors
from handler.clients import Clients
from handler.concurrency import CachedValue, SingleFlight
from handler.events import FailedCall
from handler.principals import role_name_of
from handler.sessions import Sessions

FRESH: Final = timedelta(minutes=5)
"""How long a role that was created anew under another path still counts with the former one."""


class Callers:
    """Roles of member accounts."""

    def __init__(self, *, clients: Clients, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._sessions = sessions
        self._clock = clock
        self._cache = SingleFlight[tuple[str, str], str](clock=clock)

    def role_arn(self, call: FailedCall) -> str:
        """The ARN of the role behind the session that made a call; raises PermanentError if it cannot be read."""
        name = role_name_of(call.principal)
        assert name is not None, call.principal
        return self._cache.get((call.account, name), lambda: self._load(call, name))

    def _load(self, call: FailedCall, name: str) -> CachedValue[str]:
        credentials = self._sessions.start(call.account, event_id=call.event_id)()
        client = self._clients.of("iam", region=self._clients.region, credentials=credentials)
        with translate_errors("GetRole", location=call.account):
            arn: str = client.get_role(RoleName=name)["Role"]["Arn"]
        return CachedValue(arn, self._clock() + FRESH)

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.errors import PermanentError
from handler.sessions import Sessions

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class FakeSts:
    """STS: each session has keys of its own and lasts an hour."""

    clock: list[datetime]
    error: ClientError | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def assume_role(self, **request: Any) -> Any:
        self.asked.append(request)
        if self.error:
            raise self.error
        return {
            "Credentials": {
                "AccessKeyId": f"ASIA{len(self.asked)}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": self.clock[0] + timedelta(hours=1),
            }
        }


def sessions(fake: Any, clock: list[datetime]) -> Sessions:
    return Sessions(fake, partition="aws-cn", role_name="deployer-creator", clock=lambda: clock[0])


def test_a_role_is_assumed_once_for_its_lifetime() -> None:
    clock = [NOW]
    fake = FakeSts(clock)
    opened = sessions(fake, clock)
    assert opened.start("300000000001", event_id="event-1")().access_key_id == "ASIA1"
    clock[0] += timedelta(minutes=54)
    assert opened.start("300000000001", event_id="event-2")().access_key_id == "ASIA1"
    clock[0] += timedelta(minutes=1)
    assert opened.start("300000000001", event_id="event-3")().access_key_id == "ASIA2"
    opened.forget("300000000001")
    assert opened.start("300000000001", event_id="event-4")().access_key_id == "ASIA3"


def test_the_session_names_its_event_in_the_accounts_own_trail() -> None:
    clock = [NOW]
    fake = FakeSts(clock)
    sessions(fake, clock).start("300000000001", event_id="x" * 64)()
    assert fake.asked == [
        {
            "RoleArn": "arn:aws-cn:iam::300000000001:role/deployer-creator",
            "RoleSessionName": ("deployer-" + "x" * 64)[:64],
        }
    ]


def test_a_missing_role_has_its_own_reason() -> None:
    clock = [NOW]
    fake = FakeSts(clock, error=ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"))
    with pytest.raises(PermanentError) as raised:
        sessions(fake, clock).start("300000000001", event_id="event-1")()
    assert raised.value.reason == "role-not-assumable"
